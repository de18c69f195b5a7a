"""Commands around a running sandbox: up, down, env, clock, books."""

import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from harness.canon import Correlation
from harness.cli.keeper import kept, watch
from harness.cli.output import Refusal, console, print_json, run_live
from harness.cli.select import company_of, genesis_of, limits_of
from harness.evidence import Evidence, gather
from harness.report.side_by_side import documents_table, rows
from harness.report.summary import identity_row
from harness.report.terminal import show_exceptions, tie_out_table
from harness.scenario import load_world
from harness.scenario.model import GENESIS
from harness.scenario.values import iso, moment, seconds
from harness.stack.credentials import Credentials
from harness.stack.home import Lock, forget_state, home, load_state
from harness.stack.launch import Plan
from harness.stack.problem import StackProblem
from harness.stack.variables import variables_of
from harness.stack.world import Addresses, Edge, LiveWorld

PORTS_FROM = 7700
DETACH_S = 60.0
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]

clock_app = typer.Typer(no_args_is_help=True, help="Business time of the running sandbox: show it, or let it pass.")


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.command()(up)
    app.command()(down)
    app.command()(env)
    app.command()(books)
    clock_app.command("show")(clock_show)
    clock_app.command("advance")(clock_advance)
    app.add_typer(clock_app, name="clock")


def up(
    detach: Annotated[bool, typer.Option("--detach", help="Return once it runs; `windtunnel down` ends it.")] = False,
    ports: Annotated[int, typer.Option(metavar="FROM", help="First of ten ports; 0 takes free ones.")] = PORTS_FROM,
    genesis: Annotated[str, typer.Option(help="Business time at the beginning.")] = GENESIS,
    world: Annotated[str, typer.Option(help="A file of scenarios/worlds.")] = "default",
    core: Annotated[str, typer.Option("--core", metavar="CMD", help="Fly another core.")] = "",
    profile: Annotated[str, typer.Option(help="Request limits: vendor, roomy or none.")] = "roomy",
) -> None:
    """Keep a sandbox running: all simulators and the sync core, ready for real vendor SDKs.

    Stays in front until Ctrl-C. Prints addresses and credentials; `windtunnel env` prints them again for a shell.
    """
    company, at, limits = company_of(world), genesis_of(genesis), limits_of(profile)
    if detach:
        _detached()
        return
    folder = home() / "sandbox"
    lock = Lock(home()).take("up")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        plan = Plan(company, at, folder, ports_from=ports, core=core, profile=limits, edge=True)
        run_live(stay_up(plan))
    finally:
        forget_state()
        lock.release()


async def stay_up(plan: Plan) -> None:
    """Keep it running in front of a terminal."""
    out = console(False)
    async with kept(plan, out) as (stack, state):
        _print_guide(out, state)
        await watch(stack.children, out)


def _detached() -> None:
    """Start `up` as a process of its own with the same options, and wait until it is up."""
    arguments = [word for word in sys.argv[1:] if word != "--detach"]
    home().mkdir(parents=True, exist_ok=True)
    log = home() / "up.log"
    Lock(home()).take("up --detach").release()  # a second copy is refused before anything starts
    with log.open("wb") as file:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *arguments], stdin=subprocess.DEVNULL, stdout=file, stderr=file,
            start_new_session=True,
        )  # fmt: skip
    out = console(False)
    with out.status("starting in the background"):
        deadline = time.monotonic() + DETACH_S
        while time.monotonic() < deadline:
            if keeper.poll() is not None:
                raise StackProblem(f"it did not start:\n{log.read_text(errors='replace').strip()}", keeper.returncode)
            try:
                state = load_state()
                break
            except StackProblem:
                time.sleep(0.1)
        else:
            keeper.terminate()
            raise StackProblem(f"it was not up after {DETACH_S:.0f} s; see {log}")
    out.print(f"[green]the sandbox is up[/] (process {keeper.pid}, log {log})")
    _print_guide(out, state)


def _of_state(state: dict[str, Any]) -> tuple[Addresses, Credentials]:
    return Addresses.of_state(state), Credentials.of_json(state["secret"])


def down() -> None:
    """End the running sandbox."""
    state = load_state()
    os.kill(state["pid"], signal.SIGTERM)
    out = console(False)
    with out.status("ending the sandbox"):
        deadline = time.monotonic() + 15.0
        while time.monotonic() < deadline:
            try:
                Lock(home()).take("down").release()
                break
            except StackProblem:
                time.sleep(0.1)
        else:
            raise StackProblem(f"process {state['pid']} does not end; kill -9 {state['pid']} ends it and its children")
    forget_state()
    out.print("the sandbox has ended")


def variables(state: dict[str, Any]) -> dict[str, str]:
    """What points real SDKs and scripts at the sandbox with this state."""
    addresses, secret = _of_state(state)
    return variables_of(addresses, secret) | {
        "WINDTUNNEL_API": state["api"], "WINDTUNNEL_API_TOKEN": state["api_token"],
    }  # fmt: skip


def through_edge(edge: Edge) -> dict[str, str]:
    """What leads SDKs that form vendor host names here, by whatever HTTP library they use."""
    trusts = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS")
    return {"HTTPS_PROXY": edge.proxy, "https_proxy": edge.proxy} | dict.fromkeys(trusts, edge.ca)


def env(
    edge: Annotated[
        bool, typer.Option("--edge", help="Also HTTPS_PROXY and the CA, for SDKs that form vendor host names.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Print what points real SDKs at the running sandbox, as shell variables.

    eval "$(windtunnel env)"
    eval "$(windtunnel env --edge)"    an unchanged SDK for acme.chargebee.com talks to the simulator from then on
    """
    state = load_state()
    found, addresses = variables(state), Addresses.of_state(state)
    if edge:
        if addresses.edge is None:
            raise Refusal("this sandbox has no edge")
        found |= through_edge(addresses.edge)
    if as_json:
        print_json(found)
        return
    for name, value in found.items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def _print_guide(out: Console, state: dict[str, Any]) -> None:
    found = variables(state)
    for name, value in found.items():
        out.print(f"  [dim]{name}[/] {value}", soft_wrap=True)
    out.print(
        "\nWhat next:\n"
        '  eval "$(windtunnel env)"             point a shell at it\n'
        "  windtunnel books                     what the systems' books say\n"
        "  windtunnel reconcile                 have the core compare them all\n"
        "  windtunnel exceptions list           what waits for a person at the core\n"
        "  windtunnel clock advance 1d          let business time pass\n"
        "  windtunnel ui                        drive it from a page in the browser\n"
        f"  {found['SALESFORCE_URL']}/_control/docs   control page of a system (header X-Control-Token)\n"
        "  windtunnel down                      end it (or Ctrl-C here)",
        soft_wrap=True,
    )


async def with_world(work: Any) -> Any:
    """Do some work in the world of the running sandbox."""
    addresses, secret = _of_state(load_state())
    world = await LiveWorld(addresses, secret).open()
    try:
        return await work(world)
    finally:
        await world.close()


def books(
    customer: Annotated[str, typer.Option(help="Only this account: its Salesforce id or its name.")] = "",
    as_json: Json = False,
) -> None:
    """Show the systems' books side by side, the tie-out, and what waits for a person."""
    state = load_state()
    entities = load_world(state["world"]).entities

    async def read(world: LiveWorld) -> Evidence:
        return await gather(world, Correlation.of_entities(entities))

    evidence: Evidence = run_live(with_world(read))
    known = {name for account in evidence.canon.accounts.values() for name in (account.id, account.name)}
    if customer and customer not in known:
        raise Refusal(f"Salesforce has no account '{customer}'")
    if as_json:
        print_json({
            "books": rows(evidence.canon, customer), "tie_out": [identity_row(one) for one in evidence.identities],
            "exceptions": evidence.open_exceptions(), "unread": evidence.canon.unread,
        })  # fmt: skip
        return
    out = console(False)
    if evidence.identities or evidence.canon.accounts:
        out.print(documents_table(evidence.canon, customer))
        out.print(tie_out_table(evidence.identities))
    else:
        out.print("there is nothing in the books yet; `windtunnel ui` is a page to make and win offers")
    if evidence.open_exceptions():
        show_exceptions(out, evidence.open_exceptions())


def clock_show(as_json: Json = False) -> None:
    """Business time, and what falls due next in each system."""

    async def read(world: LiveWorld) -> dict[str, Any]:
        return {name: await world.control(name, "GET", "/_control/clock") for name in world.addresses.systems}  # type: ignore[arg-type]

    clocks = run_live(with_world(read))
    if as_json:
        print_json(clocks)
        return
    out = console(False)
    for name, clock in clocks.items():
        due = iso(clock["next_due"]) if clock["next_due"] else "nothing"
        out.print(f"{name:<14} {iso(clock['now'])}  next due: {due}")


def _moment_of(text: str) -> float:
    try:
        return moment(text)
    except ValueError:
        raise Refusal(
            f"'{text}' is neither a duration nor a moment: it should be 6h, 30d or 2w, or 2026-02-01T00:00:00Z"
        ) from None


def clock_advance(
    by: Annotated[str, typer.Argument(metavar="DURATION|MOMENT", help="30d, 6h, or 2026-02-01T00:00:00Z.")],
    as_json: Json = False,
) -> None:
    """Let business time pass: all that falls due on the way happens in due order, and the core keeps up."""
    try:
        wanted: tuple[float | None, float] = (seconds(by), 0.0)
    except ValueError:
        wanted = (None, _moment_of(by))

    async def move(world: LiveWorld) -> float:
        to = wanted[1] if wanted[0] is None else world.now() + wanted[0]
        if to < world.now():
            raise Refusal(f"time only goes forward: it is {iso(world.now())}")
        await world.advance(to)
        return world.now()

    out = console(as_json)
    with out.status(f"advancing by {by}"):
        now = run_live(with_world(move))
    if as_json:
        print_json({"now": iso(now)})
    else:
        out.print(f"it is {iso(now)}")

"""Command that starts the page, with a sandbox under it if none runs here."""

import shutil
import webbrowser
from typing import Annotated, Any

import typer

from harness.cli.keeper import chosen_page_port, kept, page, watch
from harness.cli.output import console, run_live
from harness.cli.sandbox import PORTS_FROM
from harness.cli.select import company_of, genesis_of, limits_of
from harness.scenario.model import GENESIS
from harness.stack.home import Lock, forget_state, home, load_state, private_folder
from harness.stack.launch import Plan
from harness.stack.problem import StackProblem


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(ui)


def ui(
    page_port: Annotated[
        int | None, typer.Option(metavar="PORT", help="Of the page; 0 takes a free one. By default behind the others.")
    ] = None,
    ports: Annotated[int, typer.Option(metavar="FROM", help="First of eleven ports; 0 takes free ones.")] = PORTS_FROM,
    genesis: Annotated[str, typer.Option(help="Business time at the beginning.")] = GENESIS,
    world: Annotated[str, typer.Option(help="A file of scenarios/worlds.")] = "default",
    core: Annotated[str, typer.Option("--core", metavar="CMD", help="Fly another core.")] = "",
    profile: Annotated[str, typer.Option(help="Request limits: vendor, roomy or none.")] = "roomy",
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Also open it in a browser.")] = False,
) -> None:
    """Open the page to drive quote-to-cash in front of people: deals, time, outages, books, exceptions, stories.

    Starts a sandbox and the page; beside a sandbox that runs here already (`windtunnel up`) only the page.
    Stays in front; one Ctrl-C ends all that it started.
    """
    company, at, limits = company_of(world), genesis_of(genesis), limits_of(profile)
    running = _running()
    if running is not None:
        run_live(_beside(running, chosen_page_port(page_port, ports), browser))
        return
    folder = home() / "sandbox"
    lock = Lock(home()).take("ui")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        plan = Plan(company, at, folder, ports_from=ports, core=core, profile=limits, edge=True)
        run_live(_with_sandbox(plan, chosen_page_port(page_port, ports), browser))
    finally:
        forget_state()
        lock.release()


def _running() -> dict[str, Any] | None:
    try:
        return load_state()
    except StackProblem:
        return None


async def _beside(state: dict[str, Any], port: int, browser: bool) -> None:
    out = console(False)
    async with page(state, port, private_folder(home()) / "page.log") as (address, child):
        out.print("over the sandbox that runs here already")
        _say(out, address, browser)
        await watch([child], out)


async def _with_sandbox(plan: Plan, port: int, browser: bool) -> None:
    out = console(False)
    async with kept(plan, out) as (stack, state), page(state, port, plan.folder / "page.log") as (address, child):
        _say(out, address, browser)
        await watch([*stack.children, child], out)


def _say(out: Any, address: str, browser: bool) -> None:
    out.print(f"[bold green]the page is at {address}[/]  (Ctrl-C here ends it)", soft_wrap=True)
    if browser:
        webbrowser.open(address)

"""Commands snapshot: keep the running sandbox under a name, put it back, go on from it in a second one beside it."""

import os
import shutil
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from harness.cli.output import UNKNOWN, Refusal, console, print_json, run_live
from harness.cli.sandbox import Json, stay_up
from harness.cli.select import company_of
from harness.scenario.values import iso
from harness.stack import snapshots
from harness.stack.home import Lock, forget_state, home, load_state
from harness.stack.launch import Plan

PATIENCE_S = 300.0  # a sandbox that is not at rest is waited for
Name = Annotated[str, typer.Argument(metavar="NAME", help="Letters, digits, dots and dashes.")]

snapshot = typer.Typer(
    no_args_is_help=True, rich_markup_mode="rich",
    help="""Keep the running sandbox as it is: all systems' data, clocks, chance and faults, and the core's store.

    windtunnel snapshot save before-close     once it is at rest
    windtunnel snapshot restore before-close  the clock goes back as well
    windtunnel snapshot branch before-close --into ../other    a second sandbox goes on from there

    A snapshot lies in .windtunnel/snapshots and holds the sandbox's secrets.""",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(snapshot, name="snapshot")


@snapshot.command()
def save(name: Name, as_json: Json = False) -> None:
    """Keep the sandbox as it is, once it is at rest; a snapshot of the same name is replaced."""
    _say(_asked("PUT", f"/snapshots/{name}"), "kept", as_json)


@snapshot.command()
def restore(name: Name, as_json: Json = False) -> None:
    """The sandbox becomes what it was: books, clock, faults, and the core with its memory, which is started anew."""
    _say(_asked("POST", f"/snapshots/{name}/restore"), "back", as_json)


@snapshot.command()
def branch(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A snapshot of this folder, or its folder.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="WINDTUNNEL_HOME of the second sandbox.")],
    ports: Annotated[int, typer.Option(metavar="FROM", help="First of its ports; 0 takes free ones.")] = 0,
    core: Annotated[str, typer.Option(metavar="CMD", help="Go on with another core.")] = "",
) -> None:
    """Start a second sandbox that goes on from a snapshot, beside the one it was taken of, until Ctrl-C.

    It has the first one's secrets and addresses of its own: `WINDTUNNEL_HOME=DIR windtunnel env` prints them. What
    happens in one is not seen in the other.
    """
    kept = snapshots.snapshot(name)
    os.environ["WINDTUNNEL_HOME"] = str(into.absolute())
    lock = Lock(home()).take("snapshot branch")
    folder = home() / "sandbox"
    try:
        shutil.rmtree(folder, ignore_errors=True)
        plan = Plan(company_of(kept.world), kept.now, folder, ports_from=ports, core=core, edge=True, origin=kept)
        run_live(stay_up(plan))
    finally:
        forget_state()
        lock.release()


@snapshot.command("list")
def list_(as_json: Json = False) -> None:
    """What is kept here: name, business time, world, bytes."""
    found = snapshots.snapshots()
    if as_json:
        print_json([{"name": one.name, "now": iso(one.now), "world": one.world, "bytes": one.bytes} for one in found])
        return
    for one in found:
        console(False).print(f"{one.name}  {iso(one.now)}  {one.world}  {size(one.bytes)}", highlight=False)
    if not found:
        console(False).print("nothing is kept here; `windtunnel snapshot save NAME` keeps the running sandbox")


@snapshot.command()
def delete(name: Name) -> None:
    """Keep it no longer."""
    snapshots.forget(name)
    console(False).print(f"{name} is deleted")


def _asked(method: str, path: str) -> dict[str, Any]:
    state = load_state()
    try:
        answer = httpx.request(
            method, state["api"] + path, headers={"authorization": f"Bearer {state['api_token']}"},
            timeout=PATIENCE_S, trust_env=False,
        )  # fmt: skip
    except httpx.HTTPError as error:
        raise Refusal(f"the sandbox does not answer: {error or type(error).__name__}", UNKNOWN) from error
    told: dict[str, Any] = answer.json()
    if answer.status_code != 200:
        raise Refusal(str(told.get("detail", told)), 2 if answer.status_code in (404, 409, 422) else UNKNOWN)
    return told


def size(count: int) -> str:
    """Bytes as people read them."""
    return f"{count / 1e6:.1f} MB"


def _say(told: dict[str, Any], word: str, as_json: bool) -> None:
    if as_json:
        print_json(told)
        return
    said = f"[green]{told['name']} is {word}[/]: it is {told['now']} ({size(told['bytes'])}, {told['took_s']:.2f} s)"
    console(False).print(said, highlight=False)

"""Command that proves the judges: planted defects are flown; the table says who caught them, how soon, how small."""

import importlib
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cli.output import Refusal, console, print_json
from harness.cli.play import hush_core
from harness.scenario.places import nearest

if TYPE_CHECKING:
    from harness.defects import Canary, Kill

CATALOGUE = "tests.broken"
ROOT = Path(__file__).parents[2]
BROKEN = 1
defects = typer.Typer(
    no_args_is_help=True, help="Wrong cores and lying systems that the judges must catch, and a canary."
)  # fmt: skip
Catalogue = Annotated[str, typer.Option(help="The Python package whose modules plant the defects.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


def register(app: typer.Typer) -> None:
    """Add the commands to the program."""
    app.add_typer(defects, name="defects")


@defects.command("list")
def list_(catalogue: Catalogue = CATALOGUE, as_json: AsJson = False) -> None:
    """Say which defects there are, and which judges must catch each."""
    from harness.defects import planted  # noqa: PLC0415 - loads core and simulators

    chosen = [planted(catalogue, name) for name in chosen_of(catalogue, [])]
    if as_json:
        print_json([{"defect": one.name, "says": one.says, "caught_by": sorted(one.caught_by)} for one in chosen])
        return
    for one in chosen:
        console(False).print(f"{one.name} [dim]{' '.join(sorted(one.caught_by))}[/] {escape(one.says)}")


@defects.command()
def run(
    wanted: Annotated[list[str] | None, typer.Argument(metavar="[DEFECT...]", help="Only these; else all.")] = None,
    catalogue: Catalogue = CATALOGUE,
    shrink: Annotated[bool, typer.Option(help="Find the smallest story in which each still shows.")] = True,
    swarm_seeds: Annotated[
        int, typer.Option("--seeds", min=0, metavar="N", help="Also count the swarm's seeds until it shows; at most N.")
    ] = 0,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 takes one a processor.")] = 0,
    small: Annotated[Path | None, typer.Option(help="Folder for the smallest stories.")] = None,
    as_json: AsJson = False,
) -> None:
    """Fly every planted defect and print the kill table.

    A defect is killed when every judge that must catch it does, and the real core holds in the same story and storm.
    The canary is flown first, whatever is chosen: a core that does nothing, which must be red.
    Exit code 1 if a defect survives or the canary lives.

    windtunnel defects run --seeds 50

    windtunnel defects run ledger_posts_twice --json
    """
    chosen = chosen_of(catalogue, wanted or [])
    hush_core()
    from harness.defects import fly_canary, kills  # noqa: PLC0415 - loads core and simulators

    out, begun = console(as_json), time.monotonic()
    bird = fly_canary()
    out.print(escape(bird.says), style="" if bird.dead else "bold red")
    table: list[Kill] = []
    for one in kills(catalogue, chosen, workers or os.cpu_count() or 1, shrink, swarm_seeds):
        table.append(one)
        if not one.killed:
            out.print(f"[red]survives[/] {one.name}: {escape(_why(one))}")
    if small is not None:
        _write(small, table)
    took_s = time.monotonic() - begun
    if as_json:
        print_json(_as_json(bird, table, took_s))
    else:
        _show(out, table, swarm_seeds, shrink)
    killed = sum(one.killed for one in table)
    out.print(f"{killed} of {len(table)} killed in {took_s:.0f} s; {escape(bird.says)}")
    raise typer.Exit(0 if bird.dead and killed == len(table) else BROKEN)


def chosen_of(catalogue: str, wanted: list[str]) -> list[str]:
    """Those wanted, or all that are in the catalogue; Refusal for one that is not there."""
    for place in (str(ROOT), str(Path.cwd())):
        if place not in sys.path:
            sys.path.insert(0, place)
    try:
        importlib.import_module(catalogue)
    except ModuleNotFoundError as error:
        raise Refusal(f"there is no package {catalogue} here ({error.msg}); see --catalogue") from None
    from harness.defects import names  # noqa: PLC0415

    known = names(catalogue)
    for name in wanted:
        if name not in known:
            raise Refusal(f"there is no defect '{name}' in {catalogue}{nearest(name, known)}")
    if not known:
        raise Refusal(f"no module of {catalogue} plants a defect (says CAUGHT_BY)")
    return wanted or known


def _why(one: "Kill") -> str:
    if one.control != "holds":
        return "the real core does not hold in its story either"
    return f"not seen by {' '.join(one.silent)}" if one.silent else "caught by nobody who proves anything"


def _write(folder: Path, table: list["Kill"]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for one in table:
            if one.small:
                said = "".join(f"# {finding}\n" for finding in one.findings)
                (folder / f"{one.name}.yaml").write_text(f"# {one.says}\n{said}{one.small}")
    except OSError as error:
        raise Refusal(f"--small {folder} cannot be written: {error.strerror}") from None


def _as_json(bird: "Canary", table: list["Kill"], took_s: float) -> dict[str, object]:
    return {
        "outcome": "holds" if bird.dead and all(one.killed for one in table) else "broken",
        "canary": {"dead": bird.dead, "says": bird.says, "seen_by": list(bird.seen_by),
                   "findings": list(bird.findings), "real_core": bird.real},
        "killed": sum(one.killed for one in table), "of": len(table), "took_s": round(took_s, 1),
        "defects": [one.to_json() for one in table],
    }  # fmt: skip


def _show(out: Console, table: list["Kill"], swarm_seeds: int, shrink: bool) -> None:
    shown = Table(title="Kill table", title_justify="left")
    shown.add_column("defect", overflow="fold")
    shown.add_column("caught by")
    for name in ("flights", "ms", "size", *(["small", "shrink s"] if shrink else []),
                 *(["swarm seed"] if swarm_seeds else [])):  # fmt: skip
        shown.add_column(name, justify="right")
    for one in table:
        cells = [str(one.flights), f"{one.took_s * 1000:.0f}", str(one.size)]
        if shrink:
            cells += [str(one.small_size or ""), f"{one.shrink_s:.1f}"]
        if swarm_seeds:
            cells.append(str(one.swarm_seed or f"> {one.swarm_flown}"))
        name = one.name if one.killed else f"[red]{one.name}[/]"
        shown.add_row(name, " ".join(one.judges), *cells)
    out.print(shown)

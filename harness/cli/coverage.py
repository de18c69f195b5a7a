"""Command that says which call faults struck which operations, from one or more records of swarm searches."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Table

from harness.cli.output import Refusal, console, print_json
from harness.cli.play import hush_core

if TYPE_CHECKING:
    from harness.swarm import Flown

BROKEN = 1


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(coverage)


def coverage(
    records: Annotated[list[Path], typer.Argument(metavar="RECORD...", help="What chaos --seeds --record wrote.")],
    aim: Annotated[bool, typer.Option("--aim", help="Fly stories aimed at the empty cells first.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Say which call fault struck which operation of which system; shards are merged, an empty cell exits 1.

    With --aim it first flies stories aimed at empty cells; one of them that does not hold exits with 1 too.

    windtunnel coverage night-1.jsonl night-2.jsonl --aim
    """
    from harness.swarm import cover, recorded  # noqa: PLC0415 - loads core and simulators
    from harness.swarm.coverage import empty, table  # noqa: PLC0415

    missing = [str(path) for path in records if not path.is_file()]
    if missing:
        raise Refusal(f"there is no record {', '.join(missing)}")
    found, out = recorded(records), console(as_json)
    broken: list[Flown] = []

    def progress(_done: int, _of: int, one: "Flown") -> None:
        if one.outcome != "holds":
            broken.append(one)
            said = escape("; ".join(one.findings[:1]))
            out.print(f"[red]{one.outcome}[/] seed {one.seed}: {said}", highlight=False)

    if aim:
        hush_core()
        cover(found, os.cpu_count() or 1, progress=progress)
    cells, gaps = dict(table(found.cells)), empty(found.cells)
    if as_json:
        rows = [[*cell, hits] for cell, hits in cells.items()]
        print_json({"stories": len(found.flown), "failed": len(found.failed), "cells": rows, "empty": gaps})
    kinds = list(dict.fromkeys(kind for _, _, kind in cells))
    shown = Table(title=f"Hits in {len(found.flown)} stories", title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    shown.add_column("operation", no_wrap=True)
    for number in range(1, len(kinds) + 1):
        shown.add_column(str(number), justify="right", no_wrap=True)
    told = ""
    for system, operation in dict.fromkeys((system, operation) for system, operation, _ in cells):
        if system != told:
            shown.add_row(told := system)
        hits = (cells.get((system, operation, kind)) for kind in kinds)  # None: it cannot be
        shown.add_row(f"  {operation}", *("-" if one is None else str(one or "") for one in hits))
    out.print(shown)
    named = ", ".join(f"{number} {kind}" for number, kind in enumerate(kinds, start=1))
    out.print(f"{named}; - cannot be (harness/swarm/cells.py says why)", highlight=False)
    for system, operation, kind in gaps:
        out.print(f"never hit: {system} {operation} {kind}", highlight=False)
    out.print(f"{len(cells) - len(gaps)} of {len(cells)} cells hit, {len(found.failed)} stories do not hold")
    raise typer.Exit(BROKEN if gaps or broken else 0)

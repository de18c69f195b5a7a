"""Swarm search at the command: progress, record, shards, and what failed as the smallest story in a file."""

import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from harness.cli.output import Refusal, print_json
from harness.cli.play import hush_core
from harness.cli.select import seeds as seeds_of
from harness.cli.select import share

if TYPE_CHECKING:
    from harness.swarm import Flown, Search

LINE_EVERY = 50  # stories between two lines of progress
SHRUNK_MAX = 5  # failures that are made small, one for each way of failing
SHOWN = 20


def swarm(
    count: str, part: str, workers: int, record: Path | None, found: Path | None, filled: bool, as_json: bool,
    out: Console,
) -> str:  # fmt: skip
    """Search so many seeds (or a range of them); returns the outcome.

    `filled`: then aim at what was not struck yet, and call it broken if a cell stays empty.
    """
    from harness.swarm import cover, search  # noqa: PLC0415 - loads core and simulators

    hush_core()
    chosen = share(part, seeds_of(f"1..{count}" if count.isdigit() else count))
    begun, before = time.monotonic(), 0

    def progress(done: int, of: int, one: "Flown") -> None:
        nonlocal before
        before += 1
        if one.outcome != "holds":
            said = escape("; ".join(one.findings[:1]))
            out.print(f"[red]{one.outcome}[/] seed {one.seed}: {said}", highlight=False)
        if before % LINE_EVERY == 0:
            rate = before / (time.monotonic() - begun)
            out.print(f"{done} of {of} stories, {rate:.1f}/s, {(of - done) / rate:.0f} s to go", highlight=False)

    workers = workers or os.cpu_count() or 1
    try:
        search_ = search(chosen, workers, record, progress)
    except KeyboardInterrupt:
        kept = f"; they are in {record}, and the same command goes on from there" if record else ""
        out.print(f"stories flown: {before}{kept}", highlight=False)
        raise
    gaps = cover(search_, workers, record, progress) if filled else []
    written = _shrink(search_, found, out) if found is not None else {}
    if as_json:
        print_json(_as_json(search_, written) | ({"empty": gaps} if filled else {}))
    _show(out, search_, time.monotonic() - begun)
    for cell in gaps:
        out.print(f"never hit: {' '.join(cell)}", highlight=False)
    if filled and not gaps:
        out.print("every cell of fault x operation x system was hit")
    return "broken" if gaps else search_.outcome


def _shrink(search: "Search", folder: Path, out: Console) -> dict[str, str]:
    """The smallest story of each way of failing, as a file each; by seed."""
    from harness.swarm import as_yaml, drawn, flown_story, shrunk, signs  # noqa: PLC0415

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Refusal(f"--found {folder} cannot be written: {error.strerror}") from None
    written: dict[str, str] = {}
    known: set[str] = set()
    for one in search.failed:
        if signs(one) <= known or len(written) == SHRUNK_MAX:
            continue
        known |= signs(one)
        small = shrunk(drawn(one.seed), one, partial(flown_story, seed=one.seed))
        path = folder / f"swarm-{one.seed}.yaml"
        again = "".join(f"# windtunnel {verb} {path} --seed {one.seed}\n" for verb in ("run", "explain"))
        path.write_text(again + "".join(f"# {finding}\n" for finding in small.flown.findings) + as_yaml(small.scenario))
        written[one.seed] = str(path)
        out.print(
            f"seed {one.seed}: {small.steps_before} steps became {len(small.scenario.steps)} in {small.tries} runs; "
            f"again: windtunnel run {path} --seed {one.seed}", highlight=False, soft_wrap=True,
        )  # fmt: skip
    return written


def _as_json(search: "Search", written: dict[str, str]) -> dict[str, object]:
    return {
        "outcome": search.outcome, "seeds": len(search.flown), "cpu_s": round(search.cpu_s, 1),
        "failed": [{"seed": one.seed, "outcome": one.outcome, "findings": list(one.findings),
                    "story": written.get(one.seed)} for one in search.failed],
        "hits": [[*cell, hits] for cell, hits in sorted(search.cells.items())],
    }  # fmt: skip


def _show(out: Console, search: "Search", took_s: float) -> None:
    table = Table(title="What struck, by system: hits (operations)", title_justify="left")
    cells = search.cells
    systems = sorted({system for system, _, _ in cells})
    for name in ("fault", *systems):
        table.add_column(name, justify="left" if name == "fault" else "right")
    for kind in sorted({kind for _, _, kind in cells}):
        row = []
        for system in systems:
            hits = [count for (where, _, what), count in cells.items() if (where, what) == (system, kind)]
            row.append(f"{sum(hits)} ({len(hits)})" if hits else "")
        table.add_row(kind, *row)
    out.print(table)
    for one in search.failed[:SHOWN]:
        out.print(f"[red]{one.outcome}[/] seed {one.seed}", highlight=False)
        for finding in one.findings:
            out.print(f"    {escape(finding)}", highlight=False)
    count, rate = len(search.flown), len(search.flown) / search.cpu_s if search.cpu_s else 0.0
    out.print(f"swarm: {search.outcome}, {count} stories, {len(search.failed)} do not hold, {took_s:.0f} s, "
              f"{rate:.1f} stories a second of processor time", highlight=False)  # fmt: skip

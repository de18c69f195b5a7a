"""Command that flies stories through every disturbance: each request of the core x each outcome, a crash everywhere."""

import os
import time
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from harness.cli.output import Refusal, console, print_json
from harness.cli.play import hush_core
from harness.cli.select import share, stories, writable
from harness.cli.swarm import swarm
from harness.report.summary import EXIT
from harness.scenario import Scenario

if TYPE_CHECKING:
    from harness.exploring import Exploration, Judged

SHOWN = 20
BROKEN = 1
LINE_EVERY = 100  # runs between two lines of progress where there is no terminal to draw a bar in


NAMES = ["new-business"]
Timed = tuple["Exploration", float]  # and how many seconds it took


class PointKind(StrEnum):
    """Which disturbances."""

    calls = "calls"
    crashes = "crashes"
    all = "all"
    pairs = "pairs"


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(chaos)


def chaos(
    names: Annotated[list[str], typer.Argument(metavar="[STORY]...", help="Names, files or folders.")] = NAMES,
    points: Annotated[
        PointKind, typer.Option(help="Disturbed requests, crashes, both; pairs of crashes.")
    ] = PointKind.all,
    seed: Annotated[str, typer.Option(help="The seed of every run.")] = "1",
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 takes one a processor.")] = 0,
    first: Annotated[bool, typer.Option("--first", help="Stop at the first run that does not hold.")] = False,
    swarm_seeds: Annotated[
        str, typer.Option("--seeds", metavar="N|A..B", help="Swarm search: so many random stories, none named.")
    ] = "",
    every: Annotated[
        bool, typer.Option("--every", help="Also the points whose run is known to be the same as another's.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Play each run to the story's end, also one that goes on as another.")
    ] = False,
    part: Annotated[str, typer.Option("--shard", metavar="I/N", help="Only part i of n: of seeds or points.")] = "",
    record: Annotated[Path | None, typer.Option(help="Add each seed's result to this file; go on from there.")] = None,
    found: Annotated[Path | None, typer.Option(help="Folder for the smallest story of each way of failing.")] = None,
    filled: Annotated[
        bool, typer.Option("--cover", help="After the seeds, aim stories at cells of fault x operation left empty.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")] = False,
) -> None:
    """Explore stories exhaustively in simulation.

    The undisturbed run lists every request of the core and every point where it can crash; then the story is played
    once for each request with each outcome (refused, answer lost, 5xx, limit, repeated, …) and once for each crash.
    Each of these runs branches off the undisturbed one at its point, and goes on from there. It ends where its world
    rests as that of a run that holds, also while work waits for its turn: what follows is that run's. `golden` are
    small stories, between which the core asks all that its contracts name.

    With --points pairs the core crashes once at each point, and again at each of the first points of its recovery.

    With --seeds it searches instead: each seed is days of random business in random weather, judged in the end. With
    --cover stories are then aimed at what no fault has struck yet; a cell that stays empty exits with 1.

    windtunnel chaos golden
    windtunnel chaos new-business --points calls
    windtunnel chaos two-cores --points pairs --shard 1/4
    windtunnel chaos --seeds 500 --record night.jsonl --found found
    """
    proven()
    if filled and not swarm_seeds:
        raise Refusal("--cover goes with --seeds")
    if swarm_seeds:
        writable({"--record": record})
        outcome = swarm(swarm_seeds, part, workers, record, found, filled, as_json, console(as_json))
        raise typer.Exit(EXIT[outcome])
    out, flown = console(as_json), list[Timed]()
    for scenario in stories(names):
        flown.append(_explored(scenario, seed, points.value, part, workers, first, every, whole, out))
        if not as_json:
            _show(out, *flown[-1])
        if first and flown[-1][0].failed:
            break
    _sum_up(out, flown, as_json)
    raise typer.Exit(EXIT[_worst(flown)])


def proven() -> None:
    """Refuse to judge anything while the canary lives: it is flown before every search."""
    hush_core()
    from harness.defects import fly_canary  # noqa: PLC0415 - loads core and simulators

    bird = fly_canary()
    if not bird.dead:
        raise Refusal(bird.says, BROKEN)


def _explored(
    scenario: Scenario,
    seed: str,
    points: str,
    part: str,
    workers: int,
    first: bool,
    every: bool,
    whole: bool,
    out: Console,
) -> Timed:
    from harness.exploring import NotFlyable, distinct, explore, points_of  # noqa: PLC0415 - loads core and simulators

    hush_core()
    begun = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TextColumn("[red]{task.fields[failed]}[/] do not hold"), TimeRemainingColumn())  # fmt: skip
    with Progress(*columns, console=out, auto_refresh=False) as bar:  # no thread: the exploration forks
        task = bar.add_task(f"{scenario.story}: undisturbed", total=None, failed=0)
        failed = 0

        def progress(done: int, of: int, judged: "Judged") -> None:
            nonlocal failed
            if judged.outcome != "holds":
                failed += 1
                bar.console.print(f"[red]{judged.outcome}[/] {escape(str(judged.point))}", highlight=False)
            bar.update(task, description=scenario.story, total=of, completed=done, failed=failed)
            if out.is_terminal:
                bar.refresh()
            elif done % LINE_EVERY == 0:
                out.print(f"{scenario.story}: {done} of {of} runs, {failed} do not hold", highlight=False)

        try:
            found = points_of(scenario, seed, points)  # type: ignore[arg-type]
            mine = share(part, found if every else distinct(found))
            workers = workers or os.cpu_count() or 1
            explored = explore(
                scenario, seed, workers=workers, only=mine, progress=progress, stop_at_first=first, whole=whole
            )
            explored.left_out = 0 if every else len(found) - len(distinct(found))
            return explored, time.monotonic() - begun
        except NotFlyable as error:
            words = (
                f"{scenario.story} does not hold even undisturbed ({error}); `windtunnel run {scenario.story}` says why"
            )
            raise Refusal(words, EXIT[error.result.outcome] or 3) from error


def _worst(flown: Sequence[Timed]) -> "Literal['holds', 'broken', 'unknown']":
    outcomes = {exploration.outcome for exploration, _ in flown}
    return "broken" if "broken" in outcomes else "unknown" if "unknown" in outcomes else "holds"


def _why(exploration: "Exploration", one: "Judged") -> str:
    return f"windtunnel explain {exploration.source} --seed {exploration.seed} {one.point.options}"


def _as_json(exploration: "Exploration", took_s: float) -> dict[str, object]:
    return {
        "story": exploration.story, "seed": exploration.seed, "outcome": exploration.outcome,
        "runs": len(exploration.judged), "left_out": exploration.left_out,
        "converged": exploration.converged, "took_s": round(took_s, 1),
        "failed": [{"point": str(one.point), "outcome": one.outcome, "findings": list(one.findings),
                    "explain": _why(exploration, one)} for one in exploration.failed],
        "never_hit": [str(one.point) for one in exploration.missed],
    }  # fmt: skip


def _show(out: Console, exploration: "Exploration", took_s: float) -> None:
    table = Table(title=f"Exploration of {exploration.story}, seed {exploration.seed}", title_justify="left")
    for name in ("disturbance", "runs", "hold", "broken", "unknown", "never hit"):
        table.add_column(name, justify="left" if name == "disturbance" else "right")
    groups = dict.fromkeys(one.point.outcome or one.point.kind for one in exploration.judged)
    for group in groups:
        mine = [one for one in exploration.judged if (one.point.outcome or one.point.kind) == group]
        count = Counter(one.outcome for one in mine)
        missed = sum(not one.hit for one in mine)
        cells = (len(mine), count["holds"], count["broken"], count["unknown"], missed)
        table.add_row(group, *(str(cell) if cell else "" for cell in cells))
    out.print(table)
    for one in exploration.failed[:SHOWN]:
        out.print(f"[red]{one.outcome}[/] {escape(str(one.point))}", highlight=False)
        for finding in one.findings:
            out.print(f"    {escape(finding)}", highlight=False)
        out.print(f"    [dim]{escape(_why(exploration, one))}[/]", highlight=False, soft_wrap=True)
    for one in exploration.missed[:SHOWN]:
        out.print(f"[yellow]never hit[/] {escape(str(one.point))}", highlight=False)
    if exploration.left_out:
        out.print(
            f"{exploration.left_out} more points of the story were left out: their runs are known to be the same as"
            " others' (--every flies them too)"
        )
    if exploration.converged:
        out.print(
            f"{exploration.converged} runs ended early: their worlds rested as another run's that holds, and would have"
            " gone on as that one (--whole plays them to the end)"
        )
    rate = len(exploration.judged) / took_s if took_s else 0.0
    out.print(
        f"{exploration.story}: {exploration.outcome}, {len(exploration.judged)} runs in {took_s:.0f} s, {rate:.1f}/s"
    )


def _sum_up(out: Console, flown: Sequence[Timed], as_json: bool) -> None:
    runs, took_s = sum(len(one.judged) for one, _ in flown), sum(took for _, took in flown)
    if as_json:
        told = [_as_json(*one) for one in flown]
        many = {"outcome": _worst(flown), "took_s": round(took_s, 1), "stories": told}
        print_json(told[0] if len(told) == 1 else many)
    if as_json or len(flown) == 1:
        return
    table = Table(title=f"{len(flown)} stories", title_justify="left")
    for name in ("story", "runs", "hold", "broken", "unknown", "never hit", "s"):
        table.add_column(name, justify="left" if name == "story" else "right")
    for exploration, took_s in flown:
        count = Counter(one.outcome for one in exploration.judged)
        cells = (len(exploration.judged), count["holds"], count["broken"], count["unknown"], len(exploration.missed))
        table.add_row(exploration.story, *(str(cell) if cell else "" for cell in cells), f"{took_s:.0f}")
    out.print(table)
    out.print(f"{len(flown)} stories: {_worst(flown)}, {runs} runs in {took_s:.0f} s, {runs / took_s:.1f}/s")

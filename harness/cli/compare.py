"""What `demo --compare` does: the same story, seed and storm on two stacks at once, ours and another core."""

import asyncio
import shlex
import sys
import time
from pathlib import Path

import typer

from harness.cli.output import UNKNOWN, console, print_json, run_live
from harness.cli.play import Played, Wishes, play_live
from harness.cli.select import stories
from harness.compare import Comparison, compare
from harness.events import RunEvent
from harness.report.comparison import comparison_json, show_comparison
from harness.report.summary import EXIT
from harness.stack.home import Lock, home

STORY, SEED = "two-cores", "1"
NAIVE = Path(__file__).parents[2] / "examples" / "naive_core.py"


def compare_cores(other: str, as_json: bool) -> None:
    """Play, show, exit: 0 when the comparison was made and ours holds, however the other fared."""
    command = shlex.join([sys.executable, str(NAIVE)]) if other == "naive" else other
    name = "the naive script" if other == "naive" else other
    out = console(as_json)
    lock = Lock(home()).take("demo --compare")
    begun = time.monotonic()
    try:
        with out.status("starting two sandboxes") as status:
            made = run_live(_both(command, status.update))
    finally:
        lock.release()
    took_s = time.monotonic() - begun
    if as_json:
        print_json(comparison_json(made, took_s))
    else:
        show_comparison(out, made, name)
        out.print(f"[dim]both flown over real processes in {took_s:.0f} s[/]", highlight=False)
    judged = made.theirs.outcome != "unknown"
    raise typer.Exit(EXIT[made.ours.outcome] if judged or made.ours.outcome == "broken" else UNKNOWN)


async def _both(command: str, say: object) -> Comparison:
    """The second stack is started once the first one plays, so that they do not reach for the same ports."""
    steps = {"real core": "starting", "other core": "waiting"}
    playing = asyncio.Event()

    def told(who: str) -> Wishes:
        def note(words: str) -> None:
            steps[who] = words
            say(" · ".join(f"{name}: {step}" for name, step in steps.items()))  # type: ignore[operator]

        def see(event: RunEvent) -> None:
            if event.kind == "step" and event.facts["state"] == "begun":
                note(f"{event.facts['number']} {event.facts['verb']}")
                playing.set()

        return Wishes([see], note, core=command if who == "other core" else "")

    async def ours() -> list[Played]:
        try:
            return await play_live(stories([STORY]), [SEED], told("real core"))
        finally:
            playing.set()

    async def theirs() -> list[Played]:
        await playing.wait()
        return await play_live(stories([STORY]), [SEED], told("other core"))

    tasks = [asyncio.ensure_future(ours()), asyncio.ensure_future(theirs())]
    try:
        mine, other = await asyncio.gather(*tasks)
    finally:  # whatever happened to one, the other ends its processes before we go
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return compare(mine[0].result, other[0].result)

"""One run as a child process: its events as JSON lines on standard output; with --stepwise a line on standard input
lets the next step begin. The last line, kind `result`, has verdicts, tie-out and books.

    python -m harness.api.player STORY.yaml --mode sim --seed 1 [--stepwise]
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson

from harness.api.ledgers import of_evidence
from harness.cli.output import complain, run_live
from harness.cli.play import Played, Wishes, play_live, play_sim
from harness.events import RunEvent
from harness.report.summary import summary
from harness.report.timeline import timeline
from harness.scenario import load_story
from harness.scenario.values import iso
from harness.stack.problem import StackProblem

NICE = 5  # a busy simulation leaves the page and the sandbox their share of the machine
SHOWN = frozenset(("run", "step", "note", "crash", "probe", "verdict", "end"))  # what people follow a run by


def tell(value: dict[str, Any]) -> None:
    """One line, at once."""
    sys.stdout.buffer.write(orjson.dumps(value, default=str) + b"\n")
    sys.stdout.buffer.flush()


def show(event: RunEvent) -> None:
    """An event, if people follow runs by its kind."""
    if event.kind in SHOWN:
        tell({**event.to_json(), "time": iso(event.at)})


async def next_line() -> None:
    """Wait for permission; simulation waits with all of its world, which has no time of its own."""
    _obey(sys.stdin.readline())


async def next_line_live() -> None:
    """The same while a live world goes on."""
    _obey(await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline))


def _obey(line: str) -> None:
    if not line:
        raise StackProblem("whoever played it step by step is gone")


def gate(wait: Callable[[], Awaitable[None]]) -> Callable[[int], Awaitable[None]]:
    """Announces that a step waits, and waits."""

    async def before(number: int) -> None:
        tell({"kind": "waiting", "number": number})
        await wait()

    return before


def result(played: Played) -> dict[str, Any]:
    """All that there is to show at the end."""
    evidence = played.result.evidence
    return {
        "kind": "result", **summary(played.result, played.took_s),
        "books": None if evidence is None else of_evidence(evidence),
        "timeline": [{"at": iso(one.at), "where": one.where, "what": one.what} for one in
                     timeline(played.result.events)],
    }  # fmt: skip


def main() -> int:
    """Play one story; exit codes as of `windtunnel run`."""
    parser = argparse.ArgumentParser(prog="player")
    parser.add_argument("story", type=Path)
    parser.add_argument("--mode", choices=("sim", "live"), default="sim")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--stepwise", action="store_true")
    given = parser.parse_args()
    os.nice(NICE)
    wait = next_line if given.mode == "sim" else next_line_live
    wishes = Wishes(
        [show], lambda words: tell({"kind": "say", "said": words}), after_each=lambda played: tell(result(played)),
        before_step=gate(wait) if given.stepwise else None,
    )  # fmt: skip
    try:
        story = load_story(given.story)
        if given.mode == "sim":
            play_sim([story], [given.seed], wishes)
        else:
            run_live(play_live([story], [given.seed], wishes))
    except BaseException as error:
        tell({"kind": "failed", "said": str(error).splitlines()[0] if str(error) else type(error).__name__})
        return complain(error)
    return 0


if __name__ == "__main__":
    sys.exit(main())

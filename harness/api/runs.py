"""Runs of stories as child processes: events with a cursor, step by step if wished, ended with the sandbox."""

import asyncio
import json
import os
import shutil
import signal
import sys
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from harness.api.problem import Problem
from harness.stack.home import home, private_folder
from harness.stack.process import dies_with_parent

KEPT = 20  # finished runs
LIVE_AT_ONCE = 2  # child processes; more would starve each other
LINE_MAX = 64 * 1024 * 1024
State = Literal["running", "waiting", "done", "failed", "stopped"]


@dataclass
class Run:
    """One run. `events` are the child's lines, numbered from 1 by their place."""

    id: str
    asked: dict[str, Any]
    folder: Path
    state: State = "running"
    now: str = "starting"
    said: str = ""
    events: list[dict[str, Any]] = field(default_factory=list)
    result: dict[str, Any] | None = None
    process: asyncio.subprocess.Process | None = None
    task: asyncio.Task[None] | None = None
    news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in ("done", "failed", "stopped")

    def to_json(self) -> dict[str, Any]:
        """Without its events."""
        return {
            "id": self.id, "state": self.state, "over": self.over, "now": self.now, "said": self.said,
            "events": len(self.events), "result": self.result,
            **{name: self.asked[name] for name in ("name", "mode", "seed", "stepwise")},
        }  # fmt: skip

    def take(self, event: dict[str, Any]) -> None:
        """One line of the child."""
        kind = event.get("kind")
        if kind == "result":
            self.result, self.state = event, "done"
        elif kind == "waiting":
            self.state, self.now = "waiting", f"waits before step {event['number']}"
        elif kind in ("say", "failed"):
            self.now = str(event["said"])
            self.said = self.now if kind == "failed" else self.said
        else:
            if kind == "step" and event["state"] == "begun":
                self.now = str(event["said"])
            self.events.append({**event, "cursor": len(self.events) + 1})
        self.stir()

    def stir(self) -> None:
        """Wake whoever waits for news."""
        self.news.set()
        self.news = asyncio.Event()


class Runs:
    """All runs that this API has started."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Run] = OrderedDict()

    def listed(self) -> list[dict[str, Any]]:
        """The youngest first, without results."""
        return [{**run.to_json(), "result": None} for run in reversed(self._known.values())]

    def get(self, run_id: str) -> Run:
        """One of them; Problem 404."""
        if run_id not in self._known:
            raise Problem(404, f"there is no run {run_id}; the last {KEPT} are kept")
        return self._known[run_id]

    async def start(self, run_id: str, asked: dict[str, Any]) -> Run:
        """Start a run, once per id; Problem 409 when the id stands for another one or too many go on."""
        known = self._known.get(run_id)
        if known is not None:
            if known.asked != asked:
                raise Problem(409, f"run {run_id} was another one. Nothing was started this time.")
            return known
        if sum(not run.over for run in self._known.values()) >= LIVE_AT_ONCE:
            raise Problem(409, f"{LIVE_AT_ONCE} runs go on already; wait for one or stop it. Nothing was started.")
        folder = private_folder(home() / "runs" / f"page-{run_id}")
        story = folder / f"{asked['name']}.yaml"
        story.write_text(asked["text"], encoding="utf-8")
        run = self._known[run_id] = Run(run_id, asked, folder)
        words = ["--mode", asked["mode"], "--seed", asked["seed"], *(["--stepwise"] if asked["stepwise"] else [])]
        with (folder / "log").open("ab") as log:
            run.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "harness.api.player", str(story), *words,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, limit=LINE_MAX,
                env={**os.environ, "WINDTUNNEL_HOME": str(folder)}, start_new_session=True,
                preexec_fn=dies_with_parent,
            )  # fmt: skip
        run.task = asyncio.get_running_loop().create_task(self._follow(run))
        return run

    async def _follow(self, run: Run) -> None:
        assert run.process is not None and run.process.stdout is not None
        while line := await run.process.stdout.readline():
            try:
                run.take(json.loads(line))
            except ValueError:
                continue  # not one of our lines
        code = await run.process.wait()
        if run.state not in ("done", "stopped"):
            run.state = "failed"
            run.said = run.said or f"the run ended without a verdict (exit code {code})"
        if run.state != "failed":
            shutil.rmtree(run.folder, ignore_errors=True)
        self._forget_old()
        run.stir()

    def _forget_old(self) -> None:
        over = [run for run in self._known.values() if run.over]
        for run in over[: max(0, len(over) - KEPT)]:
            del self._known[run.id]
            shutil.rmtree(run.folder, ignore_errors=True)

    async def go_on(self, run_id: str, number: int) -> Run:
        """Let the step begin that waits; saying it twice for the same step has no further effect."""
        run = self.get(run_id)
        waits = f"waits before step {number}"
        if run.state != "waiting" or run.now != waits:
            raise Problem(412, f"run {run_id} does not wait before step {number} any more; it is {run.state}")
        assert run.process is not None and run.process.stdin is not None
        run.state = "running"
        run.process.stdin.write(b"next\n")
        await run.process.stdin.drain()
        return run

    async def stop(self, run_id: str) -> Run:
        """End it; one that is over stays as it is."""
        run = self.get(run_id)
        if not run.over:
            run.state, run.said = "stopped", "stopped before its end"
            await _end(run)
        return run

    async def events(self, run_id: str, after: int, wait_s: float) -> dict[str, Any]:
        """Events younger than the cursor; waits a while for some."""
        run = self.get(run_id)
        if len(run.events) <= after and not run.over and run.state != "waiting" and wait_s > 0:
            news = run.news
            try:
                async with asyncio.timeout(min(wait_s, 20.0)):
                    await news.wait()
            except TimeoutError:
                pass
        events = run.events[after:]
        return {**run.to_json(), "after": after + len(events), "new": events}

    async def close(self) -> None:
        """End all."""
        for run in self._known.values():
            if not run.over:
                run.state, run.said = "stopped", "ended with the sandbox"
                await _end(run)


async def _end(run: Run) -> None:
    """SIGTERM, so that a live run ends its own stack, then SIGKILL."""
    process = run.process
    if process is None:
        return
    if process.stdin is not None:
        process.stdin.close()  # one that waits for its next step sees the end of its input
    for number, patience_s in ((signal.SIGTERM, 8.0), (signal.SIGKILL, 5.0)):
        if process.returncode is not None:
            break
        try:
            os.killpg(process.pid, number)
            async with asyncio.timeout(patience_s):
                await process.wait()
        except (TimeoutError, ProcessLookupError):
            continue
    if run.task is not None:
        await asyncio.gather(run.task, return_exceptions=True)

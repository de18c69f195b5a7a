"""The nightly batch as jobs: one run a window, its steps in order, each restartable where it failed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from simulators.erp_legacy.state import RUN, State
from simulators.erp_legacy.steps import Steps
from simulators.kit.jobs import Job, Jobs
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.kit.clock import Clock
    from simulators.kit.journal import Journal

When = Literal["before", "during", "after"]


@dataclass(frozen=True)
class Step:
    """One step of the night; `share` says when in the window it starts (0 opening, 1 close)."""

    name: str
    share: float


STEPS = (
    Step("pick_up", 0.0),
    Step("check", 0.05),
    Step("create", 0.15),
    Step("post", 0.25),
    Step("clear", 0.6),
    Step("extract", 0.75),
    Step("acknowledge", 0.9),
)


class BatchAborted(Exception):
    """The batch server went down in mid-step; what was committed stays, the run waits to be restarted."""


class Batch:
    """Owns the calendar's job and the runs. A run that was aborted goes on at its failed step, never from the start."""

    def __init__(self, state: State, jobs: Jobs, clock: Clock, journal: Journal, steps: Steps) -> None:
        self._state, self._store, self._jobs = state, state.store, jobs
        self._clock, self._journal, self._steps = clock, journal, steps
        self._one_at_a_time = asyncio.Lock()
        self._work: dict[str, Callable[[Doc, float], Awaitable[None]]] = {
            step.name: getattr(steps, step.name) for step in STEPS
        }
        jobs.handler("window", self._open)
        jobs.handler("batch", self._continue)
        clock.on_move(self.replan)
        steps.trip = self._trip

    def forget(self) -> None:
        """Whoever was at work belongs to another life of the system."""
        self._one_at_a_time = asyncio.Lock()

    # -- the calendar -----------------------------------------------------------------------

    def plan(self, after: float) -> None:
        """Put the next window into the calendar."""
        window = self._state.calendar().next_window(after)
        self._jobs.schedule(window.opens, "window", {"night": window.night.isoformat()}, key="window")

    def replan(self) -> None:
        """A clock that was set back has nearer nights than the one planned."""
        planned = next(iter(self._store.rows("SELECT due FROM job WHERE key = 'window'")), None)
        if planned is None:
            return
        after = self._clock.now()
        if self._state.calendar().next_window(after).opens < planned[0]:
            self.plan(after)

    async def _open(self, job: Job) -> None:
        self.plan(job.due)
        if self._state.settings()["freeze"]:
            self._journal.add("note", job.due, system="erp_legacy", what="window.skipped", why="month-end freeze")
            return
        async with self._one_at_a_time:
            await self._finish_earlier(job.due)
            window = self._state.calendar().window(self._state.calendar().local(job.due).date())
            run = self._begin(job.due, window.cutoff, window.opens, window.closes)
            await self._perform(run, job.due)

    async def _continue(self, job: Job) -> None:
        async with self._one_at_a_time:
            run = self._store.get(RUN.name, job.payload["run"])
            if run is not None and run["state"] == "running" and run["step"] == job.payload["step"]:
                await self._perform(run, job.due)

    # -- runs -------------------------------------------------------------------------------

    async def run_now(self, at: float) -> Doc:
        """Bring an unfinished run to its end, then run a whole window at once with no cut-off; returns the new run."""
        if self._state.settings()["freeze"]:
            raise ValueError("month-end freeze: no window runs until it is lifted")
        async with self._one_at_a_time:
            await self._finish_earlier(at)
            return await self._to_the_end(self._begin(at, at, at, at), at)

    async def restart(self, at: float) -> Doc:
        """The operator restarts a run that was aborted, at its failed step."""
        async with self._one_at_a_time:
            run = await self._finish_earlier(at)
        if run is None:
            raise ValueError("no run was aborted")
        return run

    async def _finish_earlier(self, at: float) -> Doc | None:
        finished = None
        for run in (*self._store.find(RUN.name, state="running"), *self._store.find(RUN.name, state="aborted")):
            self._store.put(RUN.name, {**run, "state": "running"})
            self._journal.add("note", at, system="erp_legacy", what="run.restarted", run=run["id"],
                              step=STEPS[run["step"]].name)  # fmt: skip
            finished = await self._to_the_end({**run, "state": "running"}, at)
        return finished

    async def _to_the_end(self, run: Doc, at: float) -> Doc:
        while run["state"] == "running":
            run = await self._step(run, at)
        return run

    def _begin(self, at: float, cutoff: float, opens: float, closes: float) -> Doc:
        night = self._state.calendar().local(opens).date()
        with self._store.transaction():
            number = self._store.next(f"run/{night}")
            run: Doc = {
                "id": f"{night:%Y%m%d}-{number}", "night": night.isoformat(), "at": at, "cutoff": cutoff,
                "opens": opens, "closes": closes, "step": 0, "state": "running", "files": 0, "rejected": 0, "held": 0,
                "idocs": 0, "posted": 0, "errors": 0, "extracted": False,
            }  # fmt: skip
            self._store.put(RUN.name, run)
        self._journal.add("note", at, system="erp_legacy", what="window.opened", run=run["id"])
        return run

    async def _perform(self, run: Doc, at: float) -> None:
        """One step, and the next one into the calendar."""
        run = await self._step(run, at)
        if run["state"] == "running":
            due = run["opens"] + (run["closes"] - run["opens"]) * STEPS[run["step"]].share
            self._jobs.schedule(max(due, at), "batch", {"run": run["id"], "step": run["step"]}, key="batch")

    async def _step(self, run: Doc, at: float) -> Doc:
        step = STEPS[run["step"]]
        try:
            self._trip(step.name, "before")
            await self._work[step.name](run, at)
            self._trip(step.name, "after")
        except BatchAborted:
            self._state.change_settings(breakdown=None)
            run = {**self._fresh(run), "state": "aborted"}
            self._store.put(RUN.name, run)
            self._journal.add("note", at, system="erp_legacy", what="run.aborted", run=run["id"], step=step.name)
            return run
        run = self._fresh(run)
        run = {**run, "step": run["step"] + 1}
        run["state"] = "done" if run["step"] == len(STEPS) else "running"
        self._store.put(RUN.name, run)
        if run["state"] == "done":
            self._journal.add("note", at, system="erp_legacy", what="window.closed", run=run["id"],
                              posted=run["posted"], errors=run["errors"], rejected=run["rejected"])  # fmt: skip
        return run

    def _fresh(self, run: Doc) -> Doc:
        fresh = self._store.get(RUN.name, run["id"])
        assert fresh is not None
        return fresh

    # -- breaking down on purpose -----------------------------------------------------------

    def break_at(self, step: str, when: str) -> None:
        """The batch server will go down at the next such moment (once)."""
        if step not in self._work or when not in When.__args__:  # type: ignore[attr-defined]
            raise ValueError(f"step is one of {', '.join(self._work)}; when is before, during or after")
        self._state.change_settings(breakdown=[step, when])

    def _trip(self, step: str, when: str) -> None:
        if self._state.settings().get("breakdown") == [step, when]:
            raise BatchAborted(step)

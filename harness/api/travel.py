"""A Time Machine of the platform moves the whole sandbox: there is one business time."""

import asyncio

import structlog

from harness.api.actions import Action, Actions, performed, understood
from harness.api.problem import Problem
from harness.api.sandbox import Sandbox
from harness.scenario.values import iso
from harness.world import Unreachable

JOBS_MAX = 1_000
log = structlog.get_logger("harness-api")


class TimeTravel:
    """Waits for a journey that somebody asked for by the vendor's API, and lets time pass up to its destination."""

    def __init__(self, sandbox: Sandbox, actions: Actions) -> None:
        self._sandbox, self._actions = sandbox, actions
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to wait."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def close(self) -> None:
        """Wait no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        asked = self._sandbox.diary.travel
        while True:
            await asked.wait()
            asked.clear()
            try:
                await self._travel()
            except (Unreachable, ValueError):
                log.exception("a time travel of the platform was not carried out")

    async def _travel(self) -> None:
        world = self._sandbox.world
        jobs = await world.control("subscriptions", "GET", f"/_control/jobs?limit={JOBS_MAX}")
        destination = max((job["due"] for job in jobs if job["kind"] == "travel"), default=0.0)
        facts = {"until": iso(destination)}
        while destination > world.now():
            action = Action(f"time-machine-{destination:.0f}", "advance", facts, world.now(), to=destination)
            try:
                self._actions.begin(action, performed(self._sandbox.stage, "advance", understood("advance", facts)))
            except Problem:  # something else is under way; time goes on when it has ended
                running = self._actions.running
                if running is not None:
                    await running.done.wait()
                continue
            await action.done.wait()
            return

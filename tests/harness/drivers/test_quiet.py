"""Waiting for rest through a crash that the story's own disturbance causes."""

import asyncio
from types import SimpleNamespace
from typing import cast

from harness.drivers.quiet import settle
from harness.drivers.stage import Stage


class DyingStorm:
    """A kill under way counts only once the watcher has finished it, which `end` waits for."""

    def __init__(self) -> None:
        self.killed, self.killing = {"killed-in-flight": 0}, True

    def begin(self) -> None:
        pass

    async def end(self) -> None:
        await asyncio.sleep(0)
        self.killed["killed-in-flight"] += 1
        self.killing = False


def test_what_rests_while_the_core_is_dead_is_not_rest():
    settled: list[bool] = []

    async def rest(within_s: float) -> None:
        settled.append(storm.killing)

    storm = DyingStorm()
    stage = SimpleNamespace(storm=storm, world=SimpleNamespace(settle=rest))
    asyncio.run(settle(cast(Stage, stage)))
    assert settled == [True, False]

"""F33: work that a limit has put off keeps its place; nothing of its kind and customer that came later overtakes it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from synccore.ports.engine import Run
from synccore.ports.holding import PAUSE_S, Worker
from synccore.ports.outcomes import Away, Later, Limited, Parked
from synccore.ports.stores import Unit
from tests.synccore.engine.test_dispatch import Desk, finding
from tests.synccore.engine.test_workers import Shift

LIMIT_S = 600.0


class Counter(Desk):
    """A desk at which the first work ends as it is told to, and all other work is done."""

    def __init__(self, first: Callable[[], Exception | None]) -> None:
        self.done: list[str] = []
        self._first = first
        super().__init__(self._take)

    def begin(self) -> None:
        super().begin()
        self.dispatcher.register("other", self._take)

    async def _take(self, run: Run, argument: Any) -> None:
        ends = self._first() if argument == {"n": "one"} else None
        if ends is not None:
            raise ends
        self.done.append(argument["n"])

    async def other(self, subject: str, process: str = "post", key: str = "acc") -> str:
        def add(unit: Unit) -> str:
            return unit.work.add(process, key, subject, {"n": subject}, self.clock.at, "test")

        return await self.database.run(add)


def test_what_came_later_is_recalled_and_waits_and_all_else_goes_on() -> None:
    async def story() -> None:
        limits = [Limited(LIMIT_S, "limit"), Later(5.0, "an answer got lost")]
        desk = Counter(lambda: limits.pop(0) if limits else None)
        await desk.add("one")
        two = await desk.add("two")  # in the engine behind the first one when that is put off
        await desk.other("elsewhere", key="another customer")
        await desk.other("of another kind", process="other")
        await desk.play()
        assert sorted(desk.done) == ["elsewhere", "of another kind"]
        waiting = await desk.item(two)
        assert (waiting.state, waiting.tries) == ("due", 0) and waiting.due_at >= desk.clock.at + LIMIT_S
        assert desk.engine.states["w0000000002.001"] == "cancelled"
        three = await desk.other("three")
        await desk.play()
        assert (await desk.item(three)).due_at == (await desk.item("w0000000001")).due_at, "told as it is: not due yet"
        desk.clock.at += LIMIT_S + 10.0
        await desk.play()
        assert sorted(desk.done) == ["elsewhere", "of another kind"], "it keeps its place, whatever it meets next"
        desk.clock.at += 30.0
        await desk.play()
        assert desk.done[2:] == ["one", "two", "three"]

    asyncio.run(story())


@pytest.mark.parametrize("ends", [
    Parked("not ready", (finding("item:A"),)), Away("erp_cloud", 600.0, "nobody answers"), Later(60.0, "an outage"),
], ids=["parked", "away", "later"])  # fmt: skip
@pytest.mark.parametrize("limited", [False, True])
def test_what_waits_for_something_else_than_its_time_holds_nobody_up(ends: Exception, limited: bool) -> None:
    async def story() -> None:
        ways = [*([Limited(LIMIT_S, "limit")] if limited else []), ends, ends]
        desk = Counter(lambda: ways.pop(0))
        await desk.add("one")
        await desk.add("two")
        await desk.play()
        if limited:
            assert not desk.done
            desk.clock.at += LIMIT_S + 10.0
            await desk.play()
        assert desk.done == ([] if limited and type(ends) is Later else ["two"])

    asyncio.run(story())


def test_given_up_by_a_person_it_has_no_place_any_more() -> None:
    async def story() -> None:
        desk = Counter(lambda: Limited(LIMIT_S, "limit"))
        one = await desk.add("one")
        await desk.add("two")
        await desk.play()
        await desk.database.run(lambda unit: unit.work.abandon(one, "not wanted"))
        desk.clock.at += LIMIT_S + 10.0
        await desk.play()
        assert desk.done == ["two"]

    asyncio.run(story())


def test_what_is_taken_over_keeps_its_place_too() -> None:
    async def story() -> None:
        desk = Shift()
        run = await desk.begun_by(Worker("other", "1"))
        two = await desk.add("inv-2")
        await desk.dispatcher.kick()
        assert (await desk.item(two)).state == "submitted"
        while not await desk.fenced(run):
            await desk.looks(0.0)
        assert (await desk.item(two)).state == "due"
        await desk.engine.drain()
        assert not desk.runs, "it is no more in the engine's queue"
        await desk.looks(PAUSE_S + 30.0)
        await desk.play()
        assert [name.partition(".")[0] for name in desk.runs] == ["w0000000001", "w0000000002"]

    asyncio.run(story())

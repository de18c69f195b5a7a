"""Workers of one store: what one has under way is its own while it gives signs of life, then another begins it anew."""

import asyncio
from typing import Any

import pytest

from synccore.engine.dispatch import TICKER
from synccore.engine.holding import Held
from synccore.engine.retry import RetryPolicy
from synccore.ports.engine import Run
from synccore.ports.holding import BEAT_S, HOLDER, LOST_AFTER_S, PAUSE_S, Worker
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit
from tests.synccore.engine.test_dispatch import Desk
from tests.synccore.worlds import memory

TRIES = RetryPolicy().error_tries_max
OTHER, OLDER = Worker("other", "1"), Worker("gone", "0")


class Shift(Desk):
    """A desk at which work is under way with another worker."""

    def __init__(self) -> None:
        self.runs: list[str] = []
        super().__init__(self._note)

    async def _note(self, run: Run, argument: Any) -> None:
        self.runs.append(run.id)

    async def begun_by(self, holder: Worker, state: Any = "running") -> str:
        """The run of new work that this worker has under way."""
        work = await self.add()
        for _ in range(TRIES):  # as many as an unforeseen error may have: to be taken over is none
            await self.database.run(lambda unit: unit.work.later(work, 0.0, "an outage", True))
        await self.dispatcher.kick()
        run = (await self.item(work)).run_id
        self.engine.held[run] = holder
        self.engine.states[run] = state
        self.begin()
        return run

    async def looks(self, for_s: float, alive: Worker | None = None) -> None:
        """Time passes, in which this worker looks whenever it means to, and another perhaps gives signs of life."""
        until = self.clock.at + for_s
        while self.clock.at <= until:
            if alive is not None:
                await self.database.run(lambda unit: unit.workers.beat(alive, self.clock.at))
            await self.dispatcher.tick()
            self.clock.at += BEAT_S

    async def fenced(self, run: str) -> bool:
        return await self.database.run(lambda unit: unit.workers.fenced(run)) is not None


def test_a_round_between_two_beats_takes_over_what_is_due_and_looks_again() -> None:
    """Found by swarm seeds 604774, 604873 and 604900: no beat was due, so nobody was lost and no other look was asked
    for.
    """

    async def story() -> None:
        desk = Shift()
        run = await desk.begun_by(OTHER)
        begun = desk.clock.at
        await desk.looks(LOST_AFTER_S - BEAT_S)
        desk.clock.at = begun + LOST_AFTER_S - 0.5
        await desk.dispatcher.tick()  # a beat, for whatever reason just now
        desk.engine.alarms.clear()
        await desk.dispatcher.kick()
        desk.clock.at = begun + LOST_AFTER_S - 0.3
        await desk.dispatcher.tick()
        assert not await desk.fenced(run)
        assert desk.engine.alarms[TICKER] <= begun + LOST_AFTER_S - 0.5 + BEAT_S, "a round that beats not asks as well"
        desk.clock.at = begun + LOST_AFTER_S
        await desk.dispatcher.tick()
        assert await desk.fenced(run)

    asyncio.run(story())


@pytest.mark.parametrize("holder", [OTHER, OLDER, Worker("", "0")], ids=["lost", "old-release", "queued-for-old"])
def test_what_a_lost_worker_had_is_begun_anew_after_a_pause(holder: Worker) -> None:
    async def story() -> None:
        desk = Shift()
        run = await desk.begun_by(holder, "running" if holder.name else "queued")
        begun = desk.clock.at
        await desk.dispatcher.tick()
        assert desk.dispatcher.watch.due == {run: begun + LOST_AFTER_S}
        assert desk.engine.alarms[TICKER] <= begun + BEAT_S, "it looks for signs of life"
        while not await desk.fenced(run):
            await desk.looks(0.0)
        assert LOST_AFTER_S <= desk.clock.at - begun <= LOST_AFTER_S + 4 * BEAT_S
        assert desk.engine.states[run] != "cancelled", "until its work is another's the queue of its key stays shut"
        await desk.looks(PAUSE_S - 3 * BEAT_S)
        assert desk.engine.states[run] != "cancelled", "a call that it has under way may still end"
        await desk.looks(4 * BEAT_S)
        assert desk.engine.states[run] == "cancelled"
        await desk.play()
        await desk.dispatcher.tick()
        assert not desk.dispatcher.watch.due
        assert desk.runs == [f"w0000000001.{TRIES + 2:03d}"]
        assert (await desk.item("w0000000001")).state == "done"

    asyncio.run(story())


@pytest.mark.parametrize("alive", [OTHER, OLDER])
def test_what_a_living_worker_has_is_its_own_however_long_it_takes(alive: Worker) -> None:
    async def story() -> None:
        desk = Shift()
        run = await desk.begun_by(alive)
        await desk.looks(20 * LOST_AFTER_S, alive)
        assert not await desk.fenced(run) and desk.engine.states[run] == "running"

    asyncio.run(story())


def test_who_has_slept_himself_begins_to_listen_anew() -> None:
    async def story() -> None:
        desk = Shift()
        run = await desk.begun_by(OTHER)
        await desk.looks(LOST_AFTER_S / 2)
        desk.clock.at += 3_600.0  # what was said meanwhile he has not heard
        await desk.looks(LOST_AFTER_S / 2)
        assert not await desk.fenced(run)

    asyncio.run(story())


def test_a_lost_run_whose_outcome_is_settled_is_ended_for_it_keeps_its_customers_queue_shut() -> None:
    async def story() -> None:
        desk = Shift()
        run = await desk.begun_by(OTHER)
        await desk.database.run(lambda unit: unit.work.finish("w0000000001"))
        await desk.add("inv-2")
        await desk.dispatcher.kick()  # queued behind the other's
        await desk.looks(LOST_AFTER_S + 4 * BEAT_S)
        assert desk.engine.states[run] == "cancelled" and (await desk.item("w0000000001")).state == "done"

    asyncio.run(story())


def test_the_outcome_of_a_run_that_lost_its_lease_does_not_count() -> None:
    async def story() -> None:
        desk = Shift()
        work = await desk.add()
        await desk.dispatcher.kick()
        await desk.database.run(lambda unit: unit.workers.fence("w0000000001.001", desk.clock.at))
        await desk.engine.drain()
        assert desk.runs and (await desk.item(work)).state == "submitted"
        desk.clock.at += PAUSE_S + BEAT_S
        await desk.dispatcher.tick()
        desk.clock.at += BEAT_S
        await desk.play()
        assert desk.runs == ["w0000000001.001", "w0000000001.002"] and (await desk.item(work)).state == "done"

    asyncio.run(story())


def test_whatever_a_run_that_lost_its_lease_means_to_do_in_the_store_is_refused() -> None:
    def link(unit: Unit) -> int:
        return unit.links.next_number("file", 1)

    async def story() -> None:
        database = memory()
        held = Held(database)
        HOLDER.set("w0000000001.001")
        assert await held.run(link) == 1
        await database.run(lambda unit: unit.workers.fence("w0000000001.001", 0.0))
        with pytest.raises(Later) as refused:
            await held.run(link)
        assert not refused.value.counts
        HOLDER.set("w0000000001.002")
        assert await held.run(link) == 2

    asyncio.run(story())


def test_what_is_long_past_is_forgotten() -> None:
    def past(unit: Unit) -> None:
        for at, name in ((10.0, "old"), (20.0, "new")):
            unit.workers.beat(Worker(name, "1"), at)
            unit.workers.beat(Worker(name, "1"), at)
            unit.workers.fence(name, at)
        unit.workers.forget(15.0)
        assert unit.workers.beats() == {Worker("new", "1"): 2}
        assert unit.workers.fenced("old") is None and unit.workers.fenced("new") == 20.0

    asyncio.run(memory().run(past))

"""The dispatcher against an engine that is run by hand."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from synccore.domain.findings import Finding
from synccore.engine.dispatch import Dispatcher
from synccore.engine.meter import Meter
from synccore.engine.pulse import Pulse
from synccore.engine.retry import RetryPolicy
from synccore.ports.engine import Run
from synccore.ports.outcomes import Away, Later, Parked
from synccore.ports.stores import Unit
from synccore.ports.work import WorkItem
from tests.synccore.worlds import Even, HandClock, HandEngine, memory


class Desk:
    """One database and one engine, over which incarnations of the dispatcher come and go."""

    def __init__(self, process: Callable[[Run, Any], Awaitable[None]]) -> None:
        self.database, self.engine, self.clock = memory(), HandEngine(), HandClock()
        self.process = process
        self.missed: list[Away] = []
        self.begin()

    def begin(self) -> None:
        meter = Meter()
        self.dispatcher = Dispatcher(
            self.database, self.engine, self.clock, Even(), meter, Pulse(meter, self.clock), RetryPolicy(), {"": 100.0},
            self.missed.append,
        )  # fmt: skip
        self.dispatcher.register("post", self.process)

    async def add(self, subject: str = "inv-1", due_at: float = 0.0) -> str:
        return await self.database.run(
            lambda unit: unit.work.add("post", "acc", subject, {"n": subject}, due_at, "test")
        )

    async def play(self) -> None:
        await self.dispatcher.kick()
        await self.engine.drain()

    async def item(self, work_id: str) -> WorkItem:
        found = await self.database.run(lambda unit: unit.work.get(work_id))
        assert found is not None
        return found


def finding(topic: str, kind: str = "unmapped_item") -> Finding:
    return Finding(kind, f"{topic} is missing", "finance", ("fix_mapping", "retry"), (topic,))


def test_work_runs_once_and_is_done() -> None:
    seen: list[Any] = []

    async def process(run: Run, argument: Any) -> None:
        seen.append((run.id, run.key, argument))

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        await desk.play()
        assert (await desk.item(work)).state == "done"
        assert seen == [("w0000000001.001", "acc", {"n": "inv-1"})]

    asyncio.run(story())


def test_work_of_one_subject_is_not_doubled_but_runs_again_after_a_running_one() -> None:
    runs: list[str] = []

    async def story() -> None:
        async def process(run: Run, argument: Any) -> None:
            runs.append(run.id)
            if len(runs) == 1:
                assert await desk.add() == work

        desk = Desk(process)
        work = await desk.add()
        assert await desk.add() == work
        await desk.play()
        assert runs == ["w0000000001.001", "w0000000001.002"]
        assert (await desk.item(work)).state == "done"

    asyncio.run(story())


def test_marked_but_never_handed_over_is_handed_over_by_the_next_incarnation() -> None:
    runs: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        runs.append(run.id)

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        desk.engine.deaf = True
        await desk.dispatcher.kick()
        assert (await desk.item(work)).state == "submitted"
        desk.engine.deaf = False
        desk.begin()
        await desk.dispatcher.tick()
        await desk.engine.drain()
        assert runs == ["w0000000001.001"]
        assert (await desk.item(work)).state == "done"

    asyncio.run(story())


def test_a_run_that_repeats_after_its_outcome_was_stored_changes_nothing() -> None:
    async def process(run: Run, argument: Any) -> None:
        raise Later(60.0, "busy")

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        first = await desk.item(work)
        desk.engine.states["w0000000001.001"] = "queued"  # the engine had not noted its end
        await desk.engine.drain()
        assert await desk.item(work) == first
        assert (first.state, first.attempt, first.tries) == ("due", 2, 1)

    asyncio.run(story())


def test_findings_become_exceptions_and_close_when_they_are_no_longer_met() -> None:
    lacking = ["item:A", "item:B"]

    async def process(run: Run, argument: Any) -> None:
        if lacking:
            raise Parked("not ready", tuple(finding(topic) for topic in lacking))

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        opened = await desk.database.run(lambda unit: unit.exceptions.list("open"))
        assert [found.waiting_on for found in opened] == [("item:A",), ("item:B",)]
        assert opened[0].due_at == desk.clock.at + 100.0
        lacking.remove("item:A")
        await wake(desk, "item:A")
        opened = await desk.database.run(lambda unit: unit.exceptions.list("open"))
        assert [found.waiting_on for found in opened] == [("item:B",)]
        lacking.clear()
        await wake(desk, "item:B")
        assert await desk.database.run(lambda unit: unit.exceptions.list("open")) == []
        assert (await desk.item(work)).state == "done"

    asyncio.run(story())


async def wake(desk: Desk, topic: str) -> list[str]:
    woken = await desk.database.run(lambda unit: unit.work.wake(topic, desk.clock.now()))
    await desk.play()
    return woken


def test_a_topic_woken_while_the_work_runs_is_not_missed() -> None:
    runs: list[str] = []

    async def story() -> None:
        async def process(run: Run, argument: Any) -> None:
            runs.append(run.id)
            if len(runs) == 1:
                await desk.database.run(lambda unit: unit.work.wake("item:A", desk.clock.now()))
                raise Parked("not ready", (finding("item:A"),))

        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        assert len(runs) == 2
        assert (await desk.item(work)).state == "done"

    asyncio.run(story())


def test_later_waits_its_time_with_growing_delays_and_ends_in_a_dead_letter() -> None:
    async def process(run: Run, argument: Any) -> None:
        raise Later(10.0, "down")

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        delays = []
        for _ in range(3):
            item = await desk.item(work)
            delays.append(item.due_at - desk.clock.at)
            await desk.play()
            assert await desk.item(work) == item, "not before its time"
            assert desk.engine.alarms["dispatch"] == item.due_at
            desk.clock.at = item.due_at
            await desk.play()
        assert [round(delay) for delay in delays] == [11, 22, 42]
        for _ in range(1000):
            desk.clock.at = (await desk.item(work)).due_at
            await desk.play()
            if (await desk.item(work)).state == "dead":
                break
        assert (await desk.item(work)).state == "dead"
        letters = await desk.database.run(lambda unit: unit.letters.list("dead"))
        assert [(letter.work_id, letter.cause, letter.tries) for letter in letters] == [(work, "down", 1000)]

    asyncio.run(story())


def test_what_a_system_asked_for_is_never_shortened_and_costs_no_budget() -> None:
    async def process(run: Run, argument: Any) -> None:
        raise Later(3600.0, "limit", counts=False)

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        item = await desk.item(work)
        assert 3600.0 <= item.due_at - desk.clock.at <= 3605.0
        assert item.tries == 0

    asyncio.run(story())


NO_LEDGER, NO_SALES = Away("erp_cloud", 600.0, "nobody answers"), Away("salesforce", 700.0, "nobody answers")


@pytest.mark.parametrize(("away", "topics"), [
    (NO_LEDGER, ("system:erp_cloud",)),
    (NO_SALES.also(NO_LEDGER), ("system:salesforce", "system:erp_cloud")),  # who is back first wakes it
])  # fmt: skip
def test_work_for_a_system_that_is_away_waits_without_a_try_until_it_is_seen_again(
    away: Away, topics: tuple[str, ...]
) -> None:
    gone = [True]

    async def process(run: Run, argument: Any) -> None:
        del run, argument
        if gone[0]:
            raise away

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        item = await desk.item(work)
        assert (item.state, item.tries, item.waiting_on) == ("parked", 0, topics)
        assert [missed.delay_s for missed in desk.missed] == [600.0]
        desk.clock.at += 86400.0
        await desk.play()
        assert (await desk.item(work)).attempt == 2  # a day later it has not been tried again
        assert await desk.database.run(lambda unit: unit.work.awaited("system:")) == sorted(topics)
        gone[0] = False
        await desk.database.run(lambda unit: unit.work.wake("system:erp_cloud", desk.clock.at))
        await desk.play()
        assert (await desk.item(work)).state == "done"

    asyncio.run(story())


def test_a_system_that_fails_at_one_thing_alone_is_tried_ever_more_seldom() -> None:
    runs: list[float] = []

    async def story() -> None:
        async def process(run: Run, argument: Any) -> None:
            runs.append(desk.clock.at)
            if len(runs) % 3 == 0:  # the third failure in a row: away, and seen again as soon as somebody looks
                raise Away("erp_cloud", 8.0, "no invoice is taken")
            raise Later(5.0, "no invoice is taken")

        desk = Desk(process)
        work = await desk.add()
        await desk.play()
        while desk.clock.at < 86400.0:
            item = await desk.item(work)
            if item.state == "parked":
                await desk.database.run(lambda unit: unit.work.wake("system:erp_cloud", desk.clock.at))
            else:
                desk.clock.at = item.due_at
            await desk.play()

    asyncio.run(story())
    assert len(runs) < 500, "a day of failures"


def test_what_falls_due_within_a_hair_is_due() -> None:
    async def process(run: Run, argument: Any) -> None:
        del run, argument

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add(due_at=desk.clock.at + 0.0005)
        await desk.play()
        assert (await desk.item(work)).state == "done", "an alarm a hair too early would ring for ever"

    asyncio.run(story())


def test_a_defect_is_tried_a_few_times_and_then_buried_with_its_cause() -> None:
    runs: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        runs.append(run.id)
        raise KeyError("no such member")

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        for _ in range(10):
            await desk.play()
            desk.clock.at += 400.0
        assert len(runs) == RetryPolicy().error_tries_max
        letters = await desk.database.run(lambda unit: unit.letters.list("dead"))
        assert [letter.cause for letter in letters] == ["KeyError: 'no such member'"]
        assert await desk.database.run(lambda unit: unit.work.revive(work, desk.clock.at, "requeued"))
        assert (await desk.item(work)).tries == 0

    asyncio.run(story())


def test_a_run_that_ended_in_the_engine_alone_is_taken_up_again() -> None:
    runs: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        runs.append(run.id)

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.dispatcher.kick()
        desk.engine.states["w0000000001.001"] = "cancelled"
        desk.clock.at += 120.0
        await desk.dispatcher.tick()
        desk.clock.at += 10.0
        await desk.play()
        assert runs == ["w0000000001.002"]
        assert (await desk.item(work)).state == "done"

    asyncio.run(story())


def test_a_process_of_another_version_is_left_alone() -> None:
    async def process(run: Run, argument: Any) -> None:
        raise AssertionError("not mine")

    def add(unit: Unit) -> str:
        return unit.work.add("from-the-future", "acc", "s", None, 0.0, "test")

    async def story() -> None:
        desk = Desk(process)
        work = await desk.database.run(add)
        await desk.play()
        assert (await desk.item(work)).state == "due"

    asyncio.run(story())


def test_work_goes_on_from_a_step_after_a_fix_and_also_when_the_hand_over_was_lost() -> None:
    done: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        async def act(name: str) -> str:
            done.append(f"{run.id[-3:]} {name}")
            return name

        await run.step("look", lambda: act("look"))
        await run.step("write", lambda: act("write"))
        if run.id.endswith("001"):
            raise Parked("something is wrong", (finding("item:A"),))

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        await desk.play()

        def again(unit: Unit) -> bool:
            revived = unit.work.revive(work, 0.0, "by hand", done=True)
            unit.work.fork(work, 1)
            return revived

        assert await desk.database.run(again)
        desk.engine.deaf = True
        await desk.dispatcher.kick()
        desk.engine.deaf = False
        desk.begin()
        await desk.dispatcher.tick()
        await desk.engine.drain()
        assert (await desk.item(work)).state == "done"
        assert done == ["001 look", "001 write", "003 write"]
        assert await desk.database.run(lambda unit: unit.work.revive(work, 0.0, "again", done=True))
        await desk.play()
        assert done[3:] == ["004 look", "004 write"], "the next one begins at the beginning"
        assert not await desk.database.run(lambda unit: unit.work.revive(work, 0.0, "again")), "done is done"

    asyncio.run(story())

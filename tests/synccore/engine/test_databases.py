"""The databases: all of a transaction or nothing, on SQLite inline and in threads, and on PostgreSQL."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from synccore.domain.events import Event
from synccore.engine.thread_database import ThreadDatabase
from synccore.ports.stores import Signal, Unit
from synccore.ports.work import Fork, WorkItem
from tests.synccore.worlds import memory


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/core.db"
    found: str = request.getfixturevalue("postgresql")
    return found


def number(unit: Unit) -> int:
    return unit.links.next_number("file", 1)


def test_inline_a_failed_transaction_leaves_nothing() -> None:
    async def story() -> None:
        database = memory()
        with pytest.raises(RuntimeError):
            await database.run(fail)
        assert await database.run(number) == 1

    asyncio.run(story())


def fail(unit: Unit) -> None:
    number(unit)
    raise RuntimeError("in the middle")


@pytest.mark.live
def test_in_threads_transactions_are_atomic_and_serialised(url: str) -> None:
    async def story() -> None:
        database = ThreadDatabase(url)
        await database.start()
        await database.start()  # what is there already stays
        with pytest.raises(RuntimeError):
            await database.run(fail)
        runs = [asyncio.ensure_future(database.run(number)) for _ in range(40)]
        assert sorted([await run for run in runs]) == list(range(1, 41))
        await database.close()

        again = ThreadDatabase(url)
        await again.start()
        assert await again.run(number) == 41
        await again.close()

    asyncio.run(story())


@pytest.mark.live
def test_two_that_add_the_same_work_at_once_add_it_once(url: str) -> None:
    async def story() -> None:
        database = ThreadDatabase(url)
        await database.start()

        def add(unit: Unit) -> str:
            return unit.work.add("p", "k", "same", {"text": "\ud800 ü"}, 0.0, "test")

        runs = [asyncio.ensure_future(database.run(add)) for _ in range(20)]
        assert len({await run for run in runs}) == 1
        item = (await database.run(lambda unit: unit.work.open()))[0]
        assert item.argument == {"text": "\ud800 ü"}
        await database.close()

    asyncio.run(story())


@pytest.mark.live
@pytest.mark.parametrize("woken", [False, True])
def test_work_that_waits_for_a_system_keeps_its_tries_and_else_begins_anew(url: str, woken: bool) -> None:
    def parked(keep: bool) -> Callable[[Unit], tuple[str, int]]:
        def park(unit: Unit) -> tuple[str, int]:
            work = unit.work.add("p", f"k{keep}", "same", {}, 0.0, "test")
            unit.work.later(work, 5.0, "no answer", counts=True)
            unit.work.submitted(work, "r1", 6.0)
            if woken:  # meanwhile: it is due at once
                unit.work.wake("system:erp", 6.0)
            unit.work.park(work, ("system:erp",), "away", keep_tries=keep)
            item = unit.work.get(work)
            assert item is not None
            return item.state, item.tries

        return park

    async def story() -> None:
        database = ThreadDatabase(url)
        await database.start()
        state = "due" if woken else "parked"
        assert await database.run(parked(True)) == (state, 1)
        assert await database.run(parked(False)) == (state, 0)
        await database.close()

    asyncio.run(story())


@pytest.mark.live
def test_a_reader_of_events_waits_for_an_earlier_number_that_commits_later(postgresql: str) -> None:
    written, go = threading.Event(), threading.Event()

    def event(number: int) -> Event:
        return Event("invoice-issued", "/test", f"late-{number}", f"US-{number}", "late", 0.0)

    def slowly(unit: Unit) -> None:
        unit.events.append(event(1))
        written.set()
        go.wait()

    async def story() -> None:
        database = ThreadDatabase(postgresql)
        await database.start()
        slow = asyncio.ensure_future(database.run(slowly))
        await asyncio.to_thread(written.wait)
        await database.run(lambda unit: unit.events.append(event(2)))
        reading = asyncio.ensure_future(database.run(lambda unit: unit.events.after(0, "invoice-issued", 1000)))
        with psycopg.connect(postgresql) as watch:
            while not reading.done():
                await asyncio.sleep(0)
                waiting = watch.execute("SELECT count(*) FROM pg_locks WHERE NOT granted").fetchone()
                if waiting is not None and waiting[0]:
                    break
        go.set()
        await slow
        assert [one.subject for one in await reading if one.partition == "late"] == ["US-1", "US-2"]
        await database.close()

    asyncio.run(story())


@pytest.mark.live
def test_signals_are_chosen_and_corrected_and_work_goes_on_from_a_step(url: str) -> None:
    def told(unit: Unit) -> str:
        for name in ("a-1", "a-2", "b-1"):
            unit.inbox.accept(Signal("metering", name, "usage", {"id": name}, 5.0))
        unit.inbox.correct("metering", "a-2", {"id": "right"}, "mia", 6.0)
        unit.inbox.correct("metering", "a-2", {"id": "better"}, "mia", 7.0)
        work = unit.work.add("post", "acc", "inv-1", {"n": 1}, 0.0, "test")
        unit.work.submitted(work, f"{work}.001", 1.0)
        unit.work.finish(work)
        assert not unit.work.revive(work, 2.0, "no") and unit.work.revive(work, 2.0, "again", done=True)
        unit.work.fork(work, 3)
        unit.work.fork(work, 1)
        unit.work.hand(work, {"n": 2})
        return work

    async def story() -> None:
        database = ThreadDatabase(url)
        await database.start()
        work = await database.run(told)

        def look(unit: Unit) -> tuple[list[str], list[str], Fork | None, WorkItem | None]:
            chosen = unit.inbox.select("metering", "usage", "a-", 0.0, 10.0, 10)
            (one,) = unit.inbox.find("metering", "a-2", 0.0, 10.0, 1)
            item = unit.work.get(work)
            assert item is not None
            return [s.key for s in chosen], [one.payload["id"]], unit.work.fork_of(work, item.attempt), item

        keys, corrected, fork, item = await database.run(look)
        assert (keys, corrected, fork) == (["a-1", "a-2"], ["better"], Fork(f"{work}.001", 1))
        assert item is not None and (item.argument, item.attempt) == ({"n": 2}, 2)
        assert await database.run(lambda unit: unit.work.fork_of(work, 1)) is None
        assert await database.run(lambda unit: unit.work.get("usage-row:x")) is None
        await database.close()

    asyncio.run(story())


@pytest.mark.live
def test_a_transaction_in_which_its_worker_stops_is_undone_and_holds_nobody_up(
    postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synccore.engine.postgresql.IDLE_S", 0.2)

    def stops(unit: Unit) -> int:
        found = unit.links.next_number("stopped", 1)
        time.sleep(0.6)  # as a machine that stands still, seen from the server
        return found

    async def story() -> None:
        database = ThreadDatabase(postgresql)
        await database.start()
        with pytest.raises(psycopg.Error):
            await database.run(stops)
        assert await database.run(lambda unit: unit.links.next_number("stopped", 1)) == 1
        await database.close()

    asyncio.run(story())


@pytest.mark.live
def test_work_that_keeps_its_place_is_overtaken_by_nothing_of_its_kind_and_customer(url: str) -> None:
    def places(unit: Unit) -> None:
        def add(subject: str, process: str = "place", key: str = "k1") -> str:
            return unit.work.add(process, key, subject, None, 50.0, "test")

        one, two, three = add("one"), add("two"), add("three")
        others = [add("four", key="k2"), add("five", process="place-2")]
        for work in (one, two):
            unit.work.submitted(work, f"{work}.001", 50.0)
        unit.work.keep_place(one)
        unit.work.later(one, 90.0, "limit")
        assert [item.id for item in unit.work.following(one)] == [two]
        assert [item.id for item in unit.work.due(60.0, 10) if item.process.startswith("place")] == others
        found = unit.work.get(three)
        assert found is not None and found.due_at == 90.0, "it is due with the one before it"
        unit.work.submitted(one, f"{one}.002", 90.0)
        assert three not in [item.id for item in unit.work.due(95.0, 10)]
        unit.work.finish(one)
        assert three in [item.id for item in unit.work.due(95.0, 10)] and not unit.work.placed(one)
        raise RuntimeError("seen")

    async def story() -> None:
        database = ThreadDatabase(url)
        await database.start()
        with pytest.raises(RuntimeError, match="seen"):
            await database.run(places)
        await database.close()

    asyncio.run(story())

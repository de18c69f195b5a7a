"""The durable engine on SQLite, in this process."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from synccore.engine.dbos_engine import DbosEngine
from synccore.engine.live.clock import LiveClock
from synccore.ports.engine import Run, Tick
from synccore.ports.holding import Worker

pytestmark = pytest.mark.live


def engine(folder: Path, version: str = "1") -> DbosEngine:
    return DbosEngine(f"sqlite:///{folder}/runs.db", LiveClock(), version, "local", 10, 0.02)


async def until(done: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await done():
            await asyncio.sleep(0.01)


def test_runs_of_one_key_go_one_at_a_time_in_order_and_keys_side_by_side(tmp_path: Path) -> None:
    running: list[str] = []
    seen: list[str] = []
    overlaps: set[tuple[str, ...]] = set()

    async def process(run: Run, argument: Any) -> None:
        running.append(run.key)
        overlaps.add(tuple(sorted(running)))
        await run.step("look", pause)
        seen.append(run.id)
        running.remove(run.key)

    async def pause() -> None:
        await asyncio.sleep(0.05)

    async def story() -> None:
        dbos = engine(tmp_path)
        dbos.register("p", process)
        await dbos.start()
        for number in range(3):
            for key in ("a", "b"):
                assert await dbos.submit("p", key, f"{key}{number}", None)
        assert not await dbos.submit("p", "a", "a0", None), "once for ever"

        async def all_done() -> bool:
            return len(await dbos.list("done")) == 6

        await until(all_done)
        assert [name for name in seen if name.startswith("a")] == ["a0", "a1", "a2"]
        assert ("a", "b") in overlaps and ("a", "a") not in overlaps and ("b", "b") not in overlaps
        await dbos.close()

    asyncio.run(story())


def test_it_runs_on_postgresql(postgresql: str) -> None:
    ended: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        async def look() -> Any:
            return argument

        ended.append(await run.step("look", look))

    async def story() -> None:
        dbos = DbosEngine(postgresql, LiveClock(), "1", "local", 10, 0.02)
        dbos.register("p", process)
        await dbos.start()
        await dbos.submit("p", "k", "r1", "seen")

        async def has_ended() -> bool:
            return len(await dbos.list("done")) == 1

        await until(has_ended)
        assert ended == ["seen"]
        await dbos.close()

    asyncio.run(story())


def test_a_run_is_known_by_its_state_and_can_be_cancelled_and_forked(tmp_path: Path) -> None:
    steps: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        async def work(name: str) -> dict[str, Any]:
            steps.append(f"{run.id[:2]} {name}")
            return {"name": name, "argument": argument}

        assert await run.step("one", lambda: work("one")) == {"name": "one", "argument": {"n": 1}}
        await run.step("two", lambda: work("two"))
        if argument.get("fail"):
            raise RuntimeError("on purpose")

    async def story() -> None:
        dbos = engine(tmp_path)
        dbos.register("p", process)
        await dbos.start()
        await dbos.submit("p", "k", "r1", {"n": 1})

        async def ended() -> bool:
            found = await dbos.status("r1")
            return found is not None and found.state == "done"

        await until(ended)
        found = await dbos.status("r1")
        assert found is not None and (found.process, found.key) == ("p", "k")
        assert await dbos.status("r9") is None
        assert not await dbos.cancel("r1"), "it is over"
        steps.clear()
        assert [step.name for step in await dbos.steps("r1")] == ["one", "two"]
        assert await dbos.fork("r1", 1, "r1.002")
        assert not await dbos.fork("r1", 1, "r1.002"), "once for ever"

        async def forked_ended() -> bool:
            again = await dbos.status("r1.002")
            return again is not None and again.state == "done"

        await until(forked_ended)
        assert [step.split()[1] for step in steps] == ["two"], "the first step's result was kept"
        with pytest.raises(LookupError):
            await dbos.fork("r9", 0, "r9.002")
        assert await dbos.steps("r9") == []
        await dbos.close()

    asyncio.run(story())


async def left_under_way(tmp_path: Path) -> None:
    """A release that is gone, and whose run r1 of p over k was under way then."""

    async def stuck(run: Run, argument: Any) -> None:
        await asyncio.Event().wait()

    gone = engine(tmp_path)
    gone.register("p", stuck)
    await gone.start()
    await gone.submit("p", "k", "r1", None)

    async def is_running() -> bool:
        found = await gone.status("r1")
        return found is not None and found.state == "running"

    await until(is_running)
    await gone.close()


def test_runs_survive_a_stop_and_those_of_another_version_are_left_and_counted(tmp_path: Path) -> None:
    ended: list[str] = []

    async def quick(run: Run, argument: Any) -> None:
        ended.append(run.id)

    async def story() -> None:
        await left_under_way(tmp_path)

        other = engine(tmp_path, version="2")
        other.register("p", quick)
        await other.start()
        assert await other.foreign_runs() == 1
        stranded = await other.status("r1")
        assert stranded is not None and stranded.held_by == Worker("local", "1") and stranded.state == "running"
        await other.close()
        assert ended == []

        second = engine(tmp_path)
        second.register("p", quick)
        await second.start()

        async def has_ended() -> bool:
            return ended == ["r1"]

        await until(has_ended)
        await second.close()

    asyncio.run(story())


def test_a_run_of_a_release_that_is_gone_shuts_the_queue_of_its_key_until_it_is_cancelled(tmp_path: Path) -> None:
    ended: list[str] = []

    async def quick(run: Run, argument: Any) -> None:
        ended.append(run.id)

    async def story() -> None:
        await left_under_way(tmp_path)
        other = engine(tmp_path, version="2")
        other.register("p", quick)
        await other.start()
        await other.submit("p", "k", "r2", None)
        await other.submit("p", "k2", "r3", None)
        await until(lambda: _is(ended, ["r3"]))
        await asyncio.sleep(0.3)
        assert ended == ["r3"]
        assert await other.cancel("r1")
        await until(lambda: _is(ended, ["r3", "r2"]))
        assert await other.foreign_runs() == 0
        await other.close()

    asyncio.run(story())


async def _is(found: list[str], wanted: list[str]) -> bool:
    return found == wanted


def test_a_process_may_hand_over_work_without_confusing_its_own_replay(tmp_path: Path) -> None:
    async def story() -> None:
        dbos = engine(tmp_path)

        async def parent(run: Run, argument: Any) -> None:
            await run.step("one", nothing)
            await dbos.submit("child", "k2", "c1", None)
            assert await dbos.status("c1") is not None
            await run.step("two", nothing)

        async def child(run: Run, argument: Any) -> None:
            return None

        async def nothing() -> None:
            return None

        dbos.register("parent", parent)
        dbos.register("child", child)
        await dbos.start()
        await dbos.submit("parent", "k1", "p1", None)

        async def both_done() -> bool:
            return len(await dbos.list("done")) == 2

        await until(both_done)
        assert await dbos.fork("p1", 1, "p1.002")  # its steps are numbered one and two, whatever it did between

        async def again_done() -> bool:
            found = await dbos.status("p1.002")
            return found is not None and found.state == "done"

        await until(again_done)
        await dbos.close()

    asyncio.run(story())


def test_tickers_beat_by_interval_and_alarm_and_survive_their_own_errors(tmp_path: Path) -> None:
    rounds: list[float] = []

    async def story() -> None:
        dbos = engine(tmp_path)
        clock = LiveClock()

        async def tick() -> Tick:
            rounds.append(clock.now())
            if len(rounds) == 1:
                raise RuntimeError("once")
            return Tick(False, clock.now() + 0.05 if len(rounds) == 2 else None)

        dbos.every("t", 3600.0, tick)
        await dbos.start()

        async def rounds_are(number: int) -> bool:
            return len(rounds) == number

        await until(lambda: rounds_are(1))
        dbos.alarm("t", clock.now() + 0.05)
        await until(lambda: rounds_are(3))
        assert rounds[2] - rounds[1] >= 0.05
        await dbos.close()

    asyncio.run(story())

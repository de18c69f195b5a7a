"""The simulated engine: once per run id, one at a time per key, memos outlive a crash, tickers look when told."""

import asyncio
import math
from collections.abc import Callable
from random import Random
from typing import Any

from harness.simulation.engine import EngineState, SimulatedEngine
from harness.simulation.incarnation import Incarnation
from harness.simulation.loop import run_virtual
from harness.simulation.memos import decoded, encoded
from synccore.ports.engine import Run, Tick
from synccore.ports.outcomes import Later


def life(crash_at: int = 0) -> Incarnation:
    passed: list[str] = []

    def watch(name: str) -> bool:
        passed.append(name)
        return len(passed) == crash_at

    return Incarnation(watch, lambda: None)


def engine(state: EngineState, crash_at: int = 0) -> SimulatedEngine:
    loop = asyncio.get_running_loop()
    return SimulatedEngine(state, life(crash_at), loop.time, Random("1"))


def played(story: Callable[[], Any]) -> Any:
    return run_virtual(story)


def test_once_per_id_and_one_at_a_time_per_key() -> None:
    async def story() -> list[str]:
        seen: list[str] = []

        async def work(run: Run, argument: Any) -> None:
            seen.append(f"{run.id} begins")
            await asyncio.sleep(1)
            seen.append(f"{run.id} ends")

        one = engine(EngineState())
        one.register("work", work)
        await one.start()
        assert await one.submit("work", "acme", "a1", None)
        assert await one.submit("work", "acme", "a2", None)
        assert not await one.submit("work", "acme", "a1", None)
        assert await one.submit("work", "bravo", "b1", None)
        await asyncio.sleep(10)
        assert [(run.id, run.state) for run in await one.list()] == [("a1", "done"), ("a2", "done"), ("b1", "done")]
        return [entry for entry in seen if entry.startswith("a")] + [str("b1 begins" in seen[:2])]

    assert played(story) == ["a1 begins", "a1 ends", "a2 begins", "a2 ends", "True"]


def test_a_crash_at_every_point_repeats_no_remembered_step() -> None:
    async def story(crash_at: int) -> tuple[list[str], bool]:
        done: list[str] = []
        state = EngineState()

        async def one() -> str:
            done.append("one")
            return "1"

        async def two() -> str:
            done.append("two")
            return "2"

        async def work(run: Run, argument: Any) -> None:
            assert argument == {"n": 1}
            first = await run.step("one", one)
            second = await run.step("two", two)
            assert (first, second) == ("1", "2")

        before = engine(state, crash_at)
        before.register("work", work)
        await before.start()
        await before.submit("work", "acme", "a1", {"n": 1})
        await asyncio.sleep(1)
        crashed = before._life.dead
        after = engine(state)
        after.register("work", work)
        await after.start()
        await asyncio.sleep(1)
        assert [(run.id, run.state) for run in await after.list()] == [("a1", "done")]
        return done, crashed

    histories = [played(lambda n=n: story(n)) for n in range(1, 7)]
    assert all(crashed for _, crashed in histories)
    assert [done for done, _ in histories] == [
        ["one", "two"],  # before it began
        ["one", "one", "two"],  # done, not remembered: it is done again, as with any durable engine
        ["one", "two"],
        ["one", "two", "two"],
        ["one", "two"],
        ["one", "two"],
    ]


def test_a_fork_goes_on_behind_the_steps_before_it() -> None:
    async def story() -> list[str]:
        seen: list[str] = []

        async def work(run: Run, argument: Any) -> None:
            for name in ("one", "two", "three"):

                async def act(name: str = name) -> str:
                    seen.append(name)
                    return name

                await run.step(name, act)

        one = engine(EngineState())
        one.register("work", work)
        await one.start()
        await one.submit("work", "acme", "a1", None)
        await asyncio.sleep(1)
        assert [step.name for step in await one.steps("a1")] == ["one", "two", "three"]
        assert await one.fork("a1", 2, "a1.002") and not await one.fork("a1", 2, "a1.002")
        await asyncio.sleep(1)
        return seen

    assert played(story) == ["one", "two", "three", "three"]


def test_a_ticker_looks_at_its_grid_after_a_change_and_at_its_alarm_and_not_otherwise() -> None:
    async def story() -> list[float]:
        looks: list[float] = []
        loop = asyncio.get_running_loop()

        async def look() -> Tick:
            looks.append(loop.time())
            return Tick(False, next_due=5_000.0 if loop.time() < 5_000 else None)

        one = engine(EngineState())
        one.every("look", 60.0, look)
        await one.start()
        await asyncio.sleep(1_000)
        one.poke()
        one.poke()
        await asyncio.sleep(9_000)
        assert one.next_round() is None
        return looks

    assert played(story) == [0.0, 1_020.0, 5_000.0]


def test_a_ticker_that_waits_for_a_moment_a_rounding_error_away_lets_time_pass() -> None:
    """Swarm seed 40142: a ticker was called again and again at one moment, for what was due a microsecond later."""

    async def story() -> int:
        rounds = 0
        loop = asyncio.get_running_loop()

        async def look() -> Tick:
            nonlocal rounds
            rounds += 1
            if rounds > 1_000:
                await asyncio.sleep(1)
            return Tick(False, loop.time() + 1e-9) if loop.time() < 0.05 else Tick(False)

        one = engine(EngineState())
        one.every("look", 60.0, look)
        await one.start()
        await asyncio.sleep(1)
        return rounds

    assert 1 < played(story) <= 60


def test_a_failing_ticker_is_noted_and_tried_again() -> None:
    async def story() -> tuple[int, int]:
        calls: list[int] = []

        async def look() -> Tick:
            calls.append(1)
            if len(calls) == 1:
                raise RuntimeError("not today")
            return Tick(False)

        one = engine(EngineState())
        one.every("look", 60.0, look)
        await one.start()
        await asyncio.sleep(1_000)
        return len(calls), len(one.failures())

    assert played(story) == (2, 1)


def test_a_ticker_is_roused_only_by_changes_where_it_looks() -> None:
    async def story() -> tuple[list[float], list[float]]:
        looks: dict[str, list[float]] = {"here": [], "there": []}
        loop = asyncio.get_running_loop()
        one = engine(EngineState())

        def looker(system: str) -> Callable[[], Any]:
            async def look() -> Tick:
                one.asked(system)
                looks[system].append(loop.time())
                return Tick(False)

            return look

        one.every("a", 60.0, looker("here"))
        one.every("b", 60.0, looker("there"))
        await one.start()
        await asyncio.sleep(100)
        one.poke("here")
        await asyncio.sleep(500)
        one.poke()
        await asyncio.sleep(500)
        return looks["here"], looks["there"]

    assert played(story) == ([0.0, 120.0, 660.0], [0.0, 660.0])


def test_a_cancelled_run_takes_no_further_step() -> None:
    async def story() -> tuple[list[str], list[str]]:
        done: list[str] = []

        async def act() -> None:
            await asyncio.sleep(5)
            done.append("act")

        async def work(run: Run, argument: Any) -> None:
            try:
                await run.step("one", act)
                await run.step("two", act)
            except Exception:
                done.append("swallowed")

        one = engine(EngineState())
        one.register("work", work)
        await one.start()
        await one.submit("work", "acme", "a1", None)
        await one.submit("work", "acme", "a2", None)
        await asyncio.sleep(1)
        assert await one.cancel("a1")
        await asyncio.sleep(100)
        assert not await one.cancel("a1")
        return done, [run.state for run in await one.list()]

    assert played(story) == (["act", "act", "act"], ["cancelled", "done"])


def test_an_exception_is_remembered_as_a_store_would() -> None:
    async def story() -> list[str]:
        state, seen = EngineState(), []

        async def act() -> None:
            seen.append("tried")
            raise Later(5.0, "not yet", counts=False)

        async def work(run: Run, argument: Any) -> None:
            try:
                await run.step("one", act)
            except Later as later:
                seen.append(f"{later.delay_s} {later.cause} {later.counts}")
            await asyncio.sleep(10)
            await run.step("end", _nothing)

        for pause in (5.0, 50.0):
            one = engine(state)
            one.register("work", work)
            await one.start()
            await one.submit("work", "acme", "a1", None)
            await asyncio.sleep(pause)
            one._life.kill()
        return seen

    assert played(story) == ["tried", "5.0 not yet False", "5.0 not yet False"]


def test_a_ticker_that_was_called_a_hair_before_its_next_round_has_had_that_round() -> None:
    """Else it would be called again at the same moment, as long as it finds work."""

    async def story() -> int:
        loop, rounds = asyncio.get_running_loop(), []
        drift = 0.0

        async def look() -> Tick:
            rounds.append(loop.time())
            return Tick(len(rounds) < 50)

        one = SimulatedEngine(EngineState(), life(), lambda: loop.time() - drift, Random("1"))
        one.every("look", 5.0, look)
        await one.start()
        await asyncio.sleep(1)
        drift = 5e-7
        await asyncio.sleep(9.5)
        return len(rounds)

    assert played(story) == 3


async def _nothing() -> None:
    return None


def test_a_memo_is_what_a_store_would_give_back() -> None:
    for value in (None, {"at": None, "amounts": [1, 2.5, True, "null"]}, 2**70, "é\ud800"):
        assert decoded(encoded(value)) == value
    assert decoded(encoded({"parts": ((1, None), "x")})) == {"parts": [[1, None], "x"]}, "a tuple comes back as a list"
    nothing, strange = decoded(encoded([None, float("nan")]))
    assert nothing is None and math.isnan(strange), "no number is null"

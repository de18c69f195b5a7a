"""Virtual time: it jumps, it never waits, and it refuses what would make order depend on the machine."""

import asyncio
import time

import pytest

from harness.simulation.loop import Deadlock, Forbidden, run_virtual


def test_a_month_passes_at_once_and_timers_ring_in_order() -> None:
    async def story() -> list[tuple[str, float]]:
        loop = asyncio.get_running_loop()
        rung: list[tuple[str, float]] = []

        async def ring(name: str, after_s: float) -> None:
            await asyncio.sleep(after_s)
            rung.append((name, loop.time()))

        tasks = [
            loop.create_task(ring(name, after)) for name, after in (("late", 30 * 86_400.0), ("b", 5.0), ("a", 5.0))
        ]
        for task in tasks:
            await task
        return rung

    begun = time.monotonic()
    assert run_virtual(story) == [("b", 5.0), ("a", 5.0), ("late", 30 * 86_400.0)]
    assert time.monotonic() - begun < 5


def test_waiting_for_nothing_is_a_deadlock_and_not_a_hang() -> None:
    async def story() -> None:
        await asyncio.Event().wait()

    with pytest.raises(Deadlock):
        run_virtual(story)


def test_a_thread_is_refused() -> None:
    async def story() -> None:
        await asyncio.to_thread(len, ())

    with pytest.raises(Forbidden, match="thread"):
        run_virtual(story)


def test_a_time_out_strikes_in_virtual_time() -> None:
    async def story() -> float:
        try:
            async with asyncio.timeout(90.0):
                await asyncio.sleep(1_000_000.0)
        except TimeoutError:
            pass
        return asyncio.get_running_loop().time()

    assert run_virtual(story) == 90.0


def test_a_thread_fails_the_run_even_if_the_refusal_is_swallowed() -> None:
    async def story() -> str:
        try:
            await asyncio.to_thread(len, ())
        except Forbidden:
            pass
        return "as if nothing had happened"

    with pytest.raises(Forbidden):
        run_virtual(story)


def test_a_socket_is_refused() -> None:
    async def story() -> None:
        await asyncio.open_connection("127.0.0.1", 9)

    with pytest.raises(Forbidden, match=r"file or socket|thread"):
        run_virtual(story)


def test_what_is_left_behind_ends_with_its_run_and_oldest_first() -> None:
    ended: list[str] = []

    async def stay(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(name)

    async def story() -> None:
        loop = asyncio.get_running_loop()
        left = [loop.create_task(stay(name)) for name in ("first", "second", "third")]
        await asyncio.sleep(1)
        assert not any(task.done() for task in left)

    run_virtual(story)
    assert ended == ["first", "second", "third"]

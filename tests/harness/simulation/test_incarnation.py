"""A dead core: nothing it holds returns, not even by its own time-out; whoever called it sees a broken line."""

import asyncio
from typing import Any

import pytest

from harness.simulation.incarnation import Incarnation
from harness.simulation.loop import run_virtual


def test_the_dead_do_not_go_on_not_even_by_a_time_out() -> None:
    went_on: list[str] = []

    async def story() -> None:
        life = Incarnation(lambda name: name == "here", lambda: went_on.append("died"))

        async def work() -> None:
            try:
                async with asyncio.timeout(10):
                    await life.point("before")
                    await life.point("here")
                    went_on.append("behind the crash")
            except TimeoutError:
                went_on.append("timed out")

        asyncio.get_running_loop().create_task(work())
        await asyncio.sleep(1_000)
        assert life.dead
        assert went_on == ["died"]

    run_virtual(story)
    assert went_on == ["died"]


def test_a_caller_of_a_dying_core_sees_the_connection_break() -> None:
    async def story() -> Any:
        life = Incarnation(lambda _name: False, lambda: None)

        async def handler() -> str:
            await asyncio.sleep(60)
            await life.point("answer")
            return "never heard"

        async def killer() -> None:
            await asyncio.sleep(30)
            life.kill()

        asyncio.get_running_loop().create_task(killer())
        with pytest.raises(ConnectionResetError):
            await life.serve(handler())
        return asyncio.get_running_loop().time()

    assert run_virtual(story) == 30

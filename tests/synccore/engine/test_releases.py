"""Runs that another release of the core has begun: its own for a while, then ended and begun anew."""

import asyncio
from typing import Any

from synccore.engine.dispatch import TAKE_OVER_S, TICKER
from synccore.engine.retry import RetryPolicy
from synccore.ports.engine import Run
from tests.synccore.engine.test_dispatch import Desk

TRIES = RetryPolicy().error_tries_max


def test_what_another_release_began_is_its_own_for_a_while_and_is_then_ended_and_begun_anew() -> None:
    runs: list[str] = []

    async def process(run: Run, argument: Any) -> None:
        runs.append(run.id)

    async def story() -> None:
        desk = Desk(process)
        work = await desk.add()
        for _ in range(TRIES):  # as many as an unforeseen error may have: to be taken over is none
            await desk.database.run(lambda unit: unit.work.later(work, 0.0, "an outage", True))
        await desk.dispatcher.kick()
        old = (await desk.item(work)).run_id
        desk.engine.foreign.add(old)
        desk.engine.states[old] = "running"  # its worker is gone
        desk.begin()
        await desk.dispatcher.tick()
        assert desk.engine.states[old] == "running" and desk.engine.alarms[TICKER] == 1000.0 + TAKE_OVER_S
        assert desk.dispatcher.foreign == {old: 1000.0 + TAKE_OVER_S}
        desk.clock.at += TAKE_OVER_S
        await desk.dispatcher.tick()
        assert desk.engine.states[old] == "cancelled"
        assert await desk.database.run(lambda unit: unit.work.fenced(old)), "should it be alive, it writes no more"
        desk.clock.at += 30.0  # a call that the old one has under way may still end
        await desk.dispatcher.tick()
        assert (await desk.item(work)).run_id == old
        desk.clock.at += 30.0
        await desk.dispatcher.tick()
        desk.clock.at += 60.0
        await desk.play()
        await desk.dispatcher.tick()
        assert not desk.dispatcher.foreign
        assert runs == [f"w0000000001.{TRIES + 2:03d}"] and (await desk.item(work)).state == "done"

    asyncio.run(story())

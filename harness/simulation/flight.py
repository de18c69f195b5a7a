"""Play a story in simulation: a fresh virtual loop, a reset world, the runner, a result."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from itertools import count

from harness.events import Consumer
from harness.runner import Play, RunResult
from harness.scenario import Scenario
from harness.simulation.flight_plan import Flight
from harness.simulation.hangar import hangar
from harness.simulation.loop import VirtualLoop, run_virtual
from harness.simulation.pages import gather
from harness.simulation.world import SimWorld

SETTLED = 8  # flights: by then all is loaded that a process needs, and one that has flown so many will fly more

_flown = count(1)


def play(
    scenario: Scenario, seed: str = "1", consumers: Sequence[Consumer] = (), flight: Flight | None = None,
    replay: bool | None = None, before_step: Callable[[int], Awaitable[None]] | None = None,
) -> RunResult:  # fmt: skip
    """Play and judge; `replay` overrides the story's wish for two replays at its end, `before_step` may hold a step."""
    return fly(scenario, seed, consumers, flight, replay, before_step)[0]


def fly(
    scenario: Scenario, seed: str = "1", consumers: Sequence[Consumer] = (), flight: Flight | None = None,
    replay: bool | None = None, before_step: Callable[[int], Awaitable[None]] | None = None,
) -> tuple[RunResult, SimWorld]:  # fmt: skip
    """As `play`, with the world it was played in: its requests, crash points and commits."""
    if next(_flown) == SETTLED:
        gather()  # costs as much as ten flights save: each takes a tenth less from then on

    async def main() -> tuple[RunResult, SimWorld]:
        how = flight or Flight()
        world = SimWorld(hangar(scenario.world), scenario, seed, how)
        for consumer in consumers:
            world.stream.subscribe(consumer)
        await world.open()
        try:
            play = Play(scenario, world, world.stream, seed, before_step=before_step)
            if how.between is not None:
                play.between = partial(how.between, world, play)
            if how.pausing is not None:
                loop = asyncio.get_running_loop()
                assert isinstance(loop, VirtualLoop)
                loop.before_time_moves(partial(how.pausing, world, play))
            return await play.run(scenario.replay if replay is None else replay), world
        finally:
            await world.close()

    result: tuple[RunResult, SimWorld] = run_virtual(main, None if flight is None else flight.bound_s)
    return result

"""Plays stories in either world and collects the results."""

import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import structlog

from harness.events import Consumer, EventStream
from harness.runner import RunResult, run_story
from harness.scenario import Scenario, load_world
from harness.stack.home import home, private_folder
from harness.stack.journal import JournalPump
from harness.stack.launch import Plan, Progress, launch
from harness.stack.world import LiveWorld


class Sandbox(Protocol):
    """A running stack, of processes or containers, that many stories are played on one after the other."""

    world: LiveWorld

    async def begin_anew(self, genesis: float, seed: str, mappings: Mapping[str, Any]) -> None:
        """Back to the company's seed, at another story's beginning."""
        ...


Launch = Callable[[Plan, Progress], AbstractAsyncContextManager[Sandbox]]


@dataclass
class Played:
    """One finished run."""

    result: RunResult
    took_s: float


@dataclass
class Wishes:
    """How to play: consumers see every event, `say` is told what is under way."""

    consumers: list[Consumer] = field(default_factory=list)
    say: Callable[[str], None] = lambda _text: None
    core: str = ""
    profile: str = "roomy"
    after_each: Callable[[Played], None] = lambda _played: None
    only: frozenset[tuple[str, str]] | None = None  # (story, seed) of the runs to play, None for all
    before_step: Callable[[int], Awaitable[None]] | None = None
    names: Mapping[str, str] = field(default_factory=dict)  # how another core calls things

    def wants(self, scenario: Scenario, seed: str) -> bool:
        """Whether this run is to be played."""
        return self.only is None or (scenario.story, seed) in self.only


def run_folder() -> Path:
    """A fresh folder for one live run's logs and stores."""
    return Path(tempfile.mkdtemp(prefix="run-", dir=private_folder(home() / "runs")))


async def play_live(
    scenarios: list[Scenario], seeds: list[str], wishes: Wishes, start: Launch = launch
) -> list[Played]:
    """All stories with all seeds on one stack, begun anew for each; stories of another world get another stack."""
    played: list[Played] = []
    runs = [(scenario, seed) for scenario in scenarios for seed in seeds if wishes.wants(scenario, seed)]
    for world in dict.fromkeys(scenario.world for scenario, _ in runs):
        mine = [(scenario, seed) for scenario, seed in runs if scenario.world == world]
        first, first_seed = mine[0]
        folder = run_folder()
        plan = Plan(
            load_world(world), first.genesis, folder, first_seed, first.mappings, core=wishes.core,
            profile=wishes.profile,
        )  # fmt: skip
        async with start(plan, wishes.say) as stack:
            stack.world.waiting = wishes.say
            fresh = True
            for scenario, seed in mine:
                if not fresh:
                    mappings = load_world(world).mappings_with(scenario.mappings)
                    await stack.begin_anew(scenario.genesis, seed, mappings)
                fresh = False
                played.append(await _play_on(stack, scenario, seed, wishes))
                wishes.after_each(played[-1])
        if all(one.result.outcome == "holds" for one in played):
            _tidy(folder)
    return played


async def _play_on(stack: Sandbox, scenario: Scenario, seed: str, wishes: Wishes) -> Played:
    begun = time.monotonic()
    stream = EventStream(stack.world.now)
    for consumer in wishes.consumers:
        stream.subscribe(consumer)
    pump = JournalPump(stack.world, stream)
    pump.start()
    try:
        result = await run_story(
            scenario,
            stack.world,
            stream,
            seed,
            before_judging=pump.catch_up,
            before_step=wishes.before_step,
            names=wishes.names,
        )
    finally:
        await pump.close()
    return Played(result, time.monotonic() - begun)


def _tidy(folder: Path) -> None:
    """Logs and stores of runs that hold are of no use."""
    shutil.rmtree(folder, ignore_errors=True)


def hush_core() -> None:
    """In simulation the core's log tells of disturbances made on purpose: only what is critical is shown."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def play_sim(scenarios: list[Scenario], seeds: list[str], wishes: Wishes) -> list[Played]:
    """All stories with all seeds in one process, in virtual time."""
    from harness.simulation import play  # noqa: PLC0415 - the live commands need not load the core and the simulators

    hush_core()
    played: list[Played] = []
    for scenario in scenarios:
        for seed in (one for one in seeds if wishes.wants(scenario, one)):
            begun = time.monotonic()
            result = play(scenario, seed, wishes.consumers, before_step=wishes.before_step)
            played.append(Played(result, time.monotonic() - begun))
            wishes.after_each(played[-1])
    return played

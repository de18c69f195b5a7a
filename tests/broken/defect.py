"""A planted defect as a value, and how it is flown: in its story and storm, or with a crash at each of some points."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from harness.simulation.hangar import Hangar, hangar
from harness.simulation.world import Change

Lie = Callable[[Hangar], AbstractContextManager[None]]


@dataclass(frozen=True)
class Crash:
    """Points at which the core dies: the first `count` that fit `point` behind one that fits `after`, a flight each."""

    point: str
    after: str = "*"
    count: int = 1

    def numbers(self, points: list[str]) -> list[int]:
        """Their numbers, from 1."""
        begin = next((number for number, name in enumerate(points) if fnmatchcase(name, self.after)), len(points))
        fitting = [number + 1 for number in range(begin, len(points)) if fnmatchcase(points[number], self.point)]
        return fitting[: self.count]


@dataclass(frozen=True)
class Defect:
    """A wrong core (`change`) or a lying system (`lie`), the story with the storm in which it shows, and its judges."""

    name: str
    says: str
    scenario: Scenario
    caught_by: frozenset[str]
    change: Change | None = None
    lie: Lie | None = None
    crash: Crash | None = None
    replay: bool = False


@cache
def defect(name: str) -> Defect:
    """The defect of the module with this name."""
    module: Any = importlib.import_module(f"tests.broken.{name}")
    return Defect(
        name, (module.__doc__ or "").strip(), module.STORY, frozenset(module.CAUGHT_BY),
        getattr(module, "change", None), getattr(module, "lie", None), getattr(module, "CRASH", None),
        getattr(module, "REPLAY", False),
    )  # fmt: skip


def flights(planted: Defect, *, real: bool = False, seed: str = "1") -> Iterator[RunResult]:
    """All runs of the defect, or the same stories and storms with the real core and honest systems."""
    change = None if real else planted.change
    lying = nullcontext() if real or planted.lie is None else planted.lie(hangar(planted.scenario.world))
    with lying:
        if planted.crash is None:
            yield fly(planted.scenario, seed, flight=Flight(change), replay=planted.replay)[0]
            return
        points = fly(planted.scenario, seed, flight=Flight(change), replay=False)[1].points
        for number in planted.crash.numbers(points):
            flight = Flight(change, crash_at=number)
            result, world = fly(planted.scenario, seed, flight=flight, replay=planted.replay)
            assert world.crashes, f"{planted.name}: no crash at point {number}"
            yield result


def broken(results: list[RunResult]) -> dict[str, list[str]]:
    """The findings of all judges that found something wrong, by judge."""
    found: dict[str, list[str]] = {}
    for result in results:
        for verdict in result.verdicts:
            if verdict.outcome == "broken":
                found.setdefault(verdict.invariant, []).extend(verdict.findings)
    return found

"""A planted defect as a value, and how it is flown: in its story and storm, or with a crash at each of some points."""

import importlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial
from pathlib import Path
from typing import Any

from harness.explaining import Failing
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from harness.simulation.flight_plan import Change
from harness.simulation.hangar import Hangar, hangar

Lie = Callable[[Hangar], AbstractContextManager[None]]
PROOFLESS = frozenset(("I27",))  # what these alone see may be the storm's doing


@dataclass(frozen=True)
class Crash:
    """Points at which the core dies: the first `count` that fit `point` behind one that fits `after`, a flight each.

    `stopped_s`: it does not die there, it is stopped, and wakes up so long after, when another worker has taken over.
    """

    point: str
    after: str = "*"
    count: int = 1
    stopped_s: float = 0.0

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

    def lying(self, world: str) -> AbstractContextManager[None]:
        """While it is entered, the systems of that world lie as the defect has it."""
        return nullcontext() if self.lie is None else self.lie(hangar(world))


def names(package: str) -> list[str]:
    """Modules of a package that plant a defect (they say `CAUGHT_BY`): wrong cores, then lying systems."""
    folder = Path(str(importlib.import_module(package).__file__)).parent
    texts = {path.stem: path.read_text() for path in sorted(folder.glob("*.py"))}
    planted = [name for name, text in texts.items() if "\nCAUGHT_BY = " in text]
    return sorted(planted, key=lambda name: ("\ndef lie(" in texts[name], name))


@cache
def planted(package: str, name: str) -> Defect:
    """The defect of the module with this name."""
    module: Any = importlib.import_module(f"{package}.{name}")
    return Defect(
        name, (module.__doc__ or "").strip(), module.STORY, frozenset(module.CAUGHT_BY),
        getattr(module, "change", None), getattr(module, "lie", None), getattr(module, "CRASH", None),
        getattr(module, "REPLAY", False),
    )  # fmt: skip


def flights(
    defect: Defect, *, real: bool = False, seed: str = "1", bound_s: float | None = None
) -> Iterator[RunResult]:  # fmt: skip
    """All runs of the defect, or the same stories and storms with the real core and honest systems.

    A defect that crashes and finds no such point in its story has no run.
    """
    change = None if real else defect.change
    with nullcontext() if real else defect.lying(defect.scenario.world):
        if defect.crash is None:
            flight = Flight(change, bound_s=bound_s)
            yield fly(defect.scenario, seed, flight=flight, replay=defect.replay)[0]
            return
        calm = fly(defect.scenario, seed, flight=Flight(change, bound_s=bound_s), replay=False)[1]
        for number in defect.crash.numbers(calm.points):
            flight = Flight(change, crash_at=number, stopped_s=defect.crash.stopped_s, bound_s=bound_s)
            result, world = fly(defect.scenario, seed, flight=flight, replay=defect.replay)
            assert world.crashes, f"{defect.name}: no crash at point {number}"
            yield result


def failing_of(package: str, name: str) -> Failing | None:
    """The first flight of a defect in which somebody sees it, to be explained; None if nobody does."""
    defect = planted(package, name)
    seen = [bool(set(broken([result])) - PROOFLESS) for result in flights(defect)]
    if True not in seen:
        return None
    lying = nullcontext if defect.lie is None else partial(defect.lying, defect.scenario.world)
    failing = Failing(defect.scenario, flight=Flight(defect.change), lying=lying, replay=defect.replay)
    if defect.crash is None:
        return failing
    with lying():
        points = fly(defect.scenario, flight=Flight(defect.change), replay=False)[1].points
    number = defect.crash.numbers(points)[seen.index(True)]
    return replace(failing, flight=Flight(defect.change, number, stopped_s=defect.crash.stopped_s))


def broken(results: list[RunResult]) -> dict[str, list[str]]:
    """The findings of all judges that found something wrong, by judge."""
    found: dict[str, list[str]] = {}
    for result in results:
        for verdict in result.verdicts:
            if verdict.outcome == "broken":
                found.setdefault(verdict.invariant, []).extend(verdict.findings)
    return found

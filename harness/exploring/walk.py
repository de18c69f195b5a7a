"""A story flown through many points: the undisturbed run is played once, and each point is a branch of it.

Each is judged as any run is, and must end like the undisturbed one besides (I20), unless the story is interleaved.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.exploring.forks import Forks, Judged
from harness.exploring.likeness import Row, likeness, unlike
from harness.exploring.points import RECOVERY, Point, Points, points_of
from harness.report.repeat import source_of
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from harness.simulation.world import Change, SimWorld


@dataclass
class Exploration:
    """All that was found, in the order of the points."""

    story: str
    seed: str
    source: str  # the story's name or file, as a command takes it
    judged: list[Judged] = field(default_factory=list)
    left_out: int = 0  # points of the story that were not flown, because another one's run is known to be the same

    @property
    def failed(self) -> list[Judged]:
        """Points after which the story did not hold."""
        return [one for one in self.judged if one.outcome != "holds"]

    @property
    def missed(self) -> list[Judged]:
        """Points that were never reached: they prove nothing."""
        return [one for one in self.judged if not one.hit]

    @property
    def outcome(self) -> Literal["holds", "broken", "unknown"]:
        """Broken if one run broke; unknown if one could not be judged or nothing was explored."""
        outcomes = {one.outcome for one in self.judged}
        if "broken" in outcomes:
            return "broken"
        return "unknown" if "unknown" in outcomes or not outcomes or self.missed else "holds"


def explore_point(scenario: Scenario, seed: str, point: Point) -> Judged:
    """Fly through one point from the start and judge, without the comparison."""
    return _judged(point, *fly(scenario, seed, flight=point.flight(), replay=False), None)


def explore(
    scenario: Scenario, seed: str = "1", points: Points = "all", workers: int = 1, only: Sequence[Point] | None = None,
    progress: Callable[[int, int, Judged], None] = lambda _done, _of, _judged: None,
    stop_at_first: bool = False, change: Change | None = None,
) -> Exploration:  # fmt: skip
    """Fly through all points (or `only` the given ones), so many at a time; `progress` hears of each result.

    `change`: another core, see Flight.
    """
    chosen = list(only) if only is not None else points_of(scenario, seed, points)
    exploration = Exploration(scenario.story, seed, source_of(scenario))
    runs = sum(RECOVERY if point.begins_pairs else 1 for point in chosen)

    def tell(judged: Judged) -> bool:
        exploration.judged.append(judged)
        progress(len(exploration.judged), max(runs, len(exploration.judged)), judged)
        return not (stop_at_first and judged.outcome != "holds")

    _walk(scenario, seed, Forks.of(chosen, workers, tell), change, _calm(scenario, seed, change))
    place = {(point.kind, point.number, point.outcome): number for number, point in enumerate(chosen)}

    def order(judged: Judged) -> tuple[int, int]:
        point = judged.point
        return place[point.kind, point.number, point.outcome], point.again

    exploration.judged.sort(key=order)
    return exploration


def _calm(scenario: Scenario, seed: str, change: Change | None) -> Counter[Row] | None:
    """What the undisturbed run ends with; None where chance decides which of two people comes first."""
    if scenario.interleaved:
        return None
    evidence = fly(scenario, seed, flight=Flight(change), replay=False)[0].evidence
    return likeness(evidence.canon) if evidence is not None else None


def _walk(scenario: Scenario, seed: str, forks: Forks, change: Change | None, calm: Counter[Row] | None) -> None:
    """Play the story once, and each of its branches in a process of its own."""
    pairs = any(point.begins_pairs for points in forks.wanted.values() for point in points)
    flight = Flight(change, traced=pairs, passing=forks.passing)
    try:
        result, world = fly(scenario, seed, flight=flight, replay=False)
        if forks.point is not None:
            forks.leave([] if forks.point.begins_pairs else [_judged(forks.point, result, world, calm)])
        forks.finish()
    except Exception as error:
        if forks.point is None:
            raise
        forks.leave([Judged(forks.point, "broken", (f"it could not be flown: {error!r}",), True)])
    finally:
        forks.abandon()
    for points in forks.wanted.values():  # never passed
        for point in points:
            forks.tell(_judged(point, result, world, None))


def _judged(point: Point, result: RunResult, world: SimWorld, calm: Counter[Row] | None) -> Judged:
    if point.kind != "call":
        hit = world.crashes == (2 if point.kind == "pair" else 1)
    else:
        hit = any(
            fault.id == "explored" and fault.hits for one in world.hangar.systems.values() for fault in one.faults
        )
    outcome, findings = result.outcome, list(result.findings[:5])
    if calm is not None and result.evidence is not None and (found := unlike(calm, likeness(result.evidence.canon))):
        outcome, findings = "broken", [*findings, *found]
    return Judged(point, outcome, tuple(findings), hit)

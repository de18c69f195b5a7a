"""A story flown through many points: the undisturbed run is played once, and each point is a branch of it.

Each is judged as any run is, and must end like the undisturbed one besides (I20), unless the story is interleaved.
One whose world comes to rest between two steps as that of a run that holds has that run's rest as its own
(`standing`), and stops there: it holds as well.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.exploring.forks import Forks, Judged, Rest
from harness.exploring.likeness import Row, likeness, unlike
from harness.exploring.points import RECOVERY, Point, Points, points_of
from harness.exploring.standing import EXPLORED, Standings
from harness.report.repeat import source_of
from harness.runner import Play, RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from harness.simulation.flight_plan import Change
from harness.simulation.world import SimWorld


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
    def converged(self) -> int:
        """Points whose run ended early, because it went on as another one."""
        return sum(one.converged > 0 for one in self.judged)

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
    stop_at_first: bool = False, change: Change | None = None, whole: bool = False,
) -> Exploration:  # fmt: skip
    """Fly through all points (or `only` the given ones), so many at a time; `progress` hears of each result.

    `change`: another core, see Flight. `whole`: each run is played to the story's end.
    """
    chosen = list(only) if only is not None else points_of(scenario, seed, points)
    exploration = Exploration(scenario.story, seed, source_of(scenario))
    runs = sum(RECOVERY if point.begins_pairs else 1 for point in chosen)

    def tell(judged: Judged) -> bool:
        exploration.judged.append(judged)
        progress(len(exploration.judged), max(runs, len(exploration.judged)), judged)
        return not (stop_at_first and judged.outcome != "holds")

    rests = _Rests(set())
    calm = _calm(scenario, seed, change, rests)
    good = None if whole or calm is None else rests.good
    _walk(scenario, seed, Forks.of(chosen, workers, tell, good), change, calm, rests)
    place = {(point.kind, point.number, point.outcome): number for number, point in enumerate(chosen)}

    def order(judged: Judged) -> tuple[int, int]:
        point = judged.point
        return place[point.kind, point.number, point.outcome], point.again

    exploration.judged.sort(key=order)
    return exploration


class _Converged(Exception):
    """From here on the run is another one's."""


@dataclass
class _Rests:
    """How the worlds of the runs of a story have rested between its steps."""

    good: set[Rest]
    standings: Standings = field(default_factory=Standings)
    mine: set[Rest] = field(default_factory=set)  # of this process's run

    async def note(self, world: SimWorld, play: Play, step: int) -> bool:
        """How it rests before a step; True when a run that rested so holds."""
        standing = await self.standings.of(world, play)
        if standing is None:
            return False
        self.mine.add((step, standing))
        return (step, standing) in self.good


def _calm(scenario: Scenario, seed: str, change: Change | None, rests: _Rests) -> Counter[Row] | None:
    """What the undisturbed run ends with; None where chance decides which of two people comes first."""
    if scenario.interleaved:
        return None

    async def between(world: SimWorld, play: Play, step: int) -> None:
        await rests.note(world, play, step)

    result = fly(scenario, seed, flight=Flight(change, between=between), replay=False)[0]
    if result.outcome == "holds":
        rests.good |= rests.mine
    rests.mine.clear()
    return likeness(result.evidence.canon) if result.evidence is not None else None


def _walk(
    scenario: Scenario, seed: str, forks: Forks, change: Change | None, calm: Counter[Row] | None, rests: _Rests
) -> None:  # fmt: skip
    """Play the story once, and each of its branches in a process of its own."""
    pairs = any(point.begins_pairs for points in forks.wanted.values() for point in points)
    early: list[Judged] = []

    async def between(world: SimWorld, play: Play, step: int) -> None:
        point = forks.point
        if forks.good is None or (point is not None and (point.begins_pairs or not _hit(point, world))):
            return
        rests.good = forks.good
        if point is None:
            await rests.note(world, play, step)
            rests.mine.clear()
            return
        if await rests.note(world, play, step):
            early.append(Judged(point, "holds", (), True, step, frozenset(rests.mine)))
            raise _Converged

    flight = Flight(change, traced=pairs, passing=forks.passing, between=between)
    try:
        result, world = fly(scenario, seed, flight=flight, replay=False)
        if forks.point is not None:
            own = [] if forks.point.begins_pairs else [_judged(forks.point, result, world, calm)]
            forks.leave([replace(one, rested=frozenset(rests.mine)) for one in own])
        forks.finish()
    except _Converged:
        forks.leave(early)
    except Exception as error:
        if forks.point is None:
            raise
        forks.leave([Judged(forks.point, "broken", (f"it could not be flown: {error!r}",), True)])
    finally:
        forks.abandon()
    for points in forks.wanted.values():  # never passed
        for point in points:
            forks.tell(_judged(point, result, world, None))


def _hit(point: Point, world: SimWorld) -> bool:
    if point.kind != "call":
        return world.crashes == (2 if point.kind == "pair" else 1)
    return any(fault.id == EXPLORED and fault.hits for one in world.hangar.systems.values() for fault in one.faults)


def _judged(point: Point, result: RunResult, world: SimWorld, calm: Counter[Row] | None) -> Judged:
    outcome, findings = result.outcome, list(result.findings[:5])
    if calm is not None and result.evidence is not None and (found := unlike(calm, likeness(result.evidence.canon))):
        outcome, findings = "broken", [*findings, *found]
    return Judged(point, outcome, tuple(findings), _hit(point, world))

"""A story flown through many points: the undisturbed run is played once, and each point is a branch of it.

Each is judged as any run is, and must end like the undisturbed one besides (I20), unless the story is interleaved.
One whose world comes to rest as that of a run that holds, between two steps or while one lets time pass, has that
run's rest as its own (`standing`), and stops there: it holds as well.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from harness.exploring.forks import Forks, Judged, Rest
from harness.exploring.history import went_back
from harness.exploring.likeness import Row, likeness, unlike
from harness.exploring.moments import GRAIN_S, moment
from harness.exploring.points import RECOVERY, Point, Points, points_of
from harness.exploring.standing import EXPLORED, Standings
from harness.report.repeat import source_of
from harness.runner import Play, RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly
from harness.simulation.flight_plan import Change
from harness.simulation.pages import gather
from harness.simulation.world import SimWorld
from harness.world import NotQuiet

_PASSING = ("settle", "advance")  # steps that let time pass and do nothing else


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
    gather()
    _walk(scenario, seed, Forks.of(chosen, workers, tell, good), change, calm, rests)
    place = {(point.kind, point.number, point.outcome): number for number, point in enumerate(chosen)}

    def order(judged: Judged) -> tuple[int, int]:
        point = judged.point
        return place[point.kind, point.number, point.outcome], point.again

    exploration.judged.sort(key=order)
    return exploration


@dataclass
class _Rests:
    """How the worlds of the runs of a story have rested: between its steps, and within those that let time pass."""

    good: set[Rest]  # those from which a run came to hold
    standings: Standings = field(default_factory=Standings)
    mine: set[Rest] = field(default_factory=set)  # of this process's run
    step: int = 0  # that is being taken
    _seen: object = None  # what the world was when it was summed up last
    _pauses: int = 0
    _skip: int = 0  # so many changes of it are not looked at

    async def before(self, world: SimWorld, play: Play, step: int) -> bool:
        """How it rests before a step; True when a run that rested so holds. Before it is judged it is let come to
        rest first: what the judges of the end are shown is at hand by then.
        """
        self.step = step
        if step > len(play.scenario.steps) + 1:
            try:
                await world.settle()
            except NotQuiet:
                return False
        return self._note(world, play, step, moment(world.now()))

    def within(self, world: SimWorld, play: Play, each: bool = True) -> bool:
        """How it rests within a step; True when a run that rested so holds. If not `each` time, then ever more seldom:
        a run that has not come back to another's soon hardly ever does before its next step.
        """
        steps = play.scenario.steps
        if not 0 < self.step <= len(steps) or steps[self.step - 1].verb not in _PASSING or play.storm.watching:
            return False
        seen = (world.commits, int(world.now() // GRAIN_S), *(one.store.state for one in world.hangar.systems.values()))
        if seen == self._seen:
            return False
        self._seen = seen
        if self._skip:
            self._skip -= 1
            return False
        noted = len(self.mine)
        ends = moment(world.now()) if steps[self.step - 1].verb == "settle" else ""  # with it, and the rest begins
        found = self._note(world, play, -self.step, ends)
        if not each and len(self.mine) > noted:
            self._pauses += 1
            self._skip = self._pauses // 4
        return found

    def _note(self, world: SimWorld, play: Play, where: int, when: str) -> bool:
        standing = self.standings.of(world, play, when)
        if standing is None:
            self._seen = None
            return False
        self.mine.add((where, standing))
        return (where, standing) in self.good and not went_back(world)


def _calm(scenario: Scenario, seed: str, change: Change | None, rests: _Rests) -> Counter[Row] | None:
    """What the undisturbed run ends with; None where chance decides which of two people comes first."""
    if scenario.interleaved:
        return None

    async def between(world: SimWorld, play: Play, step: int) -> None:
        await rests.before(world, play, step)

    flight = Flight(change, between=between, pausing=rests.within)
    result = fly(scenario, seed, flight=flight, replay=False)[0]
    if result.outcome == "holds":
        rests.good |= rests.mine
    return likeness(result.evidence.canon) if result.evidence is not None else None


def _walk(
    scenario: Scenario, seed: str, forks: Forks, change: Change | None, calm: Counter[Row] | None, rests: _Rests
) -> None:  # fmt: skip
    """Play the story once, and each of its branches in a process of its own."""
    pairs = any(point.begins_pairs for points in forks.wanted.values() for point in points)

    def looks(world: SimWorld) -> bool:
        """May this run end here? The undisturbed one looks as well, for what its branches then know already."""
        point = forks.point
        if forks.good is None:
            return False
        rests.good = forks.good
        if point is None:
            rests.mine.clear()
        return point is None or not (point.begins_pairs or not _hit(point, world))

    def end(step: int) -> None:
        if forks.point is not None:
            forks.leave([Judged(forks.point, "holds", (), True, step, frozenset(rests.mine))])

    async def between(world: SimWorld, play: Play, step: int) -> None:
        if looks(world) and await rests.before(world, play, step):
            end(step)

    def pausing(world: SimWorld, play: Play) -> None:
        if looks(world) and rests.within(world, play, each=forks.point is None):
            end(rests.step)

    flight = Flight(change, traced=pairs, passing=forks.passing, between=between, pausing=pausing)
    try:
        result, world = fly(scenario, seed, flight=flight, replay=False)
        if forks.point is not None:
            own = [] if forks.point.begins_pairs else [_judged(forks.point, result, world, calm)]
            forks.leave([replace(one, rested=frozenset(rests.mine)) for one in own])
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


def _hit(point: Point, world: SimWorld) -> bool:
    if point.kind != "call":
        return world.crashes == (2 if point.kind == "pair" else 1)
    return any(fault.id == EXPLORED and fault.hits for one in world.hangar.systems.values() for fault in one.faults)


def _judged(point: Point, result: RunResult, world: SimWorld, calm: Counter[Row] | None) -> Judged:
    outcome, findings = result.outcome, list(result.findings[:5])
    if calm is not None and result.evidence is not None and (found := unlike(calm, likeness(result.evidence.canon))):
        outcome, findings = "broken", [*findings, *found]
    return Judged(point, outcome, tuple(findings), _hit(point, world))

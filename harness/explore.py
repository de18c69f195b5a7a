"""Exhaustive exploration of a story: every request of the core x every outcome, a crash at every crash point, and pairs
of crashes: one, and another while the core recovers from it.
"""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from harness.report.repeat import source_of
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly

Points = Literal["calls", "crashes", "all", "pairs"]

# What can become of one request: each is a fault of the systems' tables, struck at exactly this request.
OUTCOMES = (
    "refuse", "timeout", "lost_answer", "slow_applied", "server_error_before", "server_error_after", "limit",
    "repeat", "truncated_body", "invalid_body", "expire_credentials",
)  # fmt: skip
RECOVERY = 12  # points after a restart at which the core dies again: where it takes up what it had begun
SLOW_S = 45.0  # longer than the core waits for an answer, so that a slow request is applied after it gave up


@dataclass(frozen=True)
class Point:
    """One run of the exploration: a disturbed request, a crash, or a crash and another `again` points after it."""

    kind: Literal["call", "crash", "pair"]
    number: int
    outcome: str
    what: str
    again: int = 0

    def __str__(self) -> str:
        later = f" + {self.again}" if self.again else ""
        return f"{self.kind} {self.number}{later} ({self.what}) {self.outcome}".strip()

    @property
    def options(self) -> str:
        """As `windtunnel explain` takes it."""
        if self.kind == "crash":
            return f"--crash {self.number}"
        if self.kind == "pair":
            return f"--crash {self.number} --crash-again {self.again}"
        return f"--request {self.number} --outcome {self.outcome}"

    def flight(self) -> Flight:
        """How to fly through it."""
        if self.kind == "crash":
            return Flight(crash_at=self.number)
        if self.kind == "pair":
            return Flight(crash_at=self.number, crash_again=self.again)
        return Flight(call_at=self.number, outcome=self.outcome, delay_s=SLOW_S)


@dataclass(frozen=True)
class Judged:
    """What became of one point: the run's outcome, its findings, and whether the point was really hit."""

    point: Point
    outcome: str
    findings: tuple[str, ...]
    hit: bool


@dataclass
class Exploration:
    """All that was found."""

    story: str
    seed: str
    source: str  # the story's name or file, as a command takes it
    judged: list[Judged] = field(default_factory=list)

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


class NotFlyable(RuntimeError):
    """The story does not hold even undisturbed: there is nothing to explore."""

    def __init__(self, result: RunResult) -> None:
        super().__init__("; ".join(result.findings[:3]) or result.broken_off or result.outcome)
        self.result = result


def points_of(scenario: Scenario, seed: str, points: Points) -> list[Point]:
    """Every point of the undisturbed run; NotFlyable when that one does not hold.

    Pairs are told by their first crash, at every point that leaves something else behind than the one before it.
    """
    result, world = fly(scenario, seed, flight=Flight(traced=points == "pairs"), replay=False)
    if result.outcome != "holds":
        raise NotFlyable(result)
    found: list[Point] = []
    if points in ("calls", "all"):
        for number, (system, what) in enumerate(world.requests, start=1):
            found += [Point("call", number, outcome, f"{system} {what}") for outcome in OUTCOMES]
    if points in ("crashes", "all"):
        found += [Point("crash", number, "", name) for number, name in enumerate(world.points, start=1)]
    if points == "pairs":
        found += [Point("pair", number, "", world.points[number - 1]) for number in _telling(world.traces, 0)]
    return found


def _telling(traces: Sequence[Any], after: int) -> list[int]:
    """Numbers of the points behind `after` that differ from the one before in what outlives a crash."""
    return [at + 1 for at in range(after, len(traces)) if at == 0 or traces[at] != traces[at - 1]]


def pairs_of(scenario: Scenario, seed: str, first: Point, recovery: int = RECOVERY) -> list[Point]:
    """The first crash of a pair with each of the first telling points of the recovery from it."""
    flight = Flight(crash_at=first.number, traced=True)
    world = fly(scenario, seed, flight=flight, replay=False)[1]
    later = _telling(world.traces, first.number)[:recovery]
    what = f"{first.what}, then"
    return [replace(first, what=f"{what} {world.points[number - 1]}", again=number - first.number) for number in later]


def explore_pairs(scenario: Scenario, seed: str, first: Point, recovery: int = RECOVERY) -> list[Judged]:
    """Fly all pairs that begin with this crash."""
    return [explore_point(scenario, seed, pair) for pair in pairs_of(scenario, seed, first, recovery)]


def explore_point(scenario: Scenario, seed: str, point: Point) -> Judged:
    """Fly through one point and judge."""
    result, world = fly(scenario, seed, flight=point.flight(), replay=False)
    if point.kind != "call":
        hit = world.crashes == (2 if point.kind == "pair" else 1)
    else:
        hit = any(
            fault.id == "explored" and fault.hits for one in world.hangar.systems.values() for fault in one.faults
        )
    return Judged(point, result.outcome, tuple(result.findings[:5]), hit)


def explore(
    scenario: Scenario, seed: str = "1", points: Points = "all", workers: int = 1, only: Sequence[Point] | None = None,
    progress: Callable[[int, int, Judged], None] = lambda _done, _of, _judged: None,
    stop_at_first: bool = False,
) -> Exploration:  # fmt: skip
    """Fly through all points (or `only` the given ones), on so many processes; `progress` hears of each result."""
    chosen = list(only) if only is not None else points_of(scenario, seed, points)
    exploration = Exploration(scenario.story, seed, source_of(scenario))
    runs = sum(RECOVERY if _begins_pairs(point) else 1 for point in chosen)
    for judged in _flown(scenario, seed, chosen, workers):
        exploration.judged.append(judged)
        progress(len(exploration.judged), max(runs, len(exploration.judged)), judged)
        if stop_at_first and judged.outcome != "holds":
            break
    return exploration


def _flown(scenario: Scenario, seed: str, points: list[Point], workers: int) -> Iterator[Judged]:
    if workers <= 1:
        for point in points:
            yield from _through(scenario, seed, point)
        return
    context = multiprocessing.get_context("fork")
    with context.Pool(workers, _enter, (scenario, seed)) as pool:
        for found in pool.imap(_explore_here, points, chunksize=4):
            yield from found


def _begins_pairs(point: Point) -> bool:
    return point.kind == "pair" and not point.again


def _through(scenario: Scenario, seed: str, point: Point) -> list[Judged]:
    if _begins_pairs(point):
        return explore_pairs(scenario, seed, point)
    return [explore_point(scenario, seed, point)]


_here: tuple[Scenario, str] | None = None


def _enter(scenario: Scenario, seed: str) -> None:
    global _here  # noqa: PLW0603 - a worker process has one story for all its life
    _here = (scenario, seed)


def _explore_here(point: Point) -> list[Judged]:
    assert _here is not None
    return _through(*_here, point)

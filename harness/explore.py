"""Exhaustive exploration of a story: every request of the core x every outcome, and a crash at every crash point."""

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.report.repeat import source_of
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.simulation import Flight, fly

Points = Literal["calls", "crashes", "all"]

# What can become of one request: each is a fault of the systems' tables, struck at exactly this request.
OUTCOMES = (
    "refuse", "timeout", "lost_answer", "slow_applied", "server_error_before", "server_error_after", "limit",
    "repeat", "truncated_body", "invalid_body", "expire_credentials",
)  # fmt: skip
SLOW_S = 45.0  # longer than the core waits for an answer, so that a slow request is applied after it gave up


@dataclass(frozen=True)
class Point:
    """One run of the exploration: a disturbed request, or a crash."""

    kind: Literal["call", "crash"]
    number: int
    outcome: str
    what: str

    def __str__(self) -> str:
        return f"{self.kind} {self.number} ({self.what}) {self.outcome}".strip()

    @property
    def options(self) -> str:
        """As `windtunnel explain` takes it."""
        if self.kind == "crash":
            return f"--crash {self.number}"
        return f"--request {self.number} --outcome {self.outcome}"

    def flight(self) -> Flight:
        """How to fly through it."""
        if self.kind == "crash":
            return Flight(crash_at=self.number)
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
    """Every point of the undisturbed run; NotFlyable when that one does not hold."""
    result, world = fly(scenario, seed, replay=False)
    if result.outcome != "holds":
        raise NotFlyable(result)
    found: list[Point] = []
    if points in ("calls", "all"):
        for number, (system, what) in enumerate(world.requests, start=1):
            found += [Point("call", number, outcome, f"{system} {what}") for outcome in OUTCOMES]
    if points in ("crashes", "all"):
        found += [Point("crash", number, "", name) for number, name in enumerate(world.points, start=1)]
    return found


def explore_point(scenario: Scenario, seed: str, point: Point) -> Judged:
    """Fly through one point and judge."""
    result, world = fly(scenario, seed, flight=point.flight(), replay=False)
    if point.kind == "crash":
        hit = world.crashes > 0
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
    for judged in _flown(scenario, seed, chosen, workers):
        exploration.judged.append(judged)
        progress(len(exploration.judged), len(chosen), judged)
        if stop_at_first and judged.outcome != "holds":
            break
    return exploration


def _flown(scenario: Scenario, seed: str, points: list[Point], workers: int) -> Iterator[Judged]:
    if workers <= 1:
        for point in points:
            yield explore_point(scenario, seed, point)
        return
    context = multiprocessing.get_context("fork")
    with context.Pool(workers, _enter, (scenario, seed)) as pool:
        yield from pool.imap(_explore_here, points, chunksize=4)


_here: tuple[Scenario, str] | None = None


def _enter(scenario: Scenario, seed: str) -> None:
    global _here  # noqa: PLW0603 - a worker process has one story for all its life
    _here = (scenario, seed)


def _explore_here(point: Point) -> Judged:
    assert _here is not None
    return explore_point(*_here, point)

"""What it costs to branch a run of the simulation off another, and what exploration gains by it."""

import os
import resource
import statistics
import time
from pathlib import Path

from harness.bench.measure import Figure
from harness.exploring import Point, distinct, explore, explore_point, points_of
from harness.scenario import Scenario, load_story, read_story
from harness.simulation import Flight, fly
from harness.simulation.world import SimWorld

STORIES = Path(__file__).parents[2] / "scenarios"
EVERY = 40  # a point in so many is flown both ways
SELDOM = 60  # one in so many of the golden stories' points
PROCESSORS = 2
FORKS = 20
BAR_MS = "50"
GOLDEN_BAR_MIN = "10"
CUSTOMERS = 490  # their contracts, bills, postings and payments are some 10,000 records over four systems
MANY = f"""
story: many
title: Many customers have a contract, a bill and a posting
steps:
  - sell_many: {{id: bulk, count: {CUSTOMERS}, entity: US, country: US, state: IL, city: Chicago,
                lines: [{{sku: PLAT-ANNUAL, quantity: 3}}]}}
  - settle: 12h
"""


def branches(story: str = "new-business") -> list[Figure]:
    """The fork of a large world, exploration by branches beside runs from the start, and what need not be flown."""
    scenario = load_story(STORIES / f"{story}.yaml")
    points = points_of(scenario, "1", "all")
    chosen = distinct(points)[::EVERY]
    whole, branched = _cpu_s(scenario, chosen, False), _cpu_s(scenario, chosen, True)
    near = distinct(points)[:: EVERY // 4][: 4 * len(chosen)]
    begun = _used_s()
    ended = explore(scenario, only=near)
    early = _used_s() - begun
    left, ratio = len(distinct(points)), early / len(near) * len(chosen) / branched
    return [
        _fork_of_many(),
        Figure(f"{story}: CPU of {len(chosen)} runs by branches beside runs from the start", branched, "s", whole,
               branched / whole),
        Figure(f"{story}: points that are flown, of all", left, "runs", len(points), left / len(points), "",
               "the others' runs are known to be the same as one that is flown"),
        Figure(f"{story}: CPU of a branch that may end as another run, beside one played to the end",
               1000 * early / len(near), "ms", 1000 * branched / len(chosen), ratio),
        Figure(f"{story}: branches that ended early, of {len(near)}", ended.converged, "runs", len(near),
               ended.converged / len(near), "", "their worlds rested as another run's that holds"),
        Figure(f"{story}: all points, extrapolated", left * early / len(near) / 60, "min of CPU"),
        _golden(),
    ]  # fmt: skip


def _golden() -> Figure:
    """How long `windtunnel chaos golden` takes where nothing else runs: a part of the points, and as many the rest."""
    stories = [load_story(path) for path in sorted((STORIES / "golden").glob("*.yaml"))]
    cpu_s, runs = 0.0, 0
    for scenario in stories:
        points = distinct(points_of(scenario, "1", "all"))
        part = points[SELDOM // 2 :: SELDOM]
        begun = _used_s()
        explore(scenario, only=[])
        trunk = _used_s() - begun
        if explore(scenario, only=part).failed:
            raise RuntimeError(f"{scenario.story} does not hold at every point: `windtunnel chaos golden` says where")
        branches = max(0.0, _used_s() - begun - 2 * trunk)
        cpu_s, runs = cpu_s + trunk + branches * len(points) / len(part), runs + len(points)
    minutes = cpu_s / PROCESSORS / 60
    return Figure(
        f"{len(stories)} golden stories, {runs} runs on {PROCESSORS} processors, extrapolated", minutes, "min", None,
        None, GOLDEN_BAR_MIN,
    )  # fmt: skip


def _cpu_s(scenario: Scenario, points: list[Point], by_branches: bool) -> float:
    begun = _used_s()
    judged = explore(scenario, only=points, whole=True).judged if by_branches else [
        explore_point(scenario, "1", point) for point in points
    ]  # fmt: skip
    if any(one.outcome != "holds" for one in judged):
        raise RuntimeError(f"{scenario.story} does not hold at every point: there is nothing to compare")
    return _used_s() - begun


def _used_s() -> float:
    own, others = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + others.ru_utime + others.ru_stime


def _fork_of_many() -> Figure:
    """Milliseconds until a branch of the world has begun to go on, at the last crash point of its run."""
    scenario = read_story(MANY)
    last = len(fly(scenario, "1", replay=False)[1].points)
    took: list[float] = []

    def passing(_world: SimWorld, kind: str, number: int) -> None:
        if kind == "crash" and number == last:
            took.extend(_fork_ms() for _ in range(FORKS))

    result, world = fly(scenario, "1", flight=Flight(passing=passing), replay=False)
    if result.outcome != "holds":
        raise RuntimeError(f"the many customers' story does not hold: {result.findings[:3]}")
    records = sum(
        len(rows) for system in world.hangar.systems.values() for rows in system.books().values()
        if isinstance(rows, list)
    )  # fmt: skip
    return Figure(f"a fork of a world with {records:,} records", statistics.median(took), "ms", None, None, BAR_MS)


def _fork_ms() -> float:
    mine, its = os.pipe()
    begun = time.perf_counter()
    child = os.fork()
    if not child:
        os.write(its, b".")
        os._exit(0)
    os.read(mine, 1)
    took = time.perf_counter() - begun
    os.waitpid(child, 0)
    os.close(mine)
    os.close(its)
    return 1000 * took

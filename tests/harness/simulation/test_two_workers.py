"""F18, F19, I21: several workers on one store, of one release or of two. One is lost, or stopped and wakes up late."""

from collections.abc import Iterator
from functools import cache

import pytest

from harness.runner import RunResult
from harness.simulation.flight import fly
from harness.simulation.flight_plan import Flight
from harness.simulation.world import SimWorld
from harness.world import RELEASES, Release
from tests.broken import recoveries

STORY = recoveries.paid()
AWAY_S = 3 * 3_600.0  # the bill is paid while the old worker stands still


@cache
def points() -> list[str]:
    """What the core passes when it is alone."""
    return fly(STORY, "1", replay=False)[1].points


def joined(at: int, stopped_s: float, release: Release) -> tuple[RunResult, SimWorld]:
    """Another worker starts beside the first one at that point, at which the first may stop for a while."""
    again: Iterator[int] = iter((at,))

    def passing(world: SimWorld, what: str, number: int) -> None:
        if what == "crash" and number == at and next(again, None):
            world.join_core(release, stopped_s)

    return fly(STORY, "1", flight=Flight(passing=passing), replay=False)


def taken_over(world: SimWorld) -> list[str]:
    """The workers that went on with what another one had begun."""
    return [run.holder.name for run in world.engine_state.runs.values() if run.id.endswith(".002")]


def before_showing_the_bill() -> int:
    """The intention to show the bill is recorded, and nothing is sent yet."""
    return next(
        number for number, (one, following) in enumerate(zip(points(), points()[1:], strict=False), start=1)
        if one == "committed" and following.startswith("send PATCH") and "Invoice__c" in following
    )  # fmt: skip


@pytest.mark.parametrize("point", ["run order-activation", "memoed customer"])
def test_each_release_goes_on_with_its_own_and_new_work_goes_to_either(point: str) -> None:
    result, world = joined(points().index(point) + 1, 0.0, "new")
    assert result.outcome == "holds", result.findings
    runs = world.engine_state.runs.values()
    assert {run.state for run in runs} == {"done"} and not taken_over(world), "none was ended"
    assert {run.holder.release for run in runs} == {"1", RELEASES["new"]}


def test_two_workers_of_one_release_share_its_work() -> None:
    result, world = joined(1, 0.0, "")
    assert result.outcome == "holds", result.findings
    assert {run.holder.name for run in world.engine_state.runs.values()} == {"place-0", "place-1"}
    assert not taken_over(world)


@pytest.mark.parametrize("release", ["new", ""])
def test_one_that_wakes_up_late_writes_nothing_of_what_was_taken_over(release: Release) -> None:
    result, world = joined(before_showing_the_bill(), AWAY_S, release)
    assert result.outcome == "holds", result.findings
    assert taken_over(world) == ["place-1"], "nothing was taken over: this shows nothing"


@pytest.mark.parametrize("release", ["new", ""])
def test_one_that_stops_when_its_outcome_is_settled_and_its_run_is_not_ended_holds_nobody_up(release: Release) -> None:
    """Its customer's queue was shut until it woke up: no work waited for that run, so nobody took it over."""
    settled = points().index("done order-activation")  # the point before it is the last but one of that run
    result, world = joined(settled, AWAY_S, release)
    assert result.outcome == "holds", result.findings
    first = world.engine_state.runs["w0000000001.001"]
    assert first.state == "cancelled" and not taken_over(world)
    posted = next(one.at for one in result.events if one.facts.get("operation") == "record.create:invoice")
    assert posted - STORY.genesis < 600.0, "while the first worker was still standing there"


@pytest.mark.parametrize("how", [Flight(elsewhere=True), Flight(stopped_s=AWAY_S), Flight(stopped_s=90.0)],
                         ids=["lost", "late", "a-little-late"])  # fmt: skip
def test_wherever_a_worker_is_lost_or_stopped_another_one_does_its_work_once(how: Flight) -> None:
    again = 0
    for point in range(2, len(points()), 23):
        flight = Flight(crash_at=point, elsewhere=how.elsewhere, stopped_s=how.stopped_s)
        result, world = fly(STORY, "1", flight=flight, replay=False)
        assert result.outcome == "holds", (point, points()[point - 1], result.findings)
        assert world.crashes
        again += bool(taken_over(world))
    assert again >= 2, "hardly anything was taken over: this shows nothing"

"""F18, F19, I21: two releases are alive on one store; one that was stopped wakes up when its work is gone."""

from collections.abc import Iterator
from functools import cache
from unittest.mock import patch

import pytest

from harness.runner import RunResult
from harness.simulation.flight import fly
from harness.simulation.world import Flight, SimWorld
from harness.world import RELEASES
from tests.broken.stories import LAKESIDE, LINES, story

STORY = story(
    "two-releases", "customer: " + LAKESIDE, f"deal: {{id: lake-1, customer: lake, lines: {LINES}}}", "close: lake-1",
    "settle", "advance: 1h", "transfer: lake-1", "settle", "advance: 4h",
)  # fmt: skip
AWAY_S = 3 * 3_600.0  # the bill is paid while the old release stands still


@cache
def points() -> list[str]:
    """What the core passes when it is alone."""
    return fly(STORY, "1", replay=False)[1].points


def joined(at: int, stopped_s: float) -> tuple[RunResult, SimWorld]:
    """A new release starts beside the old one at that point, at which the old one may stop for a while."""
    again: Iterator[int] = iter((at,))

    def passing(world: SimWorld, what: str, number: int) -> None:
        if what == "crash" and number == at and next(again, None):
            world.join_core("new", stopped_s)

    return fly(STORY, "1", flight=Flight(passing=passing), replay=False)


def before_showing_the_bill() -> int:
    """The intention to show the bill is recorded, and nothing is sent yet."""
    return next(
        number for number, (one, following) in enumerate(zip(points(), points()[1:], strict=False), start=1)
        if one == "committed" and following.startswith("send PATCH") and "Invoice__c" in following
    )  # fmt: skip


@pytest.mark.parametrize("point", ["run order-activation", "memoed customer"])
def test_each_goes_on_with_its_own_and_new_work_goes_to_either(point: str) -> None:
    result, world = joined(points().index(point) + 1, 0.0)
    assert result.outcome == "holds", result.findings
    runs = world.engine_state.runs.values()
    assert {run.state for run in runs} == {"done"} and all(run.id.endswith(".001") for run in runs), "none was ended"
    assert {run.version for run in runs} == {"1", RELEASES["new"]}


def test_one_that_wakes_up_late_writes_nothing_of_what_was_taken_over() -> None:
    result, world = joined(before_showing_the_bill(), AWAY_S)
    assert result.outcome == "holds", result.findings
    again = [run.version for run in world.engine_state.runs.values() if run.id.endswith(".002")]
    assert again == [RELEASES["new"]], "nothing was taken over: this shows nothing"


def test_without_a_lease_it_writes_what_was_true_when_it_fell_asleep() -> None:
    with patch("synccore.processes.writes.LEASE_S", AWAY_S * 10):
        result, _ = joined(before_showing_the_bill(), AWAY_S)
    broken = {verdict.invariant for verdict in result.verdicts if verdict.outcome == "broken"}
    assert broken == {"I4", "I5"}, result.findings

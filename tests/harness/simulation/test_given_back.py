"""What clerks do with money in a ledger is recorded once, with its amount, whatever becomes of the answer."""

from pathlib import Path

import pytest

from harness.exploring import explore, points_of
from harness.scenario import load_story

STORIES = Path(__file__).parents[3] / "scenarios"


@pytest.mark.parametrize("name", ["refund-and-chargeback", "returned-after-the-move", "applied-and-paid-out"])
def test_what_is_recorded_of_it_ends_the_same_when_an_answer_is_lost_or_nothing_came_of_it(name: str) -> None:
    story = load_story(STORIES / f"{name}.yaml")
    recorded = [
        point for point in points_of(story, "1", "calls")
        if point.what.endswith(("/record_refund", "/apply_payments")) and point.outcome in ("lost_answer", "refuse")
    ]  # fmt: skip
    assert len(recorded) >= 2
    explored = explore(story, only=recorded)
    assert explored.outcome == "holds", [(str(one.point), one.findings) for one in explored.failed]

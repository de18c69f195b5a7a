"""Money that a ledger gave back is recorded once, with its amount, whatever becomes of the answer."""

from pathlib import Path

import pytest

from harness.exploring import explore, points_of
from harness.scenario import load_story

STORIES = Path(__file__).parents[3] / "scenarios"


@pytest.mark.parametrize("name", ["refund-and-chargeback", "returned-after-the-move"])
def test_a_refund_whose_answer_is_lost_or_that_comes_late_ends_like_one_in_time(name: str) -> None:
    story = load_story(STORIES / f"{name}.yaml")
    refunds = [
        point for point in points_of(story, "1", "calls")
        if "record_refund" in point.what and point.outcome in ("lost_answer", "refuse")
    ]  # fmt: skip
    assert len(refunds) >= 2
    explored = explore(story, only=refunds)
    assert explored.outcome == "holds", [(str(one.point), one.findings) for one in explored.failed]

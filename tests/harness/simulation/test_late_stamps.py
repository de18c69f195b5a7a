"""A record that can be read only after the instant that its stamp says: who polls by stamps must look back for it."""

import pytest

from harness.simulation import Flight, fly
from synccore.bootstrap import Parts
from tests.broken import alter, recoveries


def polled(parts: Parts) -> Parts:
    return alter.context(parts, lambda _: {"feed": None})


@pytest.mark.parametrize("change", [None, polled], ids=["told by the stream", "found by query"])
def test_a_deal_whose_stamp_is_older_than_the_latest_look_is_heard(change: object) -> None:
    result, world = fly(recoveries.late_stamp(), "1", flight=Flight(change=change))  # type: ignore[arg-type]
    assert result.outcome == "holds", result.findings
    assert any(text for system, text in world.requests if system == "salesforce" and "query" in text)

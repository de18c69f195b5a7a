"""Polls from the latest stamp on: what was committed later with an earlier stamp is never heard of."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.late_stamp()
CAUGHT_BY = {"I2", "story"}


def change(parts: Parts) -> Parts:
    return alter.context(parts, lambda _: {"feed": None, "overlap_s": 0})

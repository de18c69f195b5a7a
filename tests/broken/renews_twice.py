"""Takes a renewal that is won after the platform renewed by itself for one of the next year."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.renewal_open("advance: {until: 2026-01-06T12:00:00Z}", "close: renewal", "settle")
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "renewal", late_days=-400)

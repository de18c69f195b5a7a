"""Tries again every two seconds for as long as a system is away: nothing opens the circuit."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.outage("20m")
CAUGHT_BY = {"I10"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        real._client._target.failed = lambda *_given: None
        return {}

    return alter.adapter(parts, "cloud", cloud)

"""Tries again every two seconds for as long as a system is away: nothing opens the circuit."""

from synccore.bootstrap import Parts
from synccore.ports.outcomes import Later
from tests.broken import alter, stories

STORY = stories.outage("20m")
CAUGHT_BY = {"I10"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        target = real._client._target
        target.failed = lambda *_given: None
        target.outage = lambda cause: Later(2.0, cause, counts=False)
        return {}

    return alter.adapter(parts, "cloud", cloud)

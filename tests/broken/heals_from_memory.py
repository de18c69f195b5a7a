"""Heals a copy only where its own record of the last write says that it differs, so that nothing is ever healed."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.healed()
CAUGHT_BY = {"I5", "I15", "story"}


def change(parts: Parts) -> Parts:
    return alter.store(parts, "effects", lambda real: {"doubt": lambda key: 0})

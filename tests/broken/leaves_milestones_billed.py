"""Forgets which bills a project's milestones had: a deal that is won no longer is taken back without them."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_project()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        return {"get": lambda key: None if key.startswith("milestones/") else real.get(key)}

    return alter.store(parts, "cursors", members)

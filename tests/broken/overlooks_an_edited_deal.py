"""Does not remember what a deal said when it became a contract, so that a later edit is never seen."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.edited()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        return {"get": lambda name: None if name.startswith("agreed/") else real.get(name)}

    return alter.store(parts, "cursors", members)

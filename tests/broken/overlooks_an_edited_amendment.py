"""Does not remember as what an amendment was carried out, so that a later edit is never seen."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.edited_amendment()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        return {"get": lambda name: None if name.startswith("carried/") else real.get(name)}

    return alter.store(parts, "cursors", members)

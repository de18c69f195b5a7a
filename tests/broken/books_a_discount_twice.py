"""Posts what the legacy ledger has taken off with a payment a second time, as a credit memo."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.discounted()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        return {"get": lambda key: None if key.startswith("discounted/") else real.get(key)}

    return alter.store(parts, "cursors", members)

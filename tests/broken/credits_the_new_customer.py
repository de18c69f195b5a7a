"""Posts a credit note of a moved bill for the customer that has it now: the ledger has it under the former one."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.moved()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cursors(real):
        def get(name):
            return None if name.startswith("issued-to/") else real.get(name)

        return {"get": get}

    return alter.store(parts, "cursors", cursors)

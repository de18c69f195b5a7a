"""Reads changes by query with no thought of a row without an id: it raises, and all others wait."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.hostile_row()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def deals(ids):
            return _all_with_ids(await real.deals(ids))

        async def changed_deals(since):
            return _all_with_ids(await real.changed_deals(since))

        return {"deals": deals, "changed_deals": changed_deals}

    return alter.adapter(parts, "salesforce", salesforce)


def _all_with_ids(rows):
    if not all(row.id for row in rows):
        raise KeyError("Id")
    return rows

"""Reads a deal that is won no longer as one that is not there: contract and bills of it stay."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.reopened()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def deal(opportunity):
            found = await real.deal(opportunity)
            return found if found is not None and found.won else None

        return {"deal": deal}

    return alter.adapter(parts, "salesforce", salesforce)

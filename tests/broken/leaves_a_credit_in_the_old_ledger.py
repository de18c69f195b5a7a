"""Moves the open bills of a cutover and leaves what customers have to their credit in the old ledger."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.credit_moved()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def open_credits(_customer):
            return []

        return {"open_credits": open_credits}

    return alter.adapter(parts, "platform", members)

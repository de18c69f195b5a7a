"""Carries the cash on account of a payment that has moved twice in the new ledger."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.cash_moved()
CAUGHT_BY = {"I5", "I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def create_credit(posting, applied):
            if posting.external_id.startswith("CBMIG-L-"):
                await real.create_credit(replace(posting, external_id=f"{posting.external_id}-2"), {})
            return await real.create_credit(posting, applied)

        return {"create_credit": create_credit}

    return alter.adapter(parts, "cloud", members)

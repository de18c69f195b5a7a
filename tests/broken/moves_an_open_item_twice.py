"""Carries each open item that has moved twice in the new ledger."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.items_moved()
CAUGHT_BY = {"I5", "I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def create_invoice(posting):
            if posting.external_id.startswith("CBMIG-"):
                await real.create_invoice(replace(posting, external_id=f"{posting.external_id}-2"))
            return await real.create_invoice(posting)

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", members)

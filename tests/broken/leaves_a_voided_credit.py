"""Leaves a credit memo in the ledger whose credit note the platform has voided."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_back("credit: {deal: hudson-1, amount: 500}", "settle", "void: {deal: hudson-1, what: credit}")
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def credit(number):
            found = await real.credit(number)
            return None if found is not None and found.status == "voided" else found

        return {"credit": credit}

    return alter.adapter(parts, "platform", platform)

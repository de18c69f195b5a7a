"""Shows sales a credit note of several contracts as a whole alone: nobody sees which of them was credited."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.together("credit: {deal: lake-1, amount: 900, reason: waiver}", "settle")
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def write_shares(of, number, shares):
            return of == "credit" or await real.write_shares(of, number, shares)

        return {"write_shares": write_shares}

    return alter.adapter(parts, "salesforce", salesforce)

"""Leaves a bill in the book of a dual run that the platform has voided."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.voided_in_a_dual_run()
CAUGHT_BY = {"I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def create_credit(posting, applied):
            return "0" if posting.external_id.startswith("SHADOW-") else await real.create_credit(posting, applied)

        return {"create_credit": create_credit}

    return alter.adapter(parts, "cloud", members)

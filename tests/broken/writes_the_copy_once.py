"""Writes a bill's copy in Salesforce once and never again, so that its balance stays as it was."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    first = {}

    def salesforce(real):
        async def write_bill(number, fields):
            if first.setdefault(number, fields) is fields:
                await real.write_bill(number, fields)

        async def write_receipt(key, fields, number, bill):
            await real.write_receipt(key, fields, number, first.setdefault(number, bill))

        return {"write_bill": write_bill, "write_receipt": write_receipt}

    return alter.adapter(parts, "salesforce", salesforce)

"""Shows all that it ever showed of a bill again before what is new: right in the end, and for a moment long past."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer(amounts=("1000.00", "2000.00"))
CAUGHT_BY = {"I6"}


def change(parts: Parts) -> Parts:
    shown = {}

    def salesforce(real):
        async def again(number, fields):
            past = shown.setdefault(number, [])
            for before in past:
                await real.write_bill(number, before)
            if fields not in past:
                past.append(fields)

        async def write_bill(number, fields):
            await again(number, fields)
            await real.write_bill(number, fields)

        async def write_receipt(key, fields, number, bill):
            await again(number, bill)
            await real.write_receipt(key, fields, number, bill)

        return {"write_bill": write_bill, "write_receipt": write_receipt}

    return alter.adapter(parts, "salesforce", salesforce)

"""Turns prices into minor units by float arithmetic, which loses a cent now and then."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer(lines="[{sku: PLAT-ANNUAL, quantity: 10, unit_price: 4.35}, {sku: ONBOARD}]")
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def deal(opportunity_id):
            found = await real.deal(opportunity_id)
            lines = [line.model_copy(update={"unit_price": int(line.unit_price / 100 * 100.0)}) for line in found.lines]
            return found.model_copy(update={"lines": tuple(lines)})

        return {"deal": deal}

    return alter.adapter(parts, "salesforce", salesforce)

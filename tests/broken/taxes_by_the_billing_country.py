"""Takes the country of the bill's address for the place that decides the tax, wherever the goods go."""

from synccore.bootstrap import Parts
from synccore.domain.deals import Address
from tests.broken import alter, stories

STORY = stories.germany()
CAUGHT_BY = {"I30"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def deal(opportunity_id):
            found = await real.deal(opportunity_id)
            billed = found.account.model_copy(update={"ship_to": Address()})
            return found.model_copy(update={"account": billed})

        return {"deal": deal}

    return alter.adapter(parts, "salesforce", salesforce)

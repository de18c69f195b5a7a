"""Does not carry the customer's VAT id to the issuer, so that a registered business is charged the seller's tax."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.germany()
CAUGHT_BY = {"I30"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def create_customer(fields):
            return await real.create_customer({name: v for name, v in fields.items() if name != "vat_number"})

        return {"create_customer": create_customer}

    return alter.adapter(parts, "platform", platform)

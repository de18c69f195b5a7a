"""Takes a paid deal back and says so, and never makes what was paid for its services the customer's again."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_paid()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def create_credit(invoice, amount, key, paid=False):
            return "US-CN-999999" if paid else await real.create_credit(invoice, amount, key)

        async def bill(number):
            found = await real.bill(number)
            return found.model_copy(update={"credited": found.gross}) if found is not None and found.credited else found

        return {"create_credit": create_credit, "bill": bill}

    return alter.adapter(parts, "platform", platform)

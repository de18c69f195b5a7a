"""Taxes a credit note by where the customer is today, not as its bill was taxed."""

from decimal import Decimal

from synccore.bootstrap import Parts
from synccore.domain.deals import Address
from tests.broken import alter, stories

STORY = stories.seats_down(moves=True)
CAUGHT_BY = {"I4", "I5"}
CHICAGO = Address(city="Chicago", state="IL", country="US")


def change(parts: Parts) -> Parts:
    def platform(real):
        async def credit(number):
            note = await real.credit(number)
            lines = tuple(line.model_copy(update={"tax": 0, "tax_rate": Decimal(0)}) for line in note.lines)
            now = {"address": CHICAGO, "lines": lines, "tax": 0, "gross": note.net, "applied": ()}
            return note.model_copy(update=now)

        return {"credit": credit}

    return alter.adapter(parts, "platform", platform)

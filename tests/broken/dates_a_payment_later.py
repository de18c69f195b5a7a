"""Posts a card payment nine days after it was made, as if the bank had told of it by then."""

from dataclasses import replace
from datetime import timedelta

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_payment(external_id, payment, customer, when, applied):
            later = replace(when, on=when.on + timedelta(days=9))
            return await real.create_payment(external_id, payment, customer, later, applied)

        return {"create_payment": create_payment}

    return alter.adapter(parts, "cloud", cloud)

"""Posts a credit note as an invoice instead of a credit memo."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_down()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_credit(posting, _applied):
            return await real.create_invoice(posting)

        return {"create_credit": create_credit}

    return alter.adapter(parts, "cloud", cloud)

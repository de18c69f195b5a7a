"""Posts a credit note as an invoice with negative amounts instead of a credit memo."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_down()
CAUGHT_BY = {"I5", "story"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_credit(posting, applied):
            lines = tuple(replace(line, net=-line.net, tax=-line.tax) for line in posting.lines)
            return await real.create_invoice(replace(posting, lines=lines))

        return {"create_credit": create_credit}

    return alter.adapter(parts, "cloud", cloud)

"""Posts a quantity of one on each line, whatever was sold: the amounts are right, what they are for is not."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            lines = tuple(replace(line, quantity="1") for line in posting.lines)
            return await real.create_invoice(replace(posting, lines=lines))

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

"""Posts every line of a bill under the item of its first one: the sum is right, the account of the revenue is not."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            lines = tuple(replace(line, item=posting.lines[0].item) for line in posting.lines)
            return await real.create_invoice(replace(posting, lines=lines))

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

"""Posts a bill without its due date."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            return await real.create_invoice(replace(posting, due=None))

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

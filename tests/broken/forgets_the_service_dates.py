"""The core posts bills without their lines' service dates, so that the ledger cannot tell when it is earned."""

from dataclasses import replace

from tests.broken import alter, stories

STORY = stories.recognised()
CAUGHT_BY = {"I32"}


def change(parts):
    def members(real):
        async def create_invoice(posting):
            return await real.create_invoice(
                replace(posting, lines=tuple(replace(one, starts=None, ends=None) for one in posting.lines))
            )

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", members)

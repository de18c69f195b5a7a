"""Takes the ledger's currency for one without decimals, and posts a hundred times the bill."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card()
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            lines = tuple(replace(line, net=line.net * 100, tax=line.tax * 100) for line in posting.lines)
            return await real.create_invoice(replace(posting, lines=lines))

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

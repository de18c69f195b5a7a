"""Posts every bill without tax under the code of an export: the sum is right, the tax return is not."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.germany()
CAUGHT_BY = {"I30"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            lines = tuple(replace(line, code="DE-EXPORT-0") if not line.tax else line for line in posting.lines)
            return await real.create_invoice(replace(posting, lines=lines))

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

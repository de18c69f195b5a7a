"""Posts a bill without the customer's purchase order, so that nobody there finds what it is for."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "ordered", "customer: " + stories.LAKESIDE,
    f"deal: {{id: lake-1, customer: lake, po: PO-4711, lines: {stories.LINES}}}", "close: lake-1", "settle",
)  # fmt: skip
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            return await real.create_invoice(replace(posting, po_number=""))

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

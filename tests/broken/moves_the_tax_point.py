"""Gives a bill of a closed month the date of the month in which it is posted."""

from dataclasses import replace
from datetime import date

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.closed_month()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_invoice(posting):
            moved = posting if posting.period is None else replace(posting, on=date(2026, 2, 1), period=None)
            return await real.create_invoice(moved)

        return {"create_invoice": create_invoice}

    return alter.adapter(parts, "cloud", cloud)

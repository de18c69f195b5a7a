"""Ends the contract of a deal that is won no longer, and leaves the services of its bill owed."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.reopened()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(_real):
        async def create_credit(invoice, amount, key, paid=False):
            return "US-CN-999999"

        return {"create_credit": create_credit}

    return alter.adapter(parts, "platform", platform)

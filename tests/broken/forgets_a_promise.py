"""Puts an account on hold that has promised to pay: what people noted with it is not read."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.promised()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def collection_notes(account_id):
            return {"promised": None, "disputed": None}

        return {"collection_notes": collection_notes}

    return alter.adapter(parts, "salesforce", salesforce)

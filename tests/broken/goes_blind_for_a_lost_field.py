"""Lets its poll fail for as long as one selected field is not there, so that no deal is seen at all."""

from synccore.bootstrap import Parts
from synccore.ports.outcomes import Later
from tests.broken import alter, stories

STORY = stories.renamed_field()
CAUGHT_BY = {"I16"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def changed_deals(since):
            rows = await real.changed_deals(since)
            if rows and rows[0].missing:
                raise Later(300.0, "INVALID_FIELD", counts=False)
            return rows

        async def deals(ids):
            rows = await real.deals(ids)
            if rows and rows[0].missing:
                raise Later(300.0, "INVALID_FIELD", counts=False)
            return rows

        return {"changed_deals": changed_deals, "deals": deals}

    return alter.adapter(parts, "salesforce", salesforce)

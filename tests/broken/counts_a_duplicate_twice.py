"""Counts lines of the feed instead of events: what the product sent twice is recorded twice."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.usage(stories.used("10", id="e1", times="2"), stories.CLOSED)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def metering(real):
        async def recorded(since):
            rows = await real.recorded(since)
            seen = [row["id"] for row in rows]
            return [{**row, "id": f"{row['id']}.{seen[:at].count(row['id'])}"} for at, row in enumerate(rows)]

        async def exports(since):
            return []

        return {"recorded": recorded, "exports": exports}

    return alter.adapter(parts, "metering", metering)

"""Takes a correction for more usage: the event that it replaces stays recorded beside it."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.usage(stories.used("10", id="e1"), "settle", stories.used("7", id="e2", corrects="e1"), stories.CLOSED)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def metering(real):
        async def recorded(since):
            return [{**row, "corrects": ""} for row in await real.recorded(since)]

        return {"recorded": recorded}

    return alter.adapter(parts, "metering", metering)

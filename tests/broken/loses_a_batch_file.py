"""Marks a batch file for the legacy ERP as sent that was never handed over, and waits for its answer for ever."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.singapore()
CAUGHT_BY = {"I2", "I5", "story"}


def change(parts: Parts) -> Parts:
    def legacy(real):
        async def deliver(file):
            if file.interface != "BILL":
                await real.deliver(file)

        return {"deliver": deliver}

    return alter.adapter(parts, "legacy", legacy)

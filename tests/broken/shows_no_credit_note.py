"""Posts credit notes and never shows them to sales, who see a bill that is smaller than it was, and not why."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_down()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def salesforce(real):
        async def write_credit(number, fields, bill):
            return None

        return {"write_credit": write_credit}

    return alter.adapter(parts, "salesforce", salesforce)

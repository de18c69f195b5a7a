"""Posts a credit note and never sets it against the bill that it settles."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_down()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_credit(posting, applied):
            return await real.create_credit(posting, {})

        async def apply_credit(internal_id, applied, currency):
            return None

        return {"create_credit": create_credit, "apply_credit": apply_credit}

    return alter.adapter(parts, "cloud", cloud)

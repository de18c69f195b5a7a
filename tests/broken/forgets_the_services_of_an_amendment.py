"""Carries out an amendment's seats and never bills the services that were sold with them."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.dearer_seats()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(_real):
        async def create_bill(_fields, _key):
            return ""

        return {"create_bill": create_bill}

    return alter.adapter(parts, "platform", platform)

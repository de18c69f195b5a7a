"""Comes back on an older copy of its store and does not look what the platform has of a receipt that bounced since."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.put_back_on(recoveries.GIVEN_BACK, 7)
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    async def none(_reference: str) -> list[object]:
        return []

    return alter.adapter(parts, "platform", lambda _real: {"payments_by_reference": none})

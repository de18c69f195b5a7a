"""Comes back on an older copy of its store and numbers on from there: it never looks what it has put in the drop."""

from collections.abc import Collection

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.put_back_on(recoveries.OLD_LEDGER, 9)
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    async def handed_over(_known: Collection[str]) -> list[object]:
        return []

    return alter.adapter(parts, "legacy", lambda _real: {"handed_over": handed_over})

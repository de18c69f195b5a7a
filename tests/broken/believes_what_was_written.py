"""Told that a ledger was set back, it goes on believing what it has written there: nothing of it is looked for."""

from typing import Any

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.ledger_set_back()
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    return alter.store(parts, "effects", lambda _real: {"unsure": _nothing})


def _nothing(_target: str, _since: float) -> list[Any]:
    return []

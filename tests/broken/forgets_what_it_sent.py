"""Keeps no record of what it has sent, so that each try of a write is its first."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, resends_without_looking

STORY = resends_without_looking.STORY
CAUGHT_BY = {"I1", "I4", "I5"}


def change(parts: Parts) -> Parts:
    def members(effects):
        return {"plan": lambda *given: replace(effects.plan(*given), state="planned", reference=None, fresh=True)}

    return alter.store(parts, "effects", members)

"""Dates a posting in UTC instead of the entity's own time zone."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card(  # half past nine in the evening of January's last day in New York
    head="genesis: 2026-02-01T02:30:00Z",
)
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def members(mappings):
        def get(kind, key):
            value = mappings.get(kind, key)
            return {**value, "zone": "UTC"} if kind == "entities" and value else value

        return {"get": get}

    return alter.store(parts, "mappings", members)

"""Takes an entity's cutover as in force once it is told, whatever day it is for."""

from synccore.bootstrap import Parts
from tests.broken import alter, migrations

STORY = migrations.moves()
CAUGHT_BY = {"I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        def get(kind, key):
            value = real.get(kind, key)
            if kind != "entities" or not (value or {}).get("cutover"):
                return value
            return {**value, "cutover": None, "ledger": value["cutover"]["ledger"]}

        return {"get": get}

    return alter.store(parts, "mappings", members)

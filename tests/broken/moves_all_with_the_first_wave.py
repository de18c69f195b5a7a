"""Takes the whole entity along with the first wave of its migration, whatever a bill is for."""

from synccore.bootstrap import Parts
from tests.broken import alter, migrations

STORY = migrations.moves_in_waves()
CAUGHT_BY = {"I8"}


def change(parts: Parts) -> Parts:
    def members(real):
        def get(kind, key):
            value = real.get(kind, key)
            move = (value or {}).get("cutover") if kind == "entities" else None
            if not move or not move.get("waves"):
                return value
            return {**value, "cutover": {**move, "on": move["waves"][0]["on"], "waves": []}}

        return {"get": get}

    return alter.store(parts, "mappings", members)

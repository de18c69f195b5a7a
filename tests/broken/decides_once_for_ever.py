"""Takes a renewal that is won again for the one that was withdrawn: it is never carried out."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_renewal()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        def get(name):
            known = real.get(name)
            return known.replace('"n": 1', '"n": 0') if name.startswith("withdrawals/") and known else known

        return {"get": get}

    return alter.store(parts, "cursors", members)

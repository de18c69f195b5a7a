"""Takes a discount for booked with a payment that the bank has returned: its note is posted nowhere any more."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.discount_returned()
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        def set_(key, value):
            if not (key.startswith("discounted/") and not value):
                real.set(key, value)

        return {"set": set_}

    return alter.store(parts, "cursors", members)

"""Reads only the first record of an event that tells the same change of several."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.won_together()
CAUGHT_BY = {"I2"}


def change(parts: Parts) -> Parts:
    def feed(real):
        return {"told": lambda: [replace(one, ids=one.ids[:1]) for one in real.told()]}

    return alter.adapter(parts, "feed", feed)

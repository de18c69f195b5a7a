"""Lets a contract renew although sales has lost its renewal."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.renewal_open("lose: renewal", "settle")
CAUGHT_BY = {"I2"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "renewal", declined="nothing")

"""Takes the price that sales quoted for nine months for that of a whole billing year, and blends it in."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.co_term()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "amendment", quoted="period")

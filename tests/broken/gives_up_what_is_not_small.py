"""Gives up whatever a payment leaves open of its bill, half of it too."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.paid_in_part()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "short_payments", tolerance={"USD": "1000000"})

"""Never looks whether the ledger has had the customer before."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.known_before()
CAUGHT_BY = {"I1"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "known_customers", cloud="create")

"""Never looks whether the legacy ledger has had the customer before, although a clerk has listed them all."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.known_in_legacy()
CAUGHT_BY = {"I1"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "known_customers", legacy="create")

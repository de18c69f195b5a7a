"""Lowers the tax on the sale by what a bank has kept, where policy keeps the tax."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.fee_without_tax()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    return alter.policy(parts, "short_payments", tax="correct")

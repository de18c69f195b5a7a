"""Leaves a bill in the book of a dual run that the platform has voided."""

from tests.broken import recoveries
from tests.broken.leaves_credits_out_of_a_dual_run import change

__all__ = ["CAUGHT_BY", "STORY", "change"]

STORY = recoveries.voided_in_a_dual_run()
CAUGHT_BY = {"I8"}

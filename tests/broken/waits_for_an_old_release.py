"""Leaves what another release began to that one for ever: after a deployment the customer's work stands still."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import recoveries

STORY = recoveries.deployed()
CAUGHT_BY = {"I11"}


def change(parts: Parts) -> Parts:
    return replace(parts, lost_after_s=10 * 365 * 86_400.0)

"""Comes back on an older copy of its store and trusts it: what was sent since is sent again without a look."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.put_back()
CAUGHT_BY = {"I1"}


def change(parts: Parts) -> Parts:
    return alter.context(parts, lambda _real: {"restored": False})

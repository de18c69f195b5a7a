"""Keeps the result of the very step that is to be done again, when work goes on from a step."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_month()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def work(real):
        return {"fork": lambda work_id, step: real.fork(work_id, step + 1)}

    return alter.store(parts, "work", work)

"""Believes of each worker of its own release that it is alive: what a lost one had under way stands still."""

from itertools import count

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.lost()
CAUGHT_BY = {"I11"}


def change(parts: Parts) -> Parts:
    signs = count(1)

    def workers(real):
        return {"beats": lambda: {worker: beats + next(signs) for worker, beats in real.beats().items()}}

    return alter.store(parts, "workers", workers)

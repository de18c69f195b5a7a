"""Has two runs of one customer under way at once: each reads the contract before the other has written it."""

from itertools import count

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.amended_together()
CAUGHT_BY = {"I5"}
REPLAY = True


def change(parts: Parts) -> Parts:
    numbers = count(1)

    def work(real):
        def add(process, key, subject, *rest):
            return real.add(process, f"{key}#{next(numbers)}", subject, *rest)

        return {"add": add}

    return alter.store(parts, "work", work)

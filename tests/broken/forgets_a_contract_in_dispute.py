"""Tells sales nothing of a customer's own change while a renewal of the contract waits for a person."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.disputed()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def around(name, real):
        async def run(under, argument):
            own = name == "contract-change" and argument["kind"] == "Amendment" and not argument["marker"]
            if not own:
                await real(under, argument)

        return run

    return alter.process(parts, around)

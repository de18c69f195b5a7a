"""Does not hear that the platform has moved a contract: sales still sees it, and its bills, at the former customer."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.moved()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def around(name, real):
        async def run(under, argument):
            if name != "subscription-moved":
                await real(under, argument)

        return run

    return alter.process(parts, around)

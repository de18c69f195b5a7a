"""Stops every flow while one system is away, also those that do not need it."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.outage()
CAUGHT_BY = {"I12"}


def change(parts: Parts) -> Parts:
    clouds = []

    def cloud(real):
        clouds.append(real)
        return {}

    def around(_name, real):
        async def run(under, argument):
            await clouds[-1].reachable()
            await real(under, argument)

        return run

    return alter.process(alter.adapter(parts, "cloud", cloud), around)

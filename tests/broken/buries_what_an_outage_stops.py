"""Counts an outage as failures of the work that met it, and buries the work when its budget is spent."""

from dataclasses import replace

from synccore.bootstrap import Parts
from synccore.engine.retry import RetryPolicy
from synccore.ports.outcomes import Away, Later
from tests.broken import alter, stories

STORY = stories.outage()
CAUGHT_BY = {"I2", "I5", "story"}


def change(parts: Parts) -> Parts:
    def around(_name, real):
        async def run(under, argument):
            try:
                await real(under, argument)
            except Away as away:
                raise Later(away.delay_s, away.cause) from None

        return run

    return replace(alter.process(parts, around), retry=RetryPolicy(later_tries_max=8))

"""Withdraws a renewal that is won no longer, and leaves what it had scheduled for the term's end."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_renewal()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def unschedule(subscription, key):
            return (await real.agreement(subscription)).version

        return {"unschedule": unschedule}

    return alter.adapter(parts, "platform", platform)

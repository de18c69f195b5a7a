"""Tells sales that an amendment is taken back, and leaves the contract as it is."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.reopened_amendment()
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription, fields, key):
            if "changes_scheduled_at" in fields:
                return (await real.agreement(subscription)).version
            return await real.change_subscription(subscription, fields, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

"""Amends a contract without scheduling its renewal again, which the platform drops when the contract changes."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_up(renewed=True)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription_id, fields, key):
            if "/reschedule/" in key or "/planned-kept/" in key:
                return 0
            return await real.change_subscription(subscription_id, fields, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

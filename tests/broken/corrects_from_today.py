"""Brings the contract of an edited amendment up to what it says by now, from today on: the days before stay wrong."""

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.edited_amendment()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription, fields, key):
            dated = ("change_option", "changes_scheduled_at")
            kept = {name: value for name, value in fields.items() if name not in dated}
            return await real.change_subscription(subscription, kept, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

"""Schedules what a renewal changes although the term that it is of has begun meanwhile."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.renewal_open("advance: {until: 2026-01-06T12:00:00Z}", "close: renewal", "settle")
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription_id, fields, key):
            if "/renewal-now/" in key:
                fields = {name: value for name, value in fields.items() if name != "cf_sf_change"}
                return await real.change_subscription(subscription_id, {**fields, "end_of_term": True}, key)
            return await real.change_subscription(subscription_id, fields, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

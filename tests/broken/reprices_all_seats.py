"""Has all seats of a contract at the price of the latest amendment."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.dearer_seats()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription_id, fields, key):
            rows = [{**row, "unit_price": 1_500_000} for row in fields.get("subscription_items", [])]
            return await real.change_subscription(subscription_id, {**fields, "subscription_items": rows}, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

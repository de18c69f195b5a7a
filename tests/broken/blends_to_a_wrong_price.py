"""Rounds down the price of seats that are sold at two prices, so that the contract is worth less than both deals."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.dearer_seats()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription_id, fields, key):
            rows = [
                {**row, "unit_price": row["unit_price"] // 200_000 * 200_000} if row.get("unit_price") else row
                for row in fields.get("subscription_items", [])
            ]
            return await real.change_subscription(subscription_id, {**fields, "subscription_items": rows}, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

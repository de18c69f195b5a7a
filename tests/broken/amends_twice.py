"""Adds an amendment's seats again when the answer was lost: it does not look whether they are there already."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.seats_up(
    "{id: lost, system: subscriptions, kind: lost_answer, operation: subscription.update_for_items}"
)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    tries = []

    def platform(real):
        async def changes(subscription_id, since=0):
            return await real.changes(subscription_id, since) if since else []

        async def change_subscription(subscription_id, fields, key):
            tries.append(key)
            return await real.change_subscription(subscription_id, fields, f"{key}-{len(tries)}")

        return {"changes": changes, "change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

"""Applies a renewal at once, prorated, instead of at the end of the term."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.term_end(renewed=True)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def change_subscription(subscription_id, fields, key):
            now = {name: value for name, value in fields.items() if name != "end_of_term"}
            return await real.change_subscription(subscription_id, now, key)

        return {"change_subscription": change_subscription}

    return alter.adapter(parts, "platform", platform)

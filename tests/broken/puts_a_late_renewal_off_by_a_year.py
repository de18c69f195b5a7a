"""Schedules what a renewal changes although its term has begun meanwhile, and takes that for the change itself."""

from synccore.bootstrap import Parts
from synccore.domain.agreements import Version
from synccore.processes.scheduled_changes import parts_of
from tests.broken import alter, stories

STORY = stories.renewal_open("advance: {until: 2026-01-06T12:00:00Z}", "close: renewal", "settle")
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        believed = []

        async def change_subscription(subscription_id, fields, key):
            if "/renewal-now/" in key:
                rows, marker = fields["subscription_items"], fields["cf_sf_change"]
                fields = {name: value for name, value in fields.items() if name != "cf_sf_change"}
                number = await real.change_subscription(subscription_id, {**fields, "end_of_term": True}, key)
                believed.append(Version(number=number, parts=parts_of(rows), marker=marker))
                return number
            return await real.change_subscription(subscription_id, fields, key)

        async def changes(subscription_id, since=0):
            return [*await real.changes(subscription_id, since), *believed]

        return {"change_subscription": change_subscription, "changes": changes}

    return alter.adapter(parts, "platform", platform)

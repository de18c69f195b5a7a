"""Records usage in whole units: the fraction of each event is lost."""

from dataclasses import replace
from decimal import Decimal

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.usage(stories.used("10.75", id="e1"), stories.CLOSED)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def record(subscription, entry):
            return await real.usages.record(subscription, replace(entry, quantity=Decimal(int(entry.quantity))))

        return {"usages": alter.Altered(real.usages, {"record": record})}

    return alter.adapter(parts, "platform", platform)

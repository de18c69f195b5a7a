"""Bills all of a usage that was raised after its bill was closed with the next term, and not what was lacking."""

from decimal import Decimal

from synccore.bootstrap import Parts
from tests.broken import alter, recoveries

STORY = recoveries.raised_late()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def find(subscription_id, usage_id):
            found = await real.usages.find(subscription_id, usage_id)
            return found and found.model_copy(update={"quantity": Decimal(0)})

        return {"usages": alter.Altered(real.usages, {"find": find})}

    return alter.adapter(parts, "platform", platform)

"""Asks a bill for its contract alone: the contracts of a consolidated bill, which names none, never hear of it."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.together()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def bill(invoice_id):
            found = await real.bill(invoice_id)
            if found is None or found.subscription_id:
                return found
            lines = tuple(line.model_copy(update={"subscription": ""}) for line in found.lines)
            return found.model_copy(update={"lines": lines})

        return {"bill": bill}

    return alter.adapter(parts, "platform", platform)

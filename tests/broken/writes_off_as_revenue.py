"""Posts a write-off like any other credit note, to the products that were billed."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_up()
CAUGHT_BY = {"I32"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def credit(number):
            found = await real.credit(number)
            return found.model_copy(update={"reason": "waiver"}) if found is not None else None

        return {"credit": credit}

    return alter.adapter(parts, "platform", members)

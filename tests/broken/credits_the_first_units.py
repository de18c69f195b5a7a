"""Credits usage that was none at the price of the bill's first units, not of its last: tiers make them dearer."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.corrected_late()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def rated(bill, line_id):
            line = await real.usages.rated(bill, line_id)
            return replace(line, steps=tuple(reversed(line.steps)))

        return {"usages": alter.Altered(real.usages, {"rated": rated})}

    return alter.adapter(parts, "platform", platform)

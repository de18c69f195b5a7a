"""Takes a correction of what is billed for settled: nobody hears of it, and nothing is credited."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.corrected_late()
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def credit(_bill, _line, _amount, _note, _key):
            return "unsaid"

        return {"usages": alter.Altered(real.usages, {"credit": credit})}

    return alter.adapter(parts, "platform", platform)

"""Records a late event in its own term without asking whether that is billed already: it never will be."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.usage(
    stories.used("10", id="e1"), stories.CLOSED, stories.used("5", id="late", at="2026-01-20T12:00:00Z"), "settle",
    expect="expect: {dead_letters: 0}",
)  # fmt: skip
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def metered(subscription):
            found = await real.usages.metered(subscription)
            items = tuple(item.model_copy(update={"starts": 0}) for item in found.items)
            return found.model_copy(update={"items": items})

        return {"usages": alter.Altered(real.usages, {"metered": metered})}

    return alter.adapter(parts, "platform", platform)

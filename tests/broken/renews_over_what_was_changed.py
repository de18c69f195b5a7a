"""Takes a contract as the platform renewed it, whatever was changed since: a late renewal overwrites that."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "changed-since-its-renewal", "customer: " + stories.LAKESIDE,
    "deal: {id: lake-1, customer: lake, start: 2025-01-06, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}", "close: lake-1",
    "settle",
    "deal: {id: renewal, type: renewal, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 12}]}",
    "advance: {until: 2026-01-06T12:00:00Z}", "platform_change: {deal: lake-1, seats: 17}", "settle", "close: renewal",
    "settle",
    expect="expect: {exceptions: [renewed_otherwise], dead_letters: 0, contracts: {lake-1: {seats: 17}}}",
)  # fmt: skip
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def changes(subscription_id, since=0):
            return [one.model_copy(update={"renewal": False}) for one in await real.changes(subscription_id, since)]

        return {"changes": changes}

    return alter.adapter(parts, "platform", platform)

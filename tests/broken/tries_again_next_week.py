"""Puts a write of unknown outcome off for a week before it looks whether it was applied."""

from synccore.bootstrap import Parts
from synccore.ports.outcomes import Later
from tests.broken import alter, stories

STORY = stories.story(
    "unknown-for-a-week", "customer: {id: lake, name: Lakeside Logistics, entity: US, country: US, state: IL}",
    "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lake-1", "settle",
    storm=("{id: no-answer, system: erp_cloud, kind: lost_answer, operation: 'record.*:invoice'}",),
)  # fmt: skip
CAUGHT_BY = {"I11"}
WEEK_S = 7 * 86400.0


def change(parts: Parts) -> Parts:
    def patient(ctx):
        async def once(*given, **more):
            try:
                return await ctx.once(*given, **more)
            except Later as later:
                raise Later(WEEK_S, later.cause, counts=False) from None

        return {"once": once}

    return alter.context(parts, patient)

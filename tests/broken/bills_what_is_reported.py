"""Bills a milestone as soon as it is reported, whether the customer has accepted it or not."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "project", "map_item: {sku: ONBOARD, value: {kind: charge, milestones: true, erp_item: SVC-ONBOARD}}",
    "customer: {id: lake, name: Lakeside, entity: US, country: US, state: IL, city: Chicago, pays_by: transfer}",
    "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}",
    "milestone: {id: design, deal: lake-1, amount: 2000}", "milestone: {id: build, deal: lake-1, amount: 3000}",
    "close: lake-1", "settle", "milestone: {id: design, deal: lake-1, status: accepted}",
    "milestone: {id: build, deal: lake-1, status: reported}", "settle", "advance: 1h",
)  # fmt: skip
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def milestones(opportunity):
            return [one.model_copy(update={"accepted": True}) for one in await real.milestones(opportunity)]

        return {"milestones": milestones}

    return alter.adapter(parts, "salesforce", members)

"""Takes a voided payment for one that settles nothing any more, and leaves its money in the platform."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "voided", "customer: {id: lake, name: Lakeside, entity: US, country: US, state: IL, city: Chicago}",
    "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lake-1", "settle", "transfer: lake-1",
    "settle", "advance: 1h", "void_payment: lake-1", "settle", "transfer: lake-1", "settle", "advance: 1h",
)  # fmt: skip
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(real):
        async def receipt(internal_id, refund=False):
            found = await real.receipt(internal_id, refund)
            return found and found.model_copy(update={"voided": False})

        return {"receipt": receipt}

    return alter.adapter(parts, "cloud", members)

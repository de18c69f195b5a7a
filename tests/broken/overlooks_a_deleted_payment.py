"""Does not hear that a payment was deleted in the cloud ERP, and leaves its money in the platform."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "deleted", "customer: {id: lake, name: Lakeside, entity: US, country: US, state: IL, city: Chicago}",
    "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}", "close: lake-1", "settle", "transfer: lake-1",
    "settle", "advance: 1h", "void_payment: {deal: lake-1, how: delete}", "settle", "transfer: lake-1", "settle",
    "advance: 1h",
)  # fmt: skip
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def members(_real):
        async def deleted_payments(_since):
            return []

        return {"deleted_payments": deleted_payments}

    return alter.adapter(parts, "cloud", members)

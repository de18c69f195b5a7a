"""Reads a ledger's payment once: what a clerk sets it against afterwards stays unheard of."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.story(
    "set-against", "customer: " + stories.LAKESIDE, "deal: {id: lake-1, customer: lake, lines: [{sku: ONBOARD}]}",
    "deal: {id: lake-2, customer: lake, lines: [{sku: ONBOARD}]}", "close: [lake-1, lake-2]", "settle",
    "transfer: {deal: lake-1, amount: 7000}", "settle", "apply_cash: {of: lake-1, to: lake-2}", "settle", "advance: 1h",
)  # fmt: skip
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    known = {}

    def members(real):
        async def receipt(internal_id, refund=False):
            found = await real.receipt(internal_id, refund)
            return known.setdefault(internal_id, found) if found is not None else None

        return {"receipt": receipt}

    return alter.adapter(parts, "cloud", members)

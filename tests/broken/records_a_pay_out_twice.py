"""Records what a ledger's bank has paid out again when the answer was lost: without a look, and under a new key."""

from itertools import count

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_back(
    "credit: {deal: lake-1, amount: 600}", "settle",
    "disturb: {id: lost, system: subscriptions, kind: lost_answer, operation: credit_note.record_refund}",
    "pay_out: {deal: lake-1, amount: 200}",
)  # fmt: skip
CAUGHT_BY = {"I1", "I5"}


def change(parts: Parts) -> Parts:
    tries = count()

    def members(real):
        async def payments_by_reference(reference):
            return [one for one in await real.payments_by_reference(reference) if not one.credits]

        async def record_credit_refund(note, back, amount, key):
            return await real.record_credit_refund(note, back, amount, f"{key}-{next(tries)}")

        return {"payments_by_reference": payments_by_reference, "record_credit_refund": record_credit_refund}

    return alter.adapter(parts, "platform", members)

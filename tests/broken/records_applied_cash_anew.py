"""Records what a clerk sets against another bill as a payment of its own, beside the excess that it came from."""

from synccore.bootstrap import Parts
from tests.broken import alter, ignores_a_clerks_application

STORY = ignores_a_clerks_application.STORY
CAUGHT_BY = {"I1", "I5"}


def change(parts: Parts) -> Parts:
    received = []

    def members(real):
        async def record_payment(bill, receipt, amount, key):
            received.append(receipt)
            return await real.record_payment(bill, receipt, amount, key)

        async def apply_payment(bill, transaction, amount, key):
            await real.record_payment(bill, received[-1], amount, key)

        return {"record_payment": record_payment, "apply_payment": apply_payment}

    return alter.adapter(parts, "platform", members)

"""Makes nothing of a payment that was taken back: neither opens its bill again nor posts what went out."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_back("chargeback: hudson-1")
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def payment(transaction_id):
            found = await real.payment(transaction_id)
            return None if found is None or found.kind == "payment_reversal" or found.status != "success" else found

        return {"payment": payment}

    return alter.adapter(parts, "platform", platform)

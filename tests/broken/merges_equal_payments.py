"""Takes a second partial payment of the same amount for the first one told again."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer(amounts=("20000", "20000"))
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    seen = {}

    def platform(real):
        async def record_payment(invoice_id, receipt, amount, key):
            if (invoice_id, amount) not in seen:
                seen[invoice_id, amount] = await real.record_payment(invoice_id, receipt, amount, key)
            return seen[invoice_id, amount]

        return {"record_payment": record_payment}

    return alter.adapter(parts, "platform", platform)

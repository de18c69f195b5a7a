"""Takes money that goes back for money that comes in: a refund is posted as a payment."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_back("refund: {deal: hudson-1, amount: 500}")
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def payment(transaction_id):
            found = await real.payment(transaction_id)
            if found is None or found.kind != "refund":
                return found
            return found.model_copy(update={"kind": "payment", "credits": (), "source": "", "unused": found.amount})

        return {"payment": payment}

    return alter.adapter(parts, "platform", platform)

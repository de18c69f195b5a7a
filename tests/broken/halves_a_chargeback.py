"""Posts a chargeback in two halves, one of them under no key: as a refund and as a reversal."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_back("chargeback: hudson-1")
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    def cloud(real):
        async def create_refund(external_id, refund, customer, on, taken, account):
            half = {document: amount // 2 for document, amount in taken.items()}
            await real.create_refund("", refund, customer, on, half, account)
            rest = {document: amount - half[document] for document, amount in taken.items()}
            return await real.create_refund(external_id, refund, customer, on, rest, account)

        return {"create_refund": create_refund}

    return alter.adapter(parts, "cloud", cloud)

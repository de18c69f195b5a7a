"""Posts to the ledger what it had itself recorded in the platform: the payment's reference is not looked at."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.transfer(amounts=("20000",))
CAUGHT_BY = {"I31"}


def change(parts: Parts) -> Parts:
    def nameless(event):
        transaction = event["content"].get("transaction")
        if transaction is None:
            return event
        return {**event, "content": {**event["content"], "transaction": {**transaction, "reference_number": ""}}}

    def platform(real):
        async def payment(transaction_id):
            return (await real.payment(transaction_id)).model_copy(update={"reference": ""})

        async def events(since, offset=""):
            page = await real.events(since, offset)
            return replace(page, rows=[nameless(event) for event in page.rows])

        return {"payment": payment, "events": events}

    def intake(ctx):
        accept = parts.intake(ctx)

        async def nameless_accept(body):
            return await accept(nameless(body))

        return nameless_accept

    return replace(alter.adapter(parts, "platform", platform), intake=intake)

"""Posts to the ledger, as a refund, what it had itself recorded in the platform: that a transfer bounced."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.given_back("bank_return: lake-1")
CAUGHT_BY = {"I31"}


def change(parts: Parts) -> Parts:
    def nameless(event):
        transaction = event["content"].get("transaction")
        if event["event_type"] != "payment_refunded" or transaction is None:
            return event
        return {**event, "content": {**event["content"], "transaction": {**transaction, "reference_number": ""}}}

    def platform(real):
        async def payment(transaction_id):
            found = await real.payment(transaction_id)
            return found.model_copy(update={"reference": ""}) if found and found.kind == "refund" else found

        async def events(since, offset=""):
            page = await real.events(since, offset)
            return replace(page, rows=[nameless(event) for event in page.rows])

        return {"payment": payment, "events": events}

    def cloud(real):
        async def create_refund(external_id, refund, customer, on, taken, account):
            payment = await real.create_payment("", refund, customer, on, {})
            return await real.create_refund(external_id, refund, customer, on, {payment: refund.amount}, account)

        return {"create_refund": create_refund}

    def intake(ctx):
        accept = parts.intake(ctx)

        async def nameless_accept(body):
            return await accept(nameless(body))

        return nameless_accept

    return replace(alter.adapter(alter.adapter(parts, "platform", platform), "cloud", cloud), intake=intake)

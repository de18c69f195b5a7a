"""Posts the draft of a usage bill when it is announced, under a number that no bill will ever have."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.usage(stories.used("10", id="e1"), stories.CLOSED)
CAUGHT_BY = {"I5"}


def change(parts: Parts) -> Parts:
    def as_issued(event):
        if event.get("event_type") != "pending_invoice_created":
            return event
        invoice = {**event["content"]["invoice"], "status": "posted"}
        return {**event, "event_type": "invoice_generated", "content": {**event["content"], "invoice": invoice}}

    def platform(real):
        async def bill(number):
            found = await real.bill(number)
            return found.model_copy(update={"status": "posted"}) if found and found.status == "pending" else found

        return {"bill": bill}

    def intake(ctx):
        accept = parts.intake(ctx)

        async def eager(body):
            return await accept(as_issued(body))

        return eager

    return replace(alter.adapter(parts, "platform", platform), intake=intake)

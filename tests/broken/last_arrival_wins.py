"""Believes the content of the event that arrived last, without dedupe and whatever its version."""

from dataclasses import replace
from itertools import count

from synccore.bootstrap import Parts
from synccore.systems import platform_values
from tests.broken import alter, stories

STORY = stories.transfer(
    "{id: again-late, system: subscriptions, kind: duplicate_event, operation: invoice_generated, delay: 3h}",
    after="4h",
)
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    told, versions = {}, count(1000)

    def platform(real):
        async def bill(number):
            return told.get(number) or await real.bill(number)

        return {"bill": bill}

    def intake(ctx):
        accept = parts.intake(ctx)

        async def believe(body):
            row = body["content"].get("invoice")
            if row is None or not body["event_type"].startswith("invoice"):
                return await accept(body)
            told[row["id"]] = platform_values.bill(row).model_copy(update={"version": next(versions)})
            fresh = await accept(body)
            account, argument = ctx.keys.account_of(row["customer_id"]), {"invoice": row["id"]}
            at = ctx.clock.now()
            await ctx.db.run(
                lambda unit: unit.work.add("invoice-publication", account, row["id"], argument, at, body["id"])
            )
            await ctx.kick()
            return fresh

        return believe

    return replace(alter.adapter(parts, "platform", platform), intake=intake)

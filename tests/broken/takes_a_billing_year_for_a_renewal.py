"""Reports the end of each billing period as a renewal of the contract."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.term_end(months=24)
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    def renewed(event):
        if event["event_type"] != "subscription_renewed":
            return event
        row = event["content"]["subscription"]
        start = row["current_term_start"]
        term = {**row["contract_term"], "id": f"{row['id']}-{start}", "contract_start": start}
        return {**event, "event_type": "contract_term_renewed", "content": {**event["content"], "contract_term": term}}

    def platform(real):
        async def events(since, offset=""):
            page = await real.events(since, offset)
            return replace(page, rows=[renewed(event) for event in page.rows])

        return {"events": events}

    def intake(ctx):
        accept = parts.intake(ctx)

        async def renewing(body):
            return await accept(renewed(body))

        return renewing

    return replace(alter.adapter(parts, "platform", platform), intake=intake)

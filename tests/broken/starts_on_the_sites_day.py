"""Lets a contract begin on the day of the platform's site instead of the entity's own."""

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.card(  # half past nine in the evening of January's last day in New York
    head="genesis: 2026-02-01T02:30:00Z",
    expect="expect: {exceptions: [], dead_letters: 0, starts: {hudson-1: 2026-01-31}}",
)
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def platform(real):
        async def create_subscription(customer_id, fields):
            at_once = {name: value for name, value in fields.items() if name != "start_date"}
            return await real.create_subscription(customer_id, at_once)

        return {"create_subscription": create_subscription}

    return alter.adapter(parts, "platform", platform)

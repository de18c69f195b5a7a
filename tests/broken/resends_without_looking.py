"""Resends after an unknown outcome without a look-up, when the platform has forgotten the idempotency key already."""

from typing import Any

from synccore.bootstrap import Parts
from synccore.processes import writes
from tests.broken import alter, stories

STORY = stories.transfer(
    "{id: answer-lost, system: subscriptions, kind: lost_answer, operation: invoice.record_payment}",
    "{id: long-pause, system: subscriptions, kind: limit, operation: invoice.retrieve, contains: US-000001, nth: 3,"
    " retry_after: 45m}",
    amounts=("20000",),
    after="3h",
)
CAUGHT_BY = {"I1", "I4", "I5"}


def change(parts: Parts) -> Parts:
    async def once(ctx: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
        return await writes.once(ctx, write, send, None, settled)

    return alter.context(parts, lambda ctx: {"once": once})

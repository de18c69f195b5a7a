"""Stores a webhook in one commit and its work in another."""

from dataclasses import replace

from synccore.bootstrap import Parts
from synccore.ports.stores import Signal
from synccore.processes.intake import HANDLERS, SYSTEM, checked
from tests.broken import stories
from tests.broken.defect import Crash

STORY = stories.transfer()
CRASH = Crash("committed", after="sent POST */subscription_for_items", count=16)
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    def intake(ctx):
        async def accept(body):
            event, at = checked(body), ctx.clock.now()
            kind = event["event_type"]
            signal = Signal(SYSTEM, event["id"], kind, dict(event), at)
            if not await ctx.db.run(lambda unit: unit.inbox.accept(signal)):
                return False
            if kind in HANDLERS:
                await ctx.db.run(lambda unit: HANDLERS[kind](ctx, unit, event, at))
            await ctx.kick()
            return True

        return accept

    return replace(parts, intake=intake)

"""Believes a level as soon as it is written, while an earlier write, given up without an answer, may yet arrive."""

from typing import Any

from synccore.bootstrap import Parts
from synccore.ports.outcomes import Later
from synccore.processes import writes
from tests.broken import alter, recoveries
from tests.synccore.worlds import HandClock

STORY = recoveries.written_late()
CAUGHT_BY = {"I4"}


def change(parts: Parts) -> Parts:
    async def once(ctx: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
        try:
            return await writes.once(ctx, write, send, look, settled)
        except Later as later:
            if later.delay_s != writes.LINGER_S:
                raise
            ahead = HandClock(ctx.clock.now() + writes.LINGER_S)
            return await writes.once(alter.Altered(ctx, {"clock": ahead}), write, send, look, settled)

    return alter.context(parts, lambda ctx: {"once": once})

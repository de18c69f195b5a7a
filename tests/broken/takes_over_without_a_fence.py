"""Takes over what a stopped worker had begun without a fence: waking up late, that one sends what it meant to send."""

from synccore.bootstrap import Parts
from synccore.ports.holding import HOLDER
from tests.broken import alter, recoveries
from tests.broken.defect import Crash

STORY = recoveries.paid()
CRASH = Crash("committed", after="memoed post", stopped_s=3 * 3_600.0)  # it meant to show the bill, as open
CAUGHT_BY = {"I4", "I5"}


def change(parts: Parts) -> Parts:
    def clock(ctx):
        return {"clock": alter.Altered(ctx.clock, {"wire": lambda: ctx.clock.wire() + 365 * 86_400.0})}

    endless = alter.context(parts, clock)  # the time in which something must be sent is never over
    return alter.store(
        endless, "workers", lambda real: {"fenced": lambda run: None if HOLDER.get() else real.fenced(run)}
    )

"""Counts a bill's time from the try that succeeds: what an outage holds up for hours is told as in time."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import alter, stories

STORY = stories.outage()
CAUGHT_BY = {"I18"}


def change(parts: Parts) -> Parts:
    def flattering(ctx, unit):
        def since(kind, time):
            found = unit.events.since(kind, time)
            ends = {one.subject: one.time for one in unit.events.since("invoice-posted", time)}
            return [replace(one, time=max(one.time, ends.get(one.subject, 0.0) - 5.0)) for one in found]

        return parts.service_levels(ctx, alter.Altered(unit, {"events": alter.Altered(unit.events, {"since": since})}))

    return replace(parts, service_levels=flattering)

"""Looks once an hour whether too much is late: its alerts come up to an hour after they should."""

from dataclasses import replace

from synccore.bootstrap import Parts
from tests.broken import stories

STORY = stories.outage()
CAUGHT_BY = {"I18"}
HOUR_S = 3600.0


def change(parts: Parts) -> Parts:
    def hourly(ctx, unit):
        return [
            (promise, replace(level, alerts=tuple(
                replace(one, since=(one.since // HOUR_S + 1) * HOUR_S) for one in level.alerts
            )))
            for promise, level in parts.service_levels(ctx, unit)
        ]  # fmt: skip

    return replace(parts, service_levels=hourly)

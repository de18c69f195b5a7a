"""Acknowledges a webhook before it is stored, and reads no feed that would bring the event again."""

from dataclasses import replace

from synccore.bootstrap import Parts
from synccore.ports.engine import Tick
from synccore.processes.intake import checked, take_all
from tests.broken import stories
from tests.broken.defect import Crash

STORY = stories.transfer()
CRASH = Crash("sent POST */composite")
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    held = []

    def intake(ctx):
        async def accept(body):
            held.append(checked(body))
            return True

        return accept

    def tickers(ctx):
        async def store():
            taken, held[:] = list(held), []
            return Tick(await take_all(ctx, taken) > 0)

        return [
            (name, interval, store if name == "platform-events" else real)
            for name, interval, real in parts.tickers(ctx)
        ]

    return replace(parts, intake=intake, tickers=tickers)

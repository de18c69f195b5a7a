"""Writes every copy in Salesforce again when its signals are replayed: the same values, but a change all the same."""

from dataclasses import replace
from typing import Any

from synccore.bootstrap import Parts
from synccore.processes import writes
from tests.broken import alter, stories

STORY = stories.transfer(amounts=("20000",))
REPLAY = True
CAUGHT_BY = {"I9"}


def change(parts: Parts) -> Parts:
    replayed = []

    def replay(ctx):
        real = parts.replay(ctx)

        async def again(signals, customer):
            replayed.extend(signals)
            return await real(signals, customer)

        return again

    async def once(ctx: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
        if replayed and write.target == "salesforce":
            write = replace(write, key=f"{write.key}/replayed")
        return await writes.once(ctx, write, send, look, settled)

    return replace(alter.context(parts, lambda ctx: {"once": once}), replay=replay)

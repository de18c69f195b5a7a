"""Does everything anew when its signals are replayed, as if none of it had been done."""

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
            replayed.extend(signal.key for signal in signals)
            return await real(signals, customer)

        return again

    async def once(ctx: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
        if replayed and write.operation == "payment":
            return await send(len(replayed))
        return await writes.once(ctx, write, send, look, settled)

    def cursors(real):
        def get(name):
            return None if replayed and name.startswith("aligned/") else real.get(name)

        return {"get": get}

    forgetful = alter.store(parts, "cursors", cursors)
    return replace(alter.context(forgetful, lambda ctx: {"once": once}), replay=replay)

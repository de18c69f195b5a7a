"""Takes a write of unknown outcome for a success."""

from typing import Any

from synccore.bootstrap import Parts
from synccore.ports.systems import Unknown
from synccore.processes import writes
from tests.broken import alter, stories

STORY = stories.transfer(
    "{id: no-answer, system: subscriptions, kind: timeout, operation: invoice.record_payment, delay: 40s}"
)
CAUGHT_BY = {"I2", "I5"}


def change(parts: Parts) -> Parts:
    async def once(ctx: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
        async def hopeful(refusals: int) -> Any:
            try:
                return await send(refusals)
            except Unknown:
                return "assumed"

        return await writes.once(ctx, write, hopeful, look, settled)

    return alter.context(parts, lambda ctx: {"once": once})

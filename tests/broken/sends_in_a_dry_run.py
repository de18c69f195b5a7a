"""Sends what a dry run of a replay would only have told: to sales, what it has written there before."""

from dataclasses import replace
from typing import Any

from synccore.bootstrap import Parts
from synccore.processes import writes
from tests.broken import recoveries

STORY = recoveries.dry_run()
CAUGHT_BY = {"I9"}


def change(parts: Parts) -> Parts:
    contexts: list[Any] = []

    def build(ctx: Any) -> Any:
        contexts.append(ctx)  # the first is the core's own, those that follow are of dry runs
        if len(contexts) == 1:
            return parts.context(ctx)

        async def once(_: Any, write: Any, send: Any, look: Any = None, settled: Any = None) -> Any:
            if write.target == "salesforce" and write.operation == "bill":
                write = replace(write, key=f"{write.key}/dry")
            return await writes.once(ctx, write, send, look, settled)

        return replace(parts.context(ctx), salesforce=contexts[0].salesforce, once=once)

    return replace(parts, context=build)

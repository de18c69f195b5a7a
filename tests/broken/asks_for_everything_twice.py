"""Reads everything twice, to be on the safe side: the same books in the end, for twice the vendors' quotas."""

from dataclasses import replace
from typing import Any

from synccore.bootstrap import Parts
from tests.broken import recoveries

STORY = recoveries.thrifty()
CAUGHT_BY = {"story"}


def change(parts: Parts) -> Parts:
    def adapters(*given: Any) -> Any:
        built = parts.adapters(*given)
        client = built.platform._client
        real = client.read

        async def read(operation: str, request: Any, missing_ok: bool = False) -> Any:
            await real(operation, request, missing_ok)
            return await real(operation, request, missing_ok)

        client.read = read
        return built

    return replace(parts, adapters=adapters)

"""What the core tells of its writes: the trail of what was done and why, and what it is not certain of."""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.events import RunEvent
from harness.world import Unreachable, World

Rows = tuple[dict[str, Any], ...]
PAGE = 1000


async def trail_of(world: World) -> Rows | None:
    """All entries of GET /trail, oldest first; None from a core that keeps none."""
    found: list[dict[str, Any]] = []
    while True:
        page = await _page(world, f"/trail?after={found[-1]['sequence'] if found else 0}&limit={PAGE}")
        if page is None:
            return None
        found += page
        if len(page) < PAGE:
            return tuple(found)


def untold(events: Iterable[RunEvent], trail: Iterable[Mapping[str, Any]]) -> bool:
    """Is there a call that names a write which the trail does not have?"""
    told = {row["traceparent"] for row in trail} | {None}
    return any((event.facts.get("headers") or {}).get("traceparent") not in told for event in events)


async def unresolved_of(world: World) -> Rows:
    """Writes of unknown outcome (GET /effects)."""
    return tuple(await _page(world, "/effects") or ())


async def _page(world: World, path: str) -> list[dict[str, Any]] | None:
    try:
        status, answer = await world.core("GET", path)
    except Unreachable:
        return None
    return answer if status == 200 and isinstance(answer, list) else None

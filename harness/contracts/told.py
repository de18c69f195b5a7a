"""Events that the real core tells: stories played in simulation, and its own feed read at their end."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from harness.runner import run_story
from harness.scenario import load_story
from harness.simulation import Flight
from harness.simulation.flight_plan import Change
from harness.simulation.hangar import hangar
from harness.simulation.loop import run_virtual
from harness.simulation.world import SimWorld

STORIES = Path(__file__).parents[2] / "scenarios"
STATE = "a story has been played"  # the provider state of events; its parameter `story` says which
PAGE = 1000


def told_events(stories: Iterable[str], change: Change | None = None) -> dict[str, Any]:
    """The first CloudEvent of each type told, by type; ValueError for a story that is none. `change`: another core."""
    found: dict[str, Any] = {}
    for name in stories:
        for event in _feed(name, change):
            found.setdefault(str(event["type"]).partition(".")[2], event)
    return found


@cache
def _feed(name: str, change: Change | None) -> list[Any]:
    path = STORIES / f"{name}.yaml"
    if not path.exists():
        raise ValueError(f"there is no story '{name}' that could be played")
    story = load_story(path)

    async def main() -> list[Any]:
        world = SimWorld(hangar(story.world), story, "1", Flight(change=change))
        await world.open()
        try:
            await run_story(story, world, world.stream, "1", replay=False)
            events: list[Any] = []
            while True:
                last = int(events[-1]["sequence"]) if events else 0
                _, page = await world.core("GET", f"/events?after={last}&limit={PAGE}")
                events += page
                if len(page) < PAGE:
                    return events
        finally:
            await world.close()

    events: list[Any] = run_virtual(main)
    return events

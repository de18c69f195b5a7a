"""Swarm search: random business in random weather, judged in the end; failures become small stories."""

from harness.swarm.draw import drawn
from harness.swarm.flying import Flown, flown, flown_story
from harness.swarm.searching import Search, cover, recorded, search
from harness.swarm.shrinking import shrunk, signs
from harness.swarm.writing import as_yaml

__all__ = [
    "Flown", "Search", "as_yaml", "cover", "drawn", "flown", "flown_story", "recorded", "search", "shrunk", "signs",
]  # fmt: skip

"""Chance by named streams: jitter and tokens; seeded in simulation, the system's own in production."""

from typing import Protocol


class Chance(Protocol):
    """Two draws are all that the core needs."""

    def uniform(self, stream: str) -> float:
        """A number in [0, 1)."""
        ...

    def token(self, stream: str) -> str:
        """A fresh 32-digit hexadecimal text."""
        ...

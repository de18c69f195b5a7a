"""Whether a system is there at all."""

from typing import Protocol


class Reachable(Protocol):
    """What all systems have."""

    async def reachable(self) -> None:
        """The cheapest look there; raises Away or Later when nobody answers."""
        ...

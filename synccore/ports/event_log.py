"""The log of canonical events, a store like those of `ports.stores`."""

from typing import Protocol

from synccore.domain.events import Event


class Events(Protocol):
    """The log of canonical events, in order of `sequence`."""

    def append(self, event: Event) -> bool:
        """Store an event and give it the next sequence; False when source and id are known already."""
        ...

    def of_partition(self, partition: str) -> list[Event]:
        """All events of one customer, oldest first."""
        ...

    def since(self, kind: str, time: float) -> list[Event]:
        """Events of a type whose facts are of that time (business time) or later, oldest told first."""
        ...

    def after(self, sequence: int, kind: str, limit: int) -> list[Event]:
        """Events behind a sequence, of one type ('': any), oldest first; none comes up behind them later. To be asked
        first in its transaction.
        """
        ...

"""A source's changes as a stream: what it tells of each, and the places that its reader keeps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol


class Expired(Exception):
    """The source no longer keeps what comes after a place: whoever stood there has to read the truth itself."""

    def __init__(self, topic: str, place: str) -> None:
        super().__init__(topic, place)
        self.topic, self.place = topic, place


@dataclass(frozen=True)
class Told:
    """What a source tells of a change.

    `place`: where the reader of the topic stands once it has taken this in. `record` is '' for a mere sign of life.
    """

    topic: str
    place: str
    record: str = ""
    kind: str = ""  # CREATE, UPDATE, DELETE, UNDELETE, GAP (which records, but not what of them), OVERFLOW (not even)
    ids: tuple[str, ...] = ()
    fields: frozenset[str] | None = None  # that an UPDATE has changed, under our names; None: it does not say
    values: Mapping[str, Any] = field(default_factory=dict)
    ours: bool = False  # we did it ourselves
    at: float = 0.0  # committed, epoch seconds
    reshaped: bool = False  # the first one of its record in another shape than before


class Feed(Protocol):
    """Several topics of one source, each followed from a place that the reader keeps."""

    topics: tuple[str, ...]
    matter: Mapping[str, frozenset[str]]  # by record: the fields whose change is any news to us

    async def follow(self, places: Mapping[str, str]) -> bool:
        """Have every topic followed behind its place; whether all are in force.

        Without a place ('') it begins now, which is told as an overflow: what came before, nobody tells.

        Raises Expired for a place that is gone, Later or Away when the source cannot be followed now.
        """
        ...

    def told(self) -> Sequence[Told]:
        """What has arrived and was not handled, in order."""
        ...

    async def handled(self, number: int) -> None:
        """So many of them are stored: more may come."""
        ...

"""A run is a stream of events; terminal, JUnit, JSONL and pages are consumers of it."""

import hashlib
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import orjson

EventKind = Literal[
    "run", "step", "call", "change", "delivery", "commit", "crash", "note", "probe", "verdict", "books", "end"
]


class RunEvent(NamedTuple):
    """One thing that happened in a run: `at` is business time (epoch s), `seq` counts from 1 within the run."""

    seq: int
    at: float
    kind: EventKind
    facts: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As one flat JSON object."""
        return {"seq": self.seq, "at": round(self.at, 6), "kind": self.kind, **self.facts}


Consumer = Callable[[RunEvent], None]

# What differs between two equal runs for reasons outside of them, and what proves identity to a server.
NOT_IN_DIGEST = frozenset(("headers", "port", "traceparent"))
_CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class EventStream:
    """Numbers events, keeps them for the checkers, hands them to consumers, and sums them up in a digest."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._consumers: list[Consumer] = []
        self._hash = hashlib.sha256()
        self._summed = 0  # events that the hash knows of
        self.events: list[RunEvent] = []

    def subscribe(self, consumer: Consumer) -> None:
        """Hand all further events to `consumer`."""
        self._consumers.append(consumer)

    def add(self, kind: EventKind, at: float | None = None, **facts: Any) -> RunEvent:
        """Append an event; facts are JSON values."""
        return self.append(kind, self._now() if at is None else at, facts)

    def append(self, kind: EventKind, at: float, facts: dict[str, Any]) -> RunEvent:
        """As `add`, with facts that are the stream's from now on."""
        event = RunEvent(len(self.events) + 1, at, kind, facts)
        self.events.append(event)
        for consumer in self._consumers:
            consumer(event)
        return event

    @property
    def digest(self) -> str:
        """SHA-256 over the canonical JSON of all events so far, one line each: number, time, kind, facts."""
        for seq, at, kind, facts in self.events[self._summed :]:
            if not NOT_IN_DIGEST.isdisjoint(facts):
                facts = {name: value for name, value in facts.items() if name not in NOT_IN_DIGEST}
            self._hash.update(orjson.dumps((seq, round(at, 6), kind, facts), option=_CANONICAL))
        self._summed = len(self.events)
        return self._hash.hexdigest()

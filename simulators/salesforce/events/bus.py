"""The event bus of the org: every event in one numbered stream, kept for 72 hours, found again by replay id."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulators.kit.chance import BASE16, Chance
from simulators.kit.fidelity import exact
from simulators.kit.store import Store

exact(
    "events are kept for 72 hours; replay ids are opaque, increasing, with gaps; a place that is too old, in the "
    "future or no place at all is refused",
    source="documented, reported",
    held_by="test_pubsub",
)

RETENTION_S = 72 * 3_600.0
FIRST = 1  # the number, in steps, before any event
STEP = 7  # a topic's replay ids have gaps: other topics and tenants share the vendor's number line
TABLES = """
CREATE TABLE IF NOT EXISTS _event (
    replay INTEGER PRIMARY KEY, at REAL NOT NULL, id TEXT NOT NULL, entity TEXT NOT NULL, schema TEXT NOT NULL,
    payload BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS _event_entity ON _event (entity, replay);
CREATE TABLE IF NOT EXISTS _event_schema (id TEXT PRIMARY KEY, entity TEXT NOT NULL, text TEXT NOT NULL);
"""


UNTOLD = ""  # the schema of an event of which only a note is kept
TOLD_MAX = 4_096  # events made of notes that are at hand for the next reader


class Lost(ValueError):
    """A replay id from which nobody can go on: too old, in the future, or none of ours."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event as it is kept: `entity` is the object or platform event that it is about."""

    replay: int
    id: str
    entity: str
    schema: str
    payload: bytes


class Bus:
    """Events in the order of their commits. Whoever waits for one is woken by the next."""

    def __init__(self, store: Store, chance: Chance) -> None:
        self._store, self._chance = store, chance
        self._waiting: list[asyncio.Event] = []
        self._oldest: float | None = None  # business time of the oldest event that may be kept
        self._kept: set[str] = set()  # schemas that are known for good
        self._told: dict[int, Event] = {}
        self.teller: Callable[[Event, float], Event] = lambda event, _at: event

    def forget(self) -> None:
        """Read everything anew from the store."""
        self._oldest = None
        self._kept.clear()
        self._told.clear()

    # -- schemas ----------------------------------------------------------------------------

    def keep_schema(self, schema: str, entity: str, text: str) -> None:
        """Make a schema resolvable for ever."""
        if schema in self._kept:
            return
        self._store.db.execute("INSERT OR IGNORE INTO _event_schema VALUES (?, ?, ?)", (schema, entity, text))
        if self._store.state is not None:
            self._kept.add(schema)  # no transaction that would undo it

    def schema(self, schema: str) -> tuple[str, str] | None:
        """Entity and text of a schema, of today or of former times."""
        row = self._store.db.execute("SELECT entity, text FROM _event_schema WHERE id = ?", (schema,)).fetchone()
        return None if row is None else (row[0], row[1])

    # -- writing ----------------------------------------------------------------------------

    def append(self, entity: str, schema: str, payload: bytes, at: float, event_id: str = "") -> Event:
        """Add an event within the caller's transaction."""
        number = self._number(at)
        event = Event(number, event_id or self.token("event", number), entity, schema, payload)
        self._insert(number, at, event.id, entity, schema, payload)
        return event

    def note(self, entity: str, note: bytes, at: float) -> None:
        """Add an event of which the teller makes the rest when somebody reads it."""
        self._insert(self._number(at), at, "", entity, UNTOLD, note)

    def _number(self, at: float) -> int:
        self.expire(at)
        return self._store.next("_replay", FIRST + 1) * STEP

    def _insert(self, number: int, at: float, event_id: str, entity: str, schema: str, payload: bytes) -> None:
        row = (number, at, event_id, entity, schema, payload)
        self._store.database.write("_event", "INSERT INTO _event VALUES (?, ?, ?, ?, ?, ?)", row)
        if self._oldest is None:
            self._oldest = at
        self.wake()

    def token(self, name: str, number: int) -> str:
        """An id in the form of a UUID."""
        text = self._chance.token(name, number, 32, BASE16)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def expire(self, now: float) -> None:
        """Drop what is older than the retention; the tip moves on, as it does at a vendor whose stream never rests."""
        limit = now - RETENTION_S
        if self._oldest is not None and self._oldest >= limit:
            return
        first = "SELECT replay, at FROM _event WHERE at >= ? ORDER BY replay LIMIT 1"  # events stand in order of time
        kept, self._oldest = self._store.db.execute(first, (limit,)).fetchone() or (self.tip + 1, None)
        (last,) = self._store.db.execute("SELECT max(replay) FROM _event WHERE replay < ?", (kept,)).fetchone()
        if last is not None:
            self._store.db.execute("DELETE FROM _event WHERE replay <= ?", (last,))
            self._store.count("_expired", last)
            if last == self.tip:
                self._store.next("_replay", FIRST + 1)

    # -- reading ----------------------------------------------------------------------------

    @property
    def tip(self) -> int:
        """The latest replay number."""
        return STEP * (self._store.last("_replay") or FIRST)

    def after(self, replay: int, entities: Iterable[str] | None, limit: int) -> list[Event]:
        """Events behind a place, of some entities or of all."""
        known = None if entities is None else tuple(entities)
        where = "" if known is None else f" AND entity IN ({','.join('?' * len(known))})"
        rows = self._store.db.execute(
            "SELECT replay, id, entity, schema, payload, at FROM _event "
            f"WHERE replay > ?{where} ORDER BY replay LIMIT ?", (replay, *(known or ()), limit),
        )  # fmt: skip
        return [self._event(*row) for row in rows.fetchall()]

    def _event(self, replay: int, event_id: str, entity: str, schema: str, payload: bytes, at: float) -> Event:
        if schema != UNTOLD:
            return Event(replay, event_id, entity, schema, payload)
        found = self._told.get(replay)
        if found is None:
            found = self.teller(Event(replay, event_id, entity, schema, payload), at)
            if self._store.state is not None:
                if len(self._told) >= TOLD_MAX:
                    self._told.clear()
                self._told[replay] = found
        return found

    def settle(self) -> None:
        """Make all events of which there are notes: what they are made by is about to change."""
        columns = "replay, id, entity, schema, payload, at"
        for row in self._store.db.execute(f"SELECT {columns} FROM _event WHERE schema = ?", (UNTOLD,)).fetchall():
            event = self._event(*row)
            self._store.db.execute(
                "UPDATE _event SET id = ?, schema = ?, payload = ? WHERE replay = ?",
                (event.id, event.schema, event.payload, event.replay),
            )

    def place(self, replay_id: bytes, now: float) -> int:
        """The number behind a replay id as clients hold it; raises Lost."""
        self.expire(now)
        if len(replay_id) not in (8, 10) or replay_id[8:].strip(b"\0"):
            raise Lost(replay_id.hex())
        return self.checked(int.from_bytes(replay_id[:8], "big"))

    def checked(self, number: int) -> int:
        """The number itself if one can go on from there; raises Lost."""
        expired = self._store.last("_expired") or 0
        if not max(expired + 1, FIRST * STEP) <= number <= self.tip or number % STEP:
            raise Lost(str(number))
        return number

    # -- waiting ----------------------------------------------------------------------------

    def wake(self) -> None:
        """Something has changed for whoever waits."""
        for one in self._waiting:
            one.set()

    def watch(self) -> asyncio.Event:
        """An event that every change sets, until `unwatch`."""
        one = asyncio.Event()
        self._waiting.append(one)
        return one

    def unwatch(self, one: asyncio.Event) -> None:
        """End it."""
        self._waiting.remove(one)


def replay_id(number: int) -> bytes:
    """A replay id on the wire: 8 bytes big-endian and two of nothing, as real ones have."""
    return number.to_bytes(8, "big") + b"\0\0"

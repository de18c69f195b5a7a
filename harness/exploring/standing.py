"""What a world is while it rests, as one digest: of two worlds with the same one the rest of a story makes the same.

It rests as well where work waits for its turn and none of it has begun: what that will do is written down. All stores
of the systems, the core's own tables, its timers, faults in place and the run's history so far count. Left
out is what decides nothing any more: names of sessions, work that is done, numbers that say who came first, events
that have been read. A moment counts as the quarter of an hour in which it lies, as every judge's bound is longer;
days, amounts and names count as they are.

What is taken on trust: that the core's memory decides nothing which a restart may not forget, and that it does not
matter at which second of a quarter of an hour pollers look. A run that is played to its end (`whole`) tries that too.
"""

import hashlib
import sqlite3
from typing import Any

import orjson

from harness.exploring.history import History
from harness.exploring.moments import cell, moment
from harness.runner import Play
from harness.simulation.engine import EngineState, Stored
from harness.simulation.memos import decoded
from harness.simulation.world import SimWorld
from simulators.kit.faults import Fault
from simulators.kit.store import Store

EXPLORED = "explored"  # the fault that stands for a disturbed request
_SYSTEMS_SKIP = {"_session", "_token", "_event", "_cursor"}
_SYSTEMS = {  # what of a table counts, where it is not all
    "job": "due, lane, kind, key, payload",
    "counter": "name, value FROM main.counter"
    " WHERE name NOT IN ('session', '_token', '_commit', '_replay', '_expired', 'file')",
    "chunk": "part, data",  # a file's number says how many were there before it
}
_CORE = {
    "inbox": "source, key, kind, payload",
    "corrections": "source, key, payload, by_whom",
    "events": "type, source, id, subject, partition_key, time, data",
    "work": "process, key, subject, argument, due_at, CASE state WHEN 'parked' THEN 0 ELSE attempt END, tries, state,"
            " waiting_on, first_at FROM work WHERE state <> 'done'",
    "waits": "topic",
    "places": "process, key",
    "effects": "key, target, operation, state, reference, digest, cause, settled_at",
    "exceptions": "kind, subject, partition_key, reason, owner_role, actions, waiting_on, opened_at, due_at, state,"
                  " resolution, resolved_by, resolved_at, details",
    "care": "seq, assignee, tags, notes",
    "letters": "process, subject, partition_key, payload, cause, at, state, marked_by, marked_at",
    "mappings": "kind, key, version, value",
    "links": "kind, canonical, system, external",
    "counters": "name, value",
    "cursors": "name, CASE WHEN name LIKE 'billed-from/%' OR name = 'subscriptions/events' THEN '\"at\":' || value"
               " ELSE value END FROM cursors WHERE name NOT LIKE 'salesforce/place/%'",
    "spool": "interface, document_key, content, at, file_name, position",
    "files": "name, interface, sequence, state, at",
    "reports": "at, content",
    "audit": "actor, action, subject, details, at",
}  # fmt: skip
Row = tuple[Any, ...]


class Standings:
    """Sums worlds up. What it has read once it knows again: a branch goes on with what the run before it has read."""

    def __init__(self) -> None:
        self._sums: dict[str, _Sums] = {}  # by table
        self._totals: dict[str, tuple[Any, int]] = {}  # by database: its state, and the sum of its rows
        self._history = History()

    def of(self, world: SimWorld, play: Play, when: str = "") -> int | None:
        """None while something goes on, or chance of its own decides what a fault strikes. `when`: a moment, where it
        matters by itself.
        """
        timers = _timers(world)
        faults = None if timers is None else _faults(world)
        if timers is None or faults is None:
            return None
        parts = [when, *timers, *faults, *self._history.of(world, play), *_unread(world)]
        total = sum(_summed(part) for part in parts)
        total += sum(self._system(name, system.store) for name, system in world.hangar.systems.items())
        return (total + self._core(world)) % _MOST

    def _core(self, world: SimWorld) -> int:
        database, state = world.memory, (world.memory.total_changes, world.commits)
        known = self._totals.get("core")
        if known is None or known[0] != state:
            total = sum(self._rows(database, f"core/{table}", what) for table, what in _CORE.items())
            known = self._totals["core"] = state, total
        return known[1]

    def _system(self, name: str, store: Store) -> int:
        store.write_counters()
        known, state = self._totals.get(name), store.state
        if known is None or known[0] != state:
            tables = [table for table in store.written() if table not in _SYSTEMS_SKIP]
            total = sum(self._rows(store.db, f"{name}/{table}", _SYSTEMS.get(table)) for table in tables)
            known = self._totals[name] = state, total
        return known[1]

    def _rows(self, database: sqlite3.Connection, place: str, what: str | None) -> int:
        """Their sum: the order in which they came is no part of it. `what` None: a document, or else all of it."""
        sums = self._sums.get(place)
        if sums is None:
            table = f'main."{place.partition("/")[2]}"'
            if what is None:
                columns = database.execute(f"SELECT * FROM {table} LIMIT 0").description
                what = "key, doc" if any(column[0] == "doc" for column in columns) else "*"
            asked = f"SELECT {what}" + ("" if " FROM " in what else f" FROM {table}")
            sums = self._sums[place] = _Sums(place, asked)
        found = database.execute(sums.asked)
        sums.names = [column[0] for column in found.description]
        return sum(map(sums.__getitem__, found.fetchall()))


class _Sums(dict[Row, int]):
    """What each row of one table adds to the sum."""

    def __init__(self, place: str, asked: str) -> None:
        super().__init__()
        self._place, self.asked = place, asked
        self.names: list[str] = []

    def __missing__(self, row: Row) -> int:
        cells = row if self._place != "core/inbox" else _signal(*row)
        said = [cell(name, value) for name, value in zip(self.names, cells, strict=True)]
        one = self[row] = _summed("|".join((self._place, *said)))
        return one


def _signal(source: str, key: str, kind: str, payload: str) -> Row:
    """What was told: the rest of the platform's payload says whether it was told or asked for."""
    if source == "subscriptions":
        payload = orjson.dumps(orjson.loads(payload).get("content")).decode()
    return source, key, kind, payload


_MOST = 1 << 128


def _summed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def _unread(world: SimWorld) -> list[str]:
    """How many events of each topic lie behind the place up to which the core has read."""
    places = world.memory.execute("SELECT name, value FROM cursors WHERE name LIKE 'salesforce/place/%' ORDER BY name")
    store = world.hangar.systems["salesforce"].store
    expired = store.last("_expired") or 0
    found = []
    for name, place in places.fetchall():
        entity = name.rpartition("/")[2].removesuffix("ChangeEvent")
        read = int(place[:16] or "0", 16)
        asked = store.rows("SELECT count(*) FROM _event WHERE entity = ? AND replay > ?", (entity, read))
        found.append(f"{next(asked)[0]} unread of {name}, {'kept' if read > expired else 'gone'}")
    return found


def _faults(world: SimWorld) -> list[str] | None:
    """What of the faults in place may still strike; None if that is for chance, or for the disturbance explored."""
    found = []
    for name, system in world.hangar.systems.items():
        found += [f"failed {name} {failure}" for failure in system.jobs.failures]
        for fault in system.faults:
            spent = bool(fault.times) and fault.hits >= fault.times
            if not spent and (fault.probability < 1 or fault.id == EXPLORED):
                return None
            if fault.id != EXPLORED:
                found.append(f"fault {name} {_ahead(fault)}")
    return found


def _ahead(fault: Fault) -> str:
    facts = fault.model_dump(exclude={"seen", "hits", "after", "until"})
    window = [None if at is None else moment(at) for at in (fault.after, fault.until)]
    return f"{facts} {window} {min(fault.seen, fault.nth)} {min(fault.hits, fault.times)} {bool(fault.hits)}"


def _timers(world: SimWorld) -> list[str] | None:
    now, engine = world.now(), world.engine
    if engine is None or len(world.engine_state.engines) != 1:
        return None
    if any(system.meter.profile != "roomy" for system in world.hangar.systems.values()):
        return None  # how much was asked of late decides what is refused next
    coming: list[str] | None = []
    if engine.busy:  # it rests as well where no run is amid its work: what they are about to do is all written down
        coming = None if world.at_work(asked=True) else _coming(world.engine_state)
    elif (due := world.stirs(now)) is not None and due <= now:
        return None
    timers = engine.timers()
    if timers is None or coming is None:
        return None
    return [*coming, *(f"{name} {_at(alarm)} {_at(turn)} {at}" for name, alarm, turn, at in timers)]


def _coming(state: EngineState) -> list[str] | None:
    """Runs that wait for their turn, in the order of their turns, with what they remember; None amid a run."""
    busy = [state.runs[run_id] for run_id in state.busy.values()]
    if not all(run.begins_at for run in busy):
        return None
    queued = [
        f"{place} of {key}: {_run(state.runs[run_id])}"
        for (_, key), queue in state.queues.items() for place, run_id in enumerate(queue)
    ]  # fmt: skip
    return queued + [f"{turn} {_run(run)}" for turn, run in enumerate(sorted(busy, key=lambda run: run.begins_at))]


def _run(run: Stored) -> str:
    argument = {name: value for name, value in decoded(run.argument).items() if name != "work"}
    remembered = [(memo.name, memo.value, memo.error) for memo in run.memos]
    return f"{run.process} {run.key} {argument} {run.state} {remembered}"


def _at(time: float | None) -> str:
    return "never" if time is None else moment(time)

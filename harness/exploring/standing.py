"""What a world is while it rests, as one digest: of two worlds with the same one the rest of a story makes the same.

All stores of the systems, the core's own tables, its timers, faults in place and the run's history so far count. Left
out is what decides nothing any more: names of sessions, work that is done, numbers that say who came first, events
that have been read. A moment counts as the quarter of an hour in which it lies, as every judge's bound is longer;
days, amounts and names count as they are.

What is taken on trust: that the core's memory decides nothing which a restart may not forget, and that it does not
matter at which second of their interval pollers look. A run that is played to its end (`whole`) tries that too.
"""

import hashlib
import re
import sqlite3
from calendar import timegm
from typing import Any

from harness.canon import Canon
from harness.checkers import Case, judge
from harness.exploring.likeness import likeness
from harness.runner import Play
from harness.simulation.world import SimWorld
from simulators.kit.faults import Fault
from simulators.kit.store import Store

EXPLORED = "explored"  # the fault that stands for a disturbed request
GRAIN_S = 900  # the shortest bound of a judge
OFFSET_S = 450  # stories begin at full hours: what happens then and soon after is of one grain
_HISTORY = ("I9", "I10")  # judges that look at what was, and not at the books of the end
_SYSTEMS_SKIP = {"_session", "_token", "_event", "_cursor"}
_SYSTEMS = {  # what of a table counts, where it is not all
    "job": "due, lane, kind, key, payload",
    "counter": "name, value FROM main.counter WHERE name NOT IN ('session', '_token', '_commit', '_replay', 'file')",
    "chunk": "part, data",  # a file's number says how many were there before it
}
_CORE = {
    "inbox": "source, key, kind, CASE source WHEN 'subscriptions' THEN json_extract(payload, '$.content')"
             " ELSE payload END FROM inbox",  # else it says whether it was told or asked for
    "corrections": "source, key, payload, by_whom",
    "events": "type, source, id, subject, partition_key, time, data",
    "work": "process, key, subject, argument, due_at, CASE state WHEN 'parked' THEN 0 ELSE attempt END, tries, state,"
            " waiting_on, first_at FROM work WHERE state <> 'done'",
    "waits": "topic",
    "effects": "key, target, operation, state, reference, digest, settled_at",
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
_MOMENTS = {"due", "due_at", "first_at", "settled_at", "opened_at", "resolved_at", "at", "marked_at", "time"}
_SAID = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:Z|([+-]\d\d):?(\d\d))?")
_SECONDS = re.compile(
    r'((?:at|art|end|on|time|since|term|expires|mtime|from|to|date)\\*": ?)(1\d{9}(?:\.\d+)?)(?![\d.])'
)
_MILLISECONDS = re.compile(r"(?<!\d)1[5-9]\d{11}(?!\d)")
_FILE_NUMBER = re.compile(r'"id":\d+,"place"')

Row = tuple[Any, ...]


class Standings:
    """Sums worlds up. What it has read once it knows again: a branch goes on with what the run before it has read."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, Row], int] = {}  # by table
        self._systems: dict[str, tuple[Any, int]] = {}  # by system: the store's state, and the sum of its rows

    async def of(self, world: SimWorld, play: Play) -> int | None:
        """None while something goes on, or chance of its own decides what a fault strikes."""
        timers = _timers(world)
        faults = _faults(world)
        if timers is None or faults is None:
            return None
        parts = [*timers, *faults, *await _history(world, play), *_unread(world)]
        total = sum(_summed(part) for part in parts)
        total += sum(self._system(name, system.store) for name, system in world.hangar.systems.items())
        total += sum(self._rows(world.memory, "core", table, what) for table, what in _CORE.items())
        return total % _MOST

    def _system(self, name: str, store: Store) -> int:
        known = self._systems.get(name)
        if known is not None and known[0] == store.state:
            return known[1]
        store.write_counters()
        total = 0
        for table, columns in store.written():
            if table not in _SYSTEMS_SKIP:
                what = _SYSTEMS.get(table) or ("key, doc" if "doc" in columns else "*")
                total += self._rows(store.db, name, table, what)
        self._systems[name] = store.state, total
        return total

    def _rows(self, database: sqlite3.Connection, owner: str, table: str, what: str) -> int:
        """Their sum: the order in which they came is no part of it."""
        found = database.execute(f"SELECT {what}" + ("" if " FROM " in what else f' FROM main."{table}"'))
        names, place, known = [column[0] for column in found.description], f"{owner}/{table}", self._known
        total = 0
        for row in found.fetchall():
            one = known.get((place, row))
            if one is None:
                cells = [_cell(name, value) for name, value in zip(names, row, strict=True)]
                one = known[place, row] = _summed("|".join((place, *cells)))
            total += one
        return total


_MOST = 1 << 128


def _summed(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "big")


def moment(at: float) -> str:
    """The grain in which it lies."""
    return f"t{int((at + OFFSET_S) // GRAIN_S)}"


def _cell(name: str, value: Any) -> str:
    if isinstance(value, int | float):
        return moment(value) if name in _MOMENTS else str(value)
    text = value if isinstance(value, str) else str(value)
    text = _SAID.sub(_said, text)
    text = _SECONDS.sub(lambda found: found[1] + moment(float(found[2])), text)
    text = _MILLISECONDS.sub(lambda found: moment(float(found[0]) / 1000), text)
    return _FILE_NUMBER.sub('"place"', text)


def _said(found: re.Match[str]) -> str:
    year, month, day, hour, minute = (int(part) for part in found.group(1, 2, 3, 4, 5))
    ahead = 60 * int(found[7]) + int(f"{found[7][0]}{found[8]}") if found[7] else 0
    return moment(timegm((year, month, day, hour, minute, int(found[6] or 0))) - 60 * ahead)


def _unread(world: SimWorld) -> list[str]:
    """How many events of each topic lie behind the place up to which the core has read."""
    places = world.memory.execute("SELECT name, value FROM cursors WHERE name LIKE 'salesforce/place/%' ORDER BY name")
    store = world.hangar.systems["salesforce"].store
    found = []
    for name, place in places.fetchall():
        entity = name.rpartition("/")[2].removesuffix("ChangeEvent")
        asked = store.rows(
            "SELECT count(*) FROM _event WHERE entity = ? AND replay > ?", (entity, int(place[:16] or "0", 16))
        )
        found.append(f"{next(asked)[0]} unread of {name}")
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


async def _history(world: SimWorld, play: Play) -> list[str]:
    """What was so far, as far as somebody will judge it in the end."""
    stage, storm = play.stage, play.storm
    case = Case(Canon(), replays=stage.replays, outages=tuple(await storm.outages()))
    found = [f"{one.invariant} {one.findings}" for one in judge(case, _HISTORY) if one.outcome == "broken"]
    found += [f"missed {text}" for text in play.unmet] + [f"judged {verdict}" for verdict in play.verdicts]
    found += [f"probe {name} {bool(hits)}" for name, hits in (await storm.probes()).items()]
    found += [f"replay {one.signals} {one.work}" for one in stage.replays]
    for report in play.reconciliations:
        books = sorted((str(row), count) for row, count in likeness(report.canon).items())
        found += [f"reconciled {report.breaks} {report.items}", *(f"books {row}" for row in books)]
    found += [
        f"defect {event.facts}" for event in world.stream.events if event.facts.get("level") in ("defect", "lost")
    ]
    found += [f"going on {storm.going_on}", f"edits {sorted(stage.edits.items())}", f"moved {sorted(stage.moved)}"]
    found += [f"changed {sorted(stage.customer_changes)}", f"bank {stage.bank_sequence}", f"closed {stage.closed}"]
    found += [f"failure {storm.failure}", f"crashes by the story {storm.killed}"]
    if world.backup is not None:  # what somebody may yet put back is as it was
        found.append(f"backup {hashlib.blake2b(world.backup.image).hexdigest()}")
    if "calls_at_most" in str(play.scenario.to_json()):
        found.append(f"calls {len(world.requests)}")
    return found


def _timers(world: SimWorld) -> list[str] | None:
    if world.engine is None or world.stirs(world.now()) is not None:
        return None
    if any(system.meter.profile != "roomy" for system in world.hangar.systems.values()):
        return None  # how much was asked of late decides what is refused next
    timers = world.engine.timers()
    return [f"{name} {None if alarm is None else moment(alarm)} {reads}" for name, (alarm, reads) in timers.items()]

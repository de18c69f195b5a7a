"""Change events: made of what a transaction changed, at its end and as part of it, so that undone work is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import orjson

from simulators.kit.faults import EVENT_FAULTS, STREAM_FAULTS, Fault
from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Change, Doc
from simulators.salesforce.events import topics
from simulators.salesforce.events.avro import Layout, change_layout
from simulators.salesforce.events.bus import Event
from simulators.salesforce.intake import Writing

if TYPE_CHECKING:
    from simulators.salesforce.app import Salesforce

exact(
    "one event a record and transaction, on commit alone; equal changes of one object share one event; transaction "
    "key, sequence from 1, commit user, origin of the call; what each kind of change tells of its fields",
    source="documented, recorded",
    held_by="test_change_events",
)
approximate("Long texts", "are told whole: diffFields is always empty", source="documented")

ENTITY_MAX = 100_000  # changes of one transaction, beyond which only GAP_OVERFLOW is told
PAYLOAD_MAX = 1_000_000  # bytes, beyond which an event tells no fields
NOTE_MAX = 200_000  # bytes of a note that cannot come to a payload of that size
APPEND = "event.append"
FIRST_COMMIT = 10_600_000_000_000  # commit numbers look like the vendor's and fit a double
_NOBODY = Writing(0.0, "")
_STREAM = (*EVENT_FAULTS, *(kind for kind in STREAM_FAULTS if kind.endswith("_event")))


@dataclass
class Told:
    """What one event will say."""

    entity: str
    kind: str
    ids: list[str]
    doc: Doc
    fields: frozenset[str] | None  # with values; None: all
    nulled: frozenset[str] = frozenset()
    how: Writing = _NOBODY
    text: str = ""  # the document as JSON, if all of it is told


class Capture:
    """Hears every transaction just before it commits."""

    def __init__(self, system: Salesforce) -> None:
        self._system = system
        system.store.on_close(self.closing)
        system.jobs.handler(APPEND, self._append_late)
        system.bus.teller = self.told

    def closing(self, changes: Sequence[Change]) -> None:
        """Put the transaction's events into the bus."""
        selected = topics.captured(self._system.org.schema)
        by_record: dict[tuple[str, str], list[Change]] = {}
        for change in changes:
            if change.by is not None and change.kind in selected and not change.by.relaxed:
                by_record.setdefault((change.kind, change.key), []).append(change)
        if by_record:
            self._tell(_merged([told for history in by_record.values() if (told := _of(history)) is not None]))

    def layout(self, entity: str) -> Layout:
        """How changes of an object are told now; whoever is told the schema's id can ask for it ever after."""
        schema = self._system.org.schema
        found: Layout | None = schema.plans.get(("layout", entity))
        if found is None:
            found = schema.plans["layout", entity] = change_layout(schema.objects[entity.lower()])
        self._system.bus.keep_schema(found.id, entity, found.text)
        return found

    # -- telling ------------------------------------------------------------------------------

    def _tell(self, told: list[Told]) -> None:
        """Note the events down; they are made once somebody reads them, which most of them are never."""
        if not told:
            return
        number, faults, bus = self._system.store.next("_commit"), self._system.faults, self._system.bus
        for sequence, one in enumerate(_overflowing(told), 1):
            if faults:
                fault = faults.strike(_STREAM, f"event:{one.entity}", lambda one=one: " ".join(one.ids), one.how.at)  # type: ignore[misc]
                if fault is not None:
                    self._put_spoiled(_spoiled(one, fault), sequence, number, fault)
                    continue
            note = _noted(one, sequence, number)
            if len(note) <= NOTE_MAX:
                bus.note(one.entity, note, one.how.at)
            else:
                layout, payload = self._made(one, sequence, number, one.how.at)
                bus.append(one.entity, layout.id, payload, one.how.at)

    def told(self, event: Event, at: float) -> Event:
        """The event that was noted down."""
        sequence, number, told = _read(event, at)
        layout, payload = self._made(told, sequence, number, at)
        return replace(event, id=self._system.bus.token("event", event.replay), schema=layout.id, payload=payload)

    def _made(self, one: Told, sequence: int, number: int, at: float) -> tuple[Layout, bytes]:
        layout = self.layout(one.entity)
        header = {
            "entityName": one.entity, "recordIds": one.ids, "changeType": one.kind, "changeOrigin": one.how.origin,
            "sequenceNumber": sequence, "commitTimestamp": round(at * 1000), "commitUser": one.how.user,
            "diffFields": [], "transactionKey": self._system.bus.token("transaction", number),
            "commitNumber": FIRST_COMMIT + number * 13,
        }  # fmt: skip
        payload = _payload(layout, one, header)
        if len(payload) > PAYLOAD_MAX:
            gap = Told(one.entity, f"GAP_{one.kind}", one.ids, {}, frozenset(), how=one.how)
            payload = _payload(layout, gap, {**header, "changeType": gap.kind})
        return layout, payload

    def _put_spoiled(self, one: Told, sequence: int, number: int, fault: Fault) -> None:
        at = one.how.at
        layout, payload = self._made(one, sequence, number, at)
        if fault.kind == "drop_event":
            return
        if fault.kind == "delay_event":
            self._later(at + fault.delay_s, one.entity, layout.id, payload, "")
            return
        event = self._system.bus.append(one.entity, layout.id, payload, at)
        for copy in range(1, fault.copies + 1 if fault.kind == "duplicate_event" else 1):
            if fault.delay_s:
                self._later(at + copy * fault.delay_s, one.entity, layout.id, payload, event.id)
            else:
                self._system.bus.append(one.entity, layout.id, payload, at, event.id)

    def _later(self, due: float, entity: str, schema: str, payload: bytes, event_id: str) -> None:
        given = {"entity": entity, "schema": schema, "payload": payload.hex(), "id": event_id}
        self._system.jobs.schedule(due, APPEND, given)

    async def _append_late(self, job: Job) -> None:
        given = job.payload
        with self._system.store.transaction():
            self._system.bus.append(
                given["entity"], given["schema"], bytes.fromhex(given["payload"]), job.due, given["id"]
            )


def _noted(one: Told, sequence: int, number: int) -> bytes:
    """All that an event is made of, as it stands at the commit."""
    doc: Any = one.doc
    fields = one.fields
    if fields is not None:
        doc = {name: doc[name] for name in fields if name in doc}
    elif one.text:
        doc = orjson.Fragment(one.text)
    how = one.how
    return orjson.dumps(
        [sequence, number, one.kind, one.ids, how.origin, how.user, doc,
         None if fields is None else sorted(fields), sorted(one.nulled)]
    )  # fmt: skip


def _read(event: Event, at: float) -> tuple[int, int, Told]:
    sequence, number, kind, ids, origin, user, doc, fields, nulled = orjson.loads(event.payload)
    wanted = None if fields is None else frozenset[str](fields)
    how = Writing(at, user, origin=origin)
    return sequence, number, Told(event.entity, kind, ids, doc, wanted, frozenset(nulled), how)


def _payload(layout: Layout, one: Told, header: dict[str, Any]) -> bytes:
    changed = one.fields if one.kind == "UPDATE" and one.fields is not None else frozenset[str]()
    bitmaps = {"changedFields": layout.bitmap(changed), "nulledFields": layout.bitmap(one.nulled)}
    return layout.encode({**header, **bitmaps}, one.doc, one.fields)


def _spoiled(one: Told, fault: Fault) -> Told:
    """The event as a fault lets it be told."""
    if fault.kind == "gap_event" and not one.kind.startswith("GAP"):
        return Told(one.entity, f"GAP_{one.kind}", one.ids, {}, frozenset(), how=one.how)
    if fault.kind == "overflow_event":
        return Told(one.entity, "GAP_OVERFLOW", [], {}, frozenset(), how=one.how)
    return one


# -- what a transaction did -------------------------------------------------------------------


def _of(history: list[Change]) -> Told | None:
    """One record's changes within a transaction as one event: of the first one's kind, with the final state."""
    first, last = history[0], history[-1]
    after, how = last.after or {}, last.by
    if first.before is None:
        return Told(first.kind, "CREATE", [first.key], after, None, how=how, text=last.text)
    before = first.before
    if before["IsDeleted"] != after.get("IsDeleted"):
        kind = "DELETE" if after.get("IsDeleted") else "UNDELETE"
        return Told(first.kind, kind, [first.key], after, frozenset() if kind == "DELETE" else None, how=how)
    changed = {name for name, value in after.items() if before.get(name) != value} | (before.keys() - after.keys())
    changed.discard("SystemModstamp")
    if after["LastModifiedDate"] == after["SystemModstamp"]:
        changed.add("LastModifiedDate")  # two changes within its second are two changes
    if not changed:
        return None
    nulled = frozenset(name for name in changed if after.get(name) is None)
    return Told(first.kind, "UPDATE", [first.key], after, frozenset(changed), nulled, how)


def _merged(told: list[Told]) -> list[Told]:
    """Equal changes of several records of one object are told once, with all their ids."""
    if len(told) < 2:
        return told
    found: dict[Any, Told] = {}
    for one in told:
        values = tuple(sorted((name, repr(one.doc.get(name))) for name in one.fields or ()))
        alone = one.ids[0] if one.fields is None else ""  # what tells all its values is told alone
        key = (one.entity, one.kind, values, alone, int(one.how.at))
        if key in found:
            found[key].ids.append(one.ids[0])
        else:
            found[key] = one
    return list(found.values())


def _overflowing(told: list[Told]) -> list[Told]:
    if sum(len(one.ids) for one in told) <= ENTITY_MAX:
        return told
    first: dict[str, Told] = {}
    for one in told:
        first.setdefault(one.entity, Told(one.entity, "GAP_OVERFLOW", [], {}, frozenset(), how=one.how))
    return list(first.values())

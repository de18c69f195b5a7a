"""Change events: made of what a transaction changed, at its end and as part of it, so that undone work is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from simulators.kit.faults import EVENT_FAULTS, STREAM_FAULTS, Fault
from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Change, Doc
from simulators.salesforce.events import topics
from simulators.salesforce.events.avro import Layout, change_layout
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
APPEND = "event.append"
FIRST_COMMIT = 10_600_000_000_000  # commit numbers look like the vendor's and fit a double
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
    how: Writing = field(default_factory=lambda: Writing(0.0, ""))


class Capture:
    """Hears every transaction just before it commits."""

    def __init__(self, system: Salesforce) -> None:
        self._system = system
        system.store.on_close(self.closing)
        system.jobs.handler(APPEND, self._append_late)

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
        """How changes of an object are told now."""
        schema = self._system.org.schema
        found: Layout | None = schema.plans.get(("layout", entity))
        if found is None:
            found = schema.plans["layout", entity] = change_layout(schema.objects[entity.lower()])
        self._system.bus.keep_schema(found.id, entity, found.text)
        return found

    # -- telling ------------------------------------------------------------------------------

    def _tell(self, told: list[Told]) -> None:
        if not told:
            return
        store, bus = self._system.store, self._system.bus
        number = store.next("_commit")
        common = {"transactionKey": bus.token("transaction", number), "commitNumber": FIRST_COMMIT + number * 13}
        for sequence, one in enumerate(_overflowing(told), 1):
            at = one.how.at
            fault = self._system.faults.strike(_STREAM, f"event:{one.entity}", lambda one=one: " ".join(one.ids), at)  # type: ignore[misc]
            spoiled = _spoiled(one, fault)
            header = {
                "entityName": one.entity, "recordIds": spoiled.ids, "changeType": spoiled.kind,
                "changeOrigin": one.how.origin, "sequenceNumber": sequence, "commitTimestamp": round(at * 1000),
                "commitUser": one.how.user, "diffFields": [], **common,
            }  # fmt: skip
            self._put(spoiled, header, at, fault)

    def _put(self, one: Told, header: dict[str, Any], at: float, fault: Fault | None) -> None:
        layout = self.layout(one.entity)
        payload = _payload(layout, one, header)
        if len(payload) > PAYLOAD_MAX:
            gap = Told(one.entity, f"GAP_{one.kind}", one.ids, {}, frozenset(), how=one.how)
            payload = _payload(layout, gap, {**header, "changeType": gap.kind})
        kind = fault.kind if fault is not None else ""
        if kind == "drop_event":
            return
        if fault is not None and kind == "delay_event":
            self._later(at + fault.delay_s, one.entity, layout.id, payload, "")
            return
        event = self._system.bus.append(one.entity, layout.id, payload, at)
        for copy in range(1, fault.copies + 1 if fault is not None and kind == "duplicate_event" else 1):
            assert fault is not None
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


def _payload(layout: Layout, one: Told, header: dict[str, Any]) -> bytes:
    changed = one.fields if one.kind == "UPDATE" and one.fields is not None else frozenset[str]()
    bitmaps = {"changedFields": layout.bitmap(changed), "nulledFields": layout.bitmap(one.nulled)}
    return layout.encode({**header, **bitmaps}, one.doc, one.fields)


def _spoiled(one: Told, fault: Fault | None) -> Told:
    """The event as a fault lets it be told."""
    if fault is not None and fault.kind == "gap_event" and not one.kind.startswith("GAP"):
        return Told(one.entity, f"GAP_{one.kind}", one.ids, {}, frozenset(), how=one.how)
    if fault is not None and fault.kind == "overflow_event":
        return Told(one.entity, "GAP_OVERFLOW", [], {}, frozenset(), how=one.how)
    return one


# -- what a transaction did -------------------------------------------------------------------


def _of(history: list[Change]) -> Told | None:
    """One record's changes within a transaction as one event: of the first one's kind, with the final state."""
    first, last = history[0], history[-1]
    after, how = last.after or {}, last.by
    if first.before is None:
        return Told(first.kind, "CREATE", [first.key], after, None, how=how)
    before = first.before
    if before["IsDeleted"] != after.get("IsDeleted"):
        kind = "DELETE" if after.get("IsDeleted") else "UNDELETE"
        return Told(first.kind, kind, [first.key], after, frozenset() if kind == "DELETE" else None, how=how)
    changed = {name for name in {**before, **after} if before.get(name) != after.get(name)} - {"SystemModstamp"}
    if after["LastModifiedDate"] == after["SystemModstamp"]:
        changed.add("LastModifiedDate")  # two changes within its second are two changes
    if not changed:
        return None
    nulled = frozenset(name for name in changed if after.get(name) is None)
    return Told(first.kind, "UPDATE", [first.key], after, frozenset(changed), nulled, how)


def _merged(told: list[Told]) -> list[Told]:
    """Equal changes of several records of one object are told once, with all their ids."""
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

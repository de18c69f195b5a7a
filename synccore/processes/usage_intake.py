"""Usage taken in: each event once by its id, told and turned into work; what makes no sense is listed."""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import inf

from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import digest
from synccore.domain.payloads import present
from synccore.domain.usage import MEMBERS, Malformed, UsageEvent, event_of
from synccore.ports.stores import Signal, Unit
from synccore.processes.set_aside import PROCESS as ASIDE

SYSTEM, EVENT, MALFORMED = "metering", "usage", "usage-malformed"
PROCESS = "usage-upload"
OWNER = "product-operations"
ATTENTION_S = 86400.0


def account_of(unit: Unit, subscription: str) -> str:
    """The customer that a subscription belongs to; one that we did not make stands for itself."""
    return unit.links.external("account-of-contract", subscription, "salesforce") or subscription


def take_rows(unit: Unit, rows: Iterable[UsageEvent | Malformed], at: float) -> int:
    """Store rows of feed or file; returns how many were new. Told twice, an event is one event."""
    return sum(_event(unit, row, at) if isinstance(row, UsageEvent) else _malformed(unit, row, at) for row in rows)


def _event(unit: Unit, event: UsageEvent, at: float) -> bool:
    payload = {
        "id": event.id, "subscription": event.subscription, "customer": event.customer, "meter": event.meter,
        "quantity": f"{event.quantity:f}", "time": _iso(event.at), "recorded_at": _iso(event.recorded_at),
        "corrects": event.corrects,
    }  # fmt: skip
    if not unit.inbox.accept(Signal(SYSTEM, event.id, EVENT, payload, at)):
        return False
    if event.corrects:
        _chain(unit, event)
        unit.work.wake(_row_topic(event.corrects), at)
    unit.work.wake(_row_topic(event.id), at)
    account = account_of(unit, event.subscription)
    unit.work.add(PROCESS, account, event.id, {"event": event.id}, at, f"usage:{event.id}")
    data = present(
        event=event.id, subscription=event.subscription, meter=event.meter, quantity=f"{event.quantity:f}",
        at=event.at, recorded_at=event.recorded_at, corrects=event.corrects or None,
    )  # fmt: skip
    unit.events.append(fact("usage-reported", SYSTEM, event.id, account, float(event.at), data, event.id))
    return True


def _iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _malformed(unit: Unit, row: Malformed, at: float) -> bool:
    """Nobody can bill what cannot be read, and nobody may lose it: a person has the source corrected."""
    if not unit.inbox.accept(Signal(SYSTEM, row.key, MALFORMED, {"why": row.reason, "row": dict(row.row)}, at)):
        return False
    unit.work.add(ASIDE, SYSTEM, row.event or row.key, {"source": SYSTEM, "key": row.key}, at, row.reason)
    return True


class Unfit(Exception):
    """A row of usage still makes no sense."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding)
        self.finding = finding


def take_malformed(unit: Unit, signal: Signal, at: float) -> None:
    """A row that made no sense, as it is now: put right by a person, or corrected by another. Raises Unfit."""
    row, why = signal.payload["row"], str(signal.payload["why"])
    row = row if isinstance(row, dict) else {}
    read = event_of({member: row.get(member) for member in MEMBERS}, why.partition(", column ")[0])
    if isinstance(read, UsageEvent):
        _event(unit, read, at)
        return
    if unit.cursors.get(f"usage/chain/{read.event}") or unit.inbox.find(SYSTEM, read.event or "-", 0.0, inf, 1):
        return  # what corrects it has come, or itself as it should be
    topics = (_row_topic(read.event),) if read.event else ()
    reason = why if signal.key.endswith(digest(row)) else read.reason  # a person may have left something wrong
    raise Unfit(Finding("usage_malformed", reason, OWNER, ("edit", "fix_source", "abandon"), topics))


def _row_topic(event: str) -> str:
    return f"usage-row:{event}"


# -- corrections ------------------------------------------------------------------------------


def _root(unit: Unit, event: str) -> str:
    return unit.cursors.get(f"usage/root/{event}") or event


def _chain(unit: Unit, event: UsageEvent) -> None:
    """Note which events say the same fact anew; the one that was recorded last holds."""
    root = _root(unit, event.corrects)
    unit.cursors.set(f"usage/root/{event.id}", root)
    known = unit.cursors.get(f"usage/chain/{root}")
    unit.cursors.set(f"usage/chain/{root}", f"{known} {event.id}" if known else event.id)


def versions(unit: Unit, event: str) -> list[UsageEvent]:
    """All that was told of the fact that an event belongs to, in order of recording; the last one holds."""
    root = _root(unit, event)
    names = [root, *(unit.cursors.get(f"usage/chain/{root}") or "").split()]
    found = []
    for name in names:
        for signal in unit.inbox.find(SYSTEM, name, 0.0, inf, 1):
            read = event_of({member: signal.payload.get(member) for member in MEMBERS}, name)
            if isinstance(read, UsageEvent):
                found.append(read)
    return sorted(found, key=lambda one: one.recorded_at)

"""What the core remembers, by store: inbox, events, work, effects, exceptions, letters, mappings, links and more.

All methods are synchronous and run inside the transaction of the `Unit` that they belong to. Times are business
time in epoch seconds, handed in by the caller.
"""

from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from synccore.ports.audit import Audit
from synccore.ports.event_log import Events
from synccore.ports.holding import Workers
from synccore.ports.reports import Reports
from synccore.ports.trail import TrailEntry, traceparent
from synccore.ports.work import Work

Json = Any


@dataclass(frozen=True)
class Signal:
    """Something that a system told us, as it came. `source` + `key` is its natural identity."""

    source: str  # salesforce | subscriptions | erp_cloud | erp_legacy
    key: str
    kind: str  # e.g. Opportunity.changed, invoice_generated, CustPymt, ACK
    payload: Json
    received_at: float


class Inbox(Protocol):
    """Signals, kept longer than any source repeats them."""

    def accept(self, signal: Signal) -> bool:
        """Store a signal; False when its source and key are known already."""
        ...

    def find(self, source: str, key: str, since: float, until: float, limit: int) -> list[Signal]:
        """Stored signals by source and key (empty: any) and time of arrival, oldest first, as corrected by people."""
        ...

    def select(self, source: str, kind: str, begins: str, since: float, until: float, limit: int) -> list[Signal]:
        """Likewise by source and kind (empty: any), and how the key begins."""
        ...

    def correct(self, source: str, key: str, payload: Json, by: str, at: float) -> None:
        """From now on a stored signal is found with this payload; what came is kept beside it."""
        ...


EffectState = Literal["planned", "applied", "rejected", "unknown"]


@dataclass(frozen=True)
class Effect:
    """One write to a system under its business key. `fresh`: planned just now, so nothing can have been sent yet."""

    key: str  # e.g. erp_cloud/invoice/CBINV-US-000001
    target: str
    operation: str
    state: EffectState
    reference: Json = None  # what the target calls it
    tries: int = 0
    fresh: bool = False
    digest: str = ""  # of the content; a level is written again when it differs
    cause: str = ""  # what first asked for it
    at: float = 0.0  # of the latest try

    @property
    def traceparent(self) -> str:
        """What the calls of this write carry."""
        return traceparent(self.key, self.cause)


class Effects(Protocol):
    """Writes, recorded before they are sent. Facts are written once; levels again whenever their digest changes."""

    def plan(self, key: str, target: str, operation: str, digest: str, cause: str, at: float) -> Effect:
        """Record the intention (counting a try) or return what is known: `applied` with the same digest needs no send;
        `applied` with another digest comes back as `planned` (a level to be written again), and `rejected` likewise.
        A write without content of its own to compare (a fact) always gives the digest "".
        """
        ...

    def settle(self, key: str, state: Literal["applied", "rejected", "unknown"], reference: Json, at: float) -> None:
        """Record the outcome; what was done is added to the trail."""
        ...

    def unsure(self, target: str, since: float) -> list[Json]:
        """What was done at a target since then is `unknown` once more, to be looked for by whoever writes it again;
        returns what it was called there.
        """
        ...

    def trail(self, after: int, limit: int) -> list[TrailEntry]:
        """What was done behind a sequence (0: from the beginning), oldest first."""
        ...

    def get(self, key: str) -> Effect | None:
        """What is known of a key."""
        ...

    def doubt(self, key: str) -> int:
        """A level that was written under this key (or its parts, `key/…`) may stand otherwise at the target: its next
        plan writes it again. Facts are never doubted. Returns how many were.
        """
        ...

    def unresolved(self) -> list[Effect]:
        """Those planned or unknown."""
        ...


@dataclass(frozen=True)
class BusinessException:
    """A deviation that a person resolves without code. `actions` are among those the experience API offers."""

    id: str
    kind: str  # missing_tax_profile, unmapped_item, erp_item_missing, closed_period, entity_mismatch, rejected, …
    subject: str
    partition: str
    reason: str
    owner_role: str
    actions: tuple[str, ...]
    waiting_on: tuple[str, ...]
    work_id: str
    opened_at: float
    due_at: float
    state: Literal["open", "resolved", "abandoned"] = "open"
    resolution: str = ""
    details: Json = field(default_factory=dict)
    assignee: str = ""
    tags: tuple[str, ...] = ()
    notes: tuple[Json, ...] = ()  # {"at", "by", "text"}, oldest first


class Exceptions(Protocol):
    """The queue of business exceptions; one open exception per work item, kind and topics waited for."""

    def open(self, exception: BusinessException) -> str:
        """Store it (or refresh the open one of the same work item, kind and topics); returns its id."""
        ...

    def get(self, exception_id: str) -> BusinessException | None:
        """One of them."""
        ...

    def of_partition(self, partition: str) -> list[BusinessException]:
        """Those of one customer, oldest first."""
        ...

    def of_work(self, work_id: str) -> list[BusinessException]:
        """The open ones of a work item."""
        ...

    def list(self, state: str | None = None) -> list[BusinessException]:
        """Oldest first."""
        ...

    def tend(self, exception_id: str, owner_role: str, due_at: float, assignee: str, tags: tuple[str, ...]) -> None:
        """Who looks after it, by when, and under which words it is found."""
        ...

    def note(self, exception_id: str, text: str, by: str, at: float) -> None:
        """Add what somebody wrote to it."""
        ...

    def resolve(self, exception_id: str, resolution: str, by: str, at: float, state: str = "resolved") -> None:
        """Close it, with how and by whom."""
        ...

    def resolve_work(self, work_id: str, resolution: str, by: str, at: float, state: str = "resolved") -> None:
        """Close all open ones of a work item (its run has succeeded, or a person has given it up)."""
        ...


@dataclass(frozen=True)
class DeadLetter:
    """Work that failed technically beyond its budget."""

    id: str
    work_id: str
    process: str
    subject: str
    partition: str
    payload: Json
    cause: str
    tries: int
    at: float
    state: Literal["dead", "requeued", "discarded"] = "dead"


class DeadLetters(Protocol):
    """What could not be done."""

    def add(self, letter: DeadLetter) -> str:
        """Store one; returns its id."""
        ...

    def list(self, state: str | None = None) -> list[DeadLetter]:
        """Oldest first."""
        ...

    def get(self, letter_id: str) -> DeadLetter | None:
        """One of them."""
        ...

    def mark(self, letter_id: str, state: Literal["requeued", "discarded"], by: str, at: float) -> bool:
        """Requeue (also what was discarded) or discard, idempotent: False when it was so, or requeued, already."""
        ...


@dataclass(frozen=True)
class MappingVersion:
    """One version of a mapping: what, by whom, when."""

    version: int
    value: Json
    by: str
    at: float


class Mappings(Protocol):
    """Versioned configuration that people change without code: items, tax treatments, entities, policies."""

    def get(self, kind: str, key: str) -> Json | None:
        """The value in force."""
        ...

    def all(self, kind: str) -> dict[str, Json]:
        """All values of a kind, by key."""
        ...

    def put(self, kind: str, key: str, value: Json, by: str, at: float) -> int:
        """A new version; returns its number."""
        ...

    def history(self, kind: str, key: str) -> list[MappingVersion]:
        """All versions, oldest first."""
        ...


class Links(Protocol):
    """Which thing is called what in which system."""

    def put(self, kind: str, canonical: str, system: str, external: str) -> None:
        """Record (or confirm) a name."""
        ...

    def external(self, kind: str, canonical: str, system: str) -> str | None:
        """What the system calls it."""
        ...

    def canonical(self, kind: str, system: str, external: str) -> str | None:
        """What we call it."""
        ...

    def all(self, kind: str, system: str) -> dict[str, str]:
        """All names of a kind that a system uses: external -> canonical."""
        ...

    def drop(self, system: str, external: str) -> None:
        """Forget the name, whatever we called so."""
        ...

    def next_number(self, name: str, start: int) -> int:
        """The next number of a durable counter (customer numbers, file sequences)."""
        ...


class Cursors(Protocol):
    """How far a source has been read; stored with the work, never ahead of it."""

    def get(self, name: str) -> str | None:
        """The cursor."""
        ...

    def set(self, name: str, value: str) -> None:
        """Move it."""
        ...


class Spool(Protocol):
    """Documents on their way into a batch file, and the files they went out in."""

    def add(self, interface: str, document_key: str, content: Json, at: float) -> bool:
        """Queue a document; False when it is queued or sent already."""
        ...

    def waiting(self, interface: str) -> list[tuple[str, Json]]:
        """Documents not yet in a file: (document_key, content), oldest first."""
        ...

    def assign(self, interface: str, document_keys: list[str], file_name: str, sequence: int, at: float) -> None:
        """These documents are in this file from now on."""
        ...

    def file_of(self, interface: str, document_key: str) -> str | None:
        """The file a document went out in."""
        ...

    def files(self, state: str) -> list[dict[str, Json]]:
        """Files in a state: planned, sent, acknowledged, rejected — each {name, interface, sequence, documents, at},
        where documents is the list of [document_key, content] in the order of `assign`, oldest file first.
        """
        ...

    def mark_file(self, file_name: str, state: str, at: float) -> None:
        """Move a file on; `rejected` puts its documents back to waiting under the same sequence."""
        ...


class Unit(Protocol):
    """The stores of one transaction."""

    inbox: Inbox
    events: Events
    work: Work
    effects: Effects
    exceptions: Exceptions
    letters: DeadLetters
    mappings: Mappings
    links: Links
    cursors: Cursors
    spool: Spool
    audit: Audit
    reports: Reports
    workers: Workers

"""The shapes that the experience API answers with; times are business time in epoch seconds."""

from typing import Any, Literal

from pydantic import BaseModel

from synccore.ports.rehearsals import Rehearsed
from synccore.ports.stores import BusinessException, DeadLetter, Effect
from synccore.ports.trail import TrailEntry
from synccore.ports.work import WorkItem


class NoteView(BaseModel):
    """What somebody wrote to an exception; `at` in epoch seconds of business time."""

    at: float
    by: str
    text: str


class ExceptionView(BaseModel):
    """A business exception: what is wrong, whose it is and what resolves it."""

    id: str
    kind: str
    subject: str
    partition: str
    reason: str
    owner_role: str
    actions: list[str]
    waiting_on: list[str]
    work_id: str
    opened_at: float
    due_at: float
    state: Literal["open", "resolved", "abandoned"]
    resolution: str
    details: Any
    assignee: str
    tags: list[str]
    notes: list[NoteView]

    @classmethod
    def of(cls, found: BusinessException) -> "ExceptionView":
        """The view of a stored one."""
        return cls.model_validate(found, from_attributes=True)


class Ancestor(BaseModel):
    """An event that a piece of work goes back to: its CloudEvents attributes, and the signal that caused it."""

    id: str
    source: str
    type: str
    time: float
    causation: str


class LetterView(BaseModel):
    """A dead letter with its payload and cause; where one letter is asked for, also the events that it goes back to."""

    id: str
    work_id: str
    process: str
    subject: str
    partition: str
    payload: Any
    cause: str
    tries: int
    at: float
    state: Literal["dead", "requeued", "discarded"]
    lineage: list[Ancestor] = []

    @classmethod
    def of(cls, found: DeadLetter) -> "LetterView":
        """The view of a stored one."""
        return cls.model_validate(found, from_attributes=True)


class WorkView(BaseModel):
    """One piece of work."""

    id: str
    process: str
    key: str
    subject: str
    state: Literal["due", "submitted", "parked", "done", "dead", "abandoned"]
    due_at: float
    attempt: int
    tries: int
    cause: str
    waiting_on: list[str]
    first_at: float
    submitted_at: float

    @classmethod
    def of(cls, found: WorkItem) -> "WorkView":
        """The view of a stored one."""
        return cls.model_validate(found, from_attributes=True)


class WorkReport(BaseModel):
    """What is open. `idle`: nothing due or running, and every ticker looked since the last change and found nothing.

    `rounds`: how many rounds each ticker has ended, and in `looking` those that are in the midst of one, which says
    nothing of what came after it began. `away`: systems that are not there, and when each is looked for next;
    `next_due` leaves those looks out.
    """

    open: list[WorkView]
    idle: bool
    next_due: float | None
    rounds: dict[str, int]
    looking: list[str]
    version: int
    now: float
    away: dict[str, float]


class EffectView(BaseModel):
    """One write to a system under its business key."""

    key: str
    target: str
    operation: str
    state: Literal["planned", "applied", "rejected", "unknown"]
    reference: Any
    tries: int
    cause: str
    at: float
    traceparent: str

    @classmethod
    def of(cls, found: Effect) -> "EffectView":
        """The view of a stored one."""
        return cls.model_validate(found, from_attributes=True)


class TrailEntryView(BaseModel):
    """A write that was done, with its one cause. `traceparent`: what its calls have carried.

    `hash`: SHA-256 of the JSON array [previous, key, target, operation, cause, reference, at] (no blanks, keys of
    objects in order), `previous`: the hash of the entry before it of the same target, '' for that one's first.
    """

    sequence: int
    key: str
    target: str
    operation: str
    cause: str
    reference: Any
    at: float
    traceparent: str
    previous: str
    hash: str

    @classmethod
    def of(cls, found: TrailEntry) -> "TrailEntryView":
        """The view of a stored one."""
        return cls.model_validate(found, from_attributes=True)


class TimelineEntry(BaseModel):
    """Something that happened to a customer."""

    at: float
    what: str
    source: str
    id: str
    subject: str
    sequence: int
    data: dict[str, Any]


class CloudEvent(BaseModel):
    """A canonical event as CloudEvents 1.0 JSON."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: str
    subject: str
    time: str
    datacontenttype: Literal["application/json"]
    dataschema: str
    partitionkey: str
    sequence: str
    causationid: str
    correlationid: str
    data: dict[str, Any]


class Timeline(BaseModel):
    """All that happened to a customer, oldest first, with what is open."""

    account_id: str
    entries: list[TimelineEntry]
    work: list[WorkView]
    exceptions: list[ExceptionView]


class MappingView(BaseModel):
    """A mapping in force."""

    kind: str
    key: str
    value: Any
    version: int


class MappingChange(MappingView):
    """A mapping just put, and the work that it woke."""

    woken: list[str]


class MappingVersionView(BaseModel):
    """One version of a mapping."""

    version: int
    value: Any
    by: str
    at: float


class Outcome(BaseModel):
    """What an action did; `changed` is false when it had been done before."""

    id: str
    changed: bool
    note: str


class Accepted(BaseModel):
    """A webhook is stored; `known`: it was before."""

    known: bool


class PlannedWriteView(BaseModel):
    """A write that would be sent: method, path at the system, and each field that would differ as [now, then]."""

    method: str
    target: str
    fields: dict[str, list[Any]]


class RehearsedView(BaseModel):
    """A piece of work of a dry run: what it would write, as far as that hangs on no answer, or its end."""

    process: str
    subject: str
    outcome: str
    writes: list[PlannedWriteView]

    @classmethod
    def of(cls, found: Rehearsed) -> "RehearsedView":
        """From the core's own."""
        writes = [
            PlannedWriteView(
                method=one.method, target=one.target, fields={name: list(pair) for name, pair in one.fields.items()}
            )
            for one in found.writes
        ]
        return cls(process=found.process, subject=found.subject, outcome=found.outcome, writes=writes)


class ReplayReport(BaseModel):
    """How many stored signals were translated again, and how many of them meant work."""

    signals: int
    work: int
    rehearsed: list[RehearsedView] | None = None


class TickerReport(BaseModel):
    """One ticker."""

    rounds: int
    quiet: bool
    next_due: float | None
    error: str
    away: str


class Health(BaseModel):
    """Live and ready, and what an operator should be alarmed by."""

    live: bool
    ready: bool
    version: str
    tickers: dict[str, TickerReport]
    runs_of_other_versions: int
    alone: bool

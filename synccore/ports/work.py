"""The list of work: a row there is the truth, the engine's queue only a copy.

As with all stores (`ports.stores`), methods run inside the transaction of a `Unit`, and times are business time.
"""

from dataclasses import dataclass
from typing import Any, Literal, Protocol

Json = Any


WorkState = Literal["due", "submitted", "parked", "done", "dead", "abandoned"]


@dataclass(frozen=True)
class WorkItem:
    """One piece of work to be done by a process: from `due_at` on, or once something it waits for happens.

    An argument {"source", "key"} names a stored signal that is to be taken, and {"record"} is itself what is to be
    taken: these people may put right. Any other names a record that is read from its system.
    """

    id: str  # sorts by arrival
    process: str
    key: str  # the customer it belongs to: one at a time
    subject: str  # the business key, unique per process while open (opportunity, invoice, payment, …)
    argument: Json
    due_at: float
    cause: str
    attempt: int  # of the run that is under way or comes next; run ids are `<id>.<attempt>`
    state: WorkState
    waiting_on: tuple[str, ...] = ()  # topics, e.g. item:GTXPro, account:001…, bill:US-000001
    first_at: float = 0.0
    run_id: str = ""  # of the latest submission
    tries: int = 0  # delays in a row that counted against the budget
    submitted_at: float = 0.0


@dataclass(frozen=True)
class Fork:
    """Where a run begins that goes on from a step of an earlier one: that run, and the step's index (0-based)."""

    run_id: str
    step: int


class Work(Protocol):
    """The list of work; a row here is the truth, the engine's queue only a copy."""

    def add(self, process: str, key: str, subject: str, argument: Json, due_at: float, cause: str) -> str:
        """Add work and return its id. Open work of the same process and subject is not doubled: if due or parked it
        becomes due at the earlier time with the newer argument; if submitted it is marked to run once more after.
        """
        ...

    def get(self, work_id: str) -> WorkItem | None:
        """One item."""
        ...

    def due(self, now: float, limit: int) -> list[WorkItem]:
        """Items to be submitted now, in order of arrival; none behind one that keeps its place: that is due with it."""
        ...

    def next_due(self) -> float | None:
        """When the earliest `due` item falls due, or None."""
        ...

    def submitted(self, work_id: str, run_id: str, at: float = 0.0) -> None:
        """The engine has it, or will have it soon: marked first, handed over after the commit."""
        ...

    def submitted_items(self) -> list[WorkItem]:
        """What the engine has, or should have."""
        ...

    def finish(self, work_id: str) -> None:
        """Done (or due again at once, if it was added again while it ran)."""
        ...

    def later(self, work_id: str, due_at: float, cause: str, counts: bool = True) -> None:
        """Due again at `due_at`; the attempt number grows, and so do the tries if it counts."""
        ...

    def keep_place(self, work_id: str) -> None:
        """Nothing of the same process and key that came later is due before this has ended, or is parked."""
        ...

    def following(self, work_id: str) -> list[WorkItem]:
        """What of the same process and key came later and is submitted, oldest first."""
        ...

    def placed(self, work_id: str) -> bool:
        """Does it keep its place?"""
        ...

    def park(self, work_id: str, waiting_on: tuple[str, ...], cause: str, keep_tries: bool = False) -> None:
        """Not due until one of the topics is woken; due at once if one was woken since it was submitted.

        `keep_tries`: what it waits for is no progress, so that its next delay goes on growing.
        """
        ...

    def bury(self, work_id: str, cause: str) -> None:
        """Dead: its dead letter holds the reason."""
        ...

    def abandon(self, work_id: str, cause: str) -> None:
        """Given up by a person, with a reason."""
        ...

    def hand(self, work_id: str, argument: Json) -> None:
        """Another argument, for its next run."""
        ...

    def revive(self, work_id: str, due_at: float, cause: str, done: bool = False) -> bool:
        """Dead, abandoned, parked or delayed work (`done`: also finished work) is due at `due_at` with a fresh budget;
        False when it is none of these, or newer work of the same subject is open.
        """
        ...

    def fork(self, work_id: str, step: int) -> None:
        """The next run of work that is due keeps the results that its latest run had before this step."""
        ...

    def fork_of(self, work_id: str, attempt: int) -> Fork | None:
        """What that attempt goes on from, None if it begins at the beginning."""
        ...

    def wake(self, topic: str, now: float) -> list[str]:
        """All that is parked on the topic is due now; returns the ids. Work that runs just now will not park on it."""
        ...

    def awaited(self, prefix: str) -> list[str]:
        """The topics with this beginning that parked work waits on, sorted."""
        ...

    def open(self) -> list[WorkItem]:
        """All that is due, submitted or parked, oldest first."""
        ...

    def of_key(self, key: str) -> list[WorkItem]:
        """All work of one customer, whatever its state, oldest first."""
        ...

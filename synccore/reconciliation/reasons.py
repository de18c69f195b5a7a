"""Why a document may not be there yet: what the core says of its own open work. Reasons, never amounts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from synccore.ports.reports import ItemKind
from synccore.ports.stores import BusinessException, DeadLetter
from synccore.ports.work import WorkItem

BOUNDS_S: Mapping[str, float] = {
    # how old a reconciling item may grow before it is a break: the bound of its channel, generously (a legacy window
    # does not open on a weekend or a holiday)
    "in transit": 4 * 3600.0,
    "waiting for window": 5 * 86400.0,
}


@dataclass(frozen=True)
class Reason:
    """One reason with the time since when it holds. `late`: a person should have dealt with it already."""

    kind: ItemKind
    text: str
    since: float
    late: bool = False

    def overdue(self, now: float) -> bool:
        """Older than its channel's bound."""
        bound = BOUNDS_S.get(self.kind)
        return self.late or (bound is not None and now - self.since > bound)


@dataclass
class Reasons:
    """All reasons by business key (bill number, receipt key, opportunity id, platform customer)."""

    by_key: dict[str, Reason] = field(default_factory=dict)
    dead: dict[str, str] = field(default_factory=dict)  # key -> dead letter id: an explanation, but no excuse

    def of(self, keys: Iterable[str]) -> Reason | None:
        """The reason that one of the keys gives, or None: then it is a break."""
        return next((self.by_key[key] for key in keys if key in self.by_key), None)


def reasons_of(
    work: Iterable[WorkItem], exceptions: Iterable[BusinessException], letters: Iterable[DeadLetter], now: float
) -> Reasons:
    """From open work, open exceptions and dead letters."""
    found = Reasons({}, {letter.subject: letter.id for letter in letters})
    for item in work:
        found.by_key[item.subject] = _of_work(item, now)
    for exception in exceptions:
        text = f"{exception.id}: {exception.reason}"
        reason = Reason("parked", text, exception.opened_at, exception.due_at < now)
        found.by_key[exception.subject] = reason
    return found


def _of_work(item: WorkItem, now: float) -> Reason:
    if item.state != "parked":
        since = max(item.first_at, min(item.due_at, now))
        return Reason("in transit", f"{item.process} is at work on it: {item.cause}", since)
    if any(topic.startswith(("window:", "file:")) for topic in item.waiting_on):
        return Reason("waiting for window", "in a batch file that the window has not answered", item.first_at)
    waits: Any = ", ".join(item.waiting_on) or item.cause
    return Reason("in transit", f"{item.process} waits for {waits}", item.first_at)

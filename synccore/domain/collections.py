"""How a customer stands with what it owes: ageing, notice and hold, by the rules of the policy `collections`. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

BUCKETS = (30, 60, 90)  # days; the last is open-ended
CURRENT, OVERDUE, NOTICE, HOLD = "Current", "Overdue", "On notice", "On hold"


@dataclass(frozen=True)
class OpenBill:
    """A bill that is not paid in full; minor units."""

    number: str
    currency: str
    due: int
    due_on: date | None
    dunning: str = ""


@dataclass(frozen=True)
class Notes:
    """What people have noted with the account: until when it has promised to pay, and which bills it disputes."""

    promised: date | None = None
    disputed: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Standing:
    """`overdue`: minor units by currency; `ageing`: by currency and bucket; `look_again`: when it may change."""

    status: str = CURRENT
    overdue: dict[str, int] = field(default_factory=dict)
    ageing: dict[tuple[str, str], int] = field(default_factory=dict)
    oldest_days: int = 0
    dunning: str = ""
    look_again: date | None = None


def standing(
    bills: Iterable[OpenBill], today: date, notes: Notes, reversed_: frozenset[str], policy: Mapping[str, Any]
) -> Standing:  # fmt: skip
    """A disputed bill counts for nothing; a promise keeps an account off hold until its day is over.

    On notice: a payment was taken back and its bill is still open, or `notice_after_days` have passed since a due day.
    On hold: `hold_after_days` have passed since then and nothing was promised.
    """
    open_ = [bill for bill in bills if bill.due > 0 and bill.number not in notes.disputed]
    late = [(bill, (today - bill.due_on).days) for bill in open_ if bill.due_on is not None and bill.due_on < today]
    overdue: dict[str, int] = {}
    ageing: dict[tuple[str, str], int] = {}
    for bill, days in late:
        overdue[bill.currency] = overdue.get(bill.currency, 0) + bill.due
        place = (bill.currency, bucket(days))
        ageing[place] = ageing.get(place, 0) + bill.due
    oldest = max((days for _, days in late), default=0)
    promised = notes.promised is not None and today <= notes.promised
    status = OVERDUE if late else CURRENT
    if any(bill.number in reversed_ for bill in open_) or oldest >= int(policy["notice_after_days"]) > 0:
        status = NOTICE
    if oldest >= int(policy["hold_after_days"]) > 0 and not promised:
        status = HOLD
    dunning = next((bill.dunning for bill, _ in late if bill.dunning), "")
    return Standing(status, overdue, ageing, oldest, dunning, _next(open_, today, status))


def bucket(days: int) -> str:
    """The ageing bucket of so many days: 1-30, 31-60, 61-90, 90+."""
    lower = 0
    for upper in BUCKETS:
        if days <= upper:
            return f"{lower + 1}-{upper}"
        lower = upper
    return f"{BUCKETS[-1]}+"


def _next(bills: list[OpenBill], today: date, status: str) -> date | None:
    """Tomorrow while something is amiss (it ages, and people note promises), else when the next bill falls due."""
    if status != CURRENT:
        return today + timedelta(days=1)
    days = [bill.due_on + timedelta(days=1) for bill in bills if bill.due_on is not None]
    return max(min(days), today + timedelta(days=1)) if days else None

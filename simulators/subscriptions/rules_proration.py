"""Proration: what the rest of a term is worth, by whole days or by time, each amount rounded half-up by itself."""

from dataclasses import dataclass
from decimal import Decimal

from simulators.subscriptions.rules_price import minor
from simulators.subscriptions.rules_terms import Calendar


@dataclass(frozen=True)
class Share:
    """A part of a term: `left` of `whole` (days, or seconds with the finer precision)."""

    left: int
    whole: int

    def of(self, amount: int) -> int:
        """The prorated amount in minor units."""
        return minor(Decimal(amount) * self.left / self.whole)


WHOLE = Share(1, 1)


def length(calendar: Calendar, start: int, end: int) -> int:
    """How long a stretch of time is: whole days, or seconds with the finer precision."""
    return calendar.days_between(start, end) if calendar.whole_days else end - start


def rest_of_term(calendar: Calendar, start: int, boundary: int, at: int, whole: int | None = None) -> Share:
    """What is left of a term at an instant; `boundary` is the first instant of the next term.

    `whole`: the length of a full term, where this one was shortened or extended.
    """
    at = max(start, min(at, boundary))
    return Share(length(calendar, at, boundary), whole or length(calendar, start, boundary))


@dataclass(frozen=True)
class Change:
    """What a change in mid-term brings: a credit for the old price's rest and a charge for the new one's."""

    credit: int
    charge: int

    @property
    def net(self) -> int:
        """To be billed when positive, to be credited when negative."""
        return self.charge - self.credit


def change(share: Share, old_amount: int, new_amount: int, prorate: bool = True) -> Change:
    """The effect of replacing `old_amount` per term by `new_amount` now.

    Without proration an upgrade is charged in full and a downgrade credits nothing.
    """
    if not prorate:
        return Change(0, new_amount if new_amount > old_amount else 0)
    return Change(share.of(old_amount), share.of(new_amount))

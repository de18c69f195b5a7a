"""Deferral as arithmetic: how much of a line's amount belongs to which month of its service."""

import calendar
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.rules_money import ZERO, rounded

EVEN, EXACT = "STRAIGHT_EVEN", "STRAIGHT_DAYS"
METHODS = {EVEN: "Straight-line, by even periods", EXACT: "Straight-line, using exact days"}
ONE_DAY = timedelta(days=1)


def month_of(day: str) -> str:
    """`2026-01` of `2026-01-31`."""
    return day[:7]


def last_day(month: str) -> date:
    """The last day of a month `2026-01`."""
    year, number = int(month[:4]), int(month[5:7])
    return date(year, number, calendar.monthrange(year, number)[1])


def following(month: str) -> str:
    """The month after."""
    return (last_day(month) + ONE_DAY).isoformat()[:7]


def months(start: date, end: date) -> list[str]:
    """The months that a service touches, first to last day included."""
    found = [start.isoformat()[:7]]
    while last_day(found[-1]) < end:
        found.append(following(found[-1]))
    return found


def earned(amount: Decimal, start: date, end: date, method: str, month: str, digits: int) -> Decimal:
    """What of `amount` is earned by the end of `month`: nothing before the service begins, all when it has ended.

    Rounded as a running total, so that the months' parts add up to the amount.
    """
    until = last_day(month)
    if until < start:
        return ZERO
    if until >= end:
        return amount
    if method == EVEN:
        every = months(start, end)
        return rounded(amount * (every.index(month) + 1) / len(every), digits)
    return rounded(amount * ((until - start).days + 1) / ((end - start).days + 1), digits)


def term_of(line: Mapping[str, Any], template: Mapping[str, Any] | None, day: str) -> tuple[str, str] | None:
    """First and last day of a line's service: its own dates, else the template's months from the document's date.

    None when nothing says how long it is: such a line stays deferred.
    """
    start = str(line.get("revRecStartDate") or day)
    if line.get("revRecEndDate"):
        return start, str(line["revRecEndDate"])
    length = int((template or {}).get("amortizationPeriod") or 0)
    if not length:
        return None
    begin, month = date.fromisoformat(start), month_of(start)
    for _ in range(length):
        month = following(month)
    end = min(last_day(month), date(int(month[:4]), int(month[5:7]), 1) + timedelta(days=begin.day - 1)) - ONE_DAY
    return start, end.isoformat()

"""Posting periods: which one a document belongs to, and whether it may be touched."""

from collections.abc import Sequence
from typing import Any

from simulators.erp_cloud.errors import Problem, user_error
from simulators.kit.fidelity import absent, approximate, exact

exact(
    "closed: nobody; locked: override only; non-GL changes where the period allows; order of closing",
    source="documented",
    held_by="test_periods",
)
approximate(
    "accountingPeriod",
    "PATCH of its locks, `closed` and `allowNonGLChanges` by a role that manages periods (the controller), in the "
    "order of the closing checklist; texts are ours; the checklist's other tasks are absent",
    source="documented, ours",
)
approximate("lock of A/R", "stops sales documents and receipts, not journal entries, which lock all stops")
approximate(
    "document in a shut period",
    "refused by default; `defaultPostingPeriod` may be Current Period or First Open Period (of a closed one); the "
    "vendor has no Refuse, and its texts differ",
    source="documented, ours",
)
absent("per-subsidiary calendars")

Doc = dict[str, Any]

OUTSIDE = ("Disallow", "Warn", "Allow")
DEFAULTS = ("Refuse", "Current Period", "First Open Period")


def period_of(day: str, periods: Sequence[Doc]) -> Doc | None:
    """The posting month that holds a day (`periods` are postings months in order of start)."""
    return next((one for one in periods if one["startDate"] <= day <= one["endDate"]), None)


def shut(period: Doc, receivable: bool = True) -> bool:
    """Closed or locked for everything, or (`receivable`) for what moves receivables."""
    return bool(period.get("closed") or period.get("allLocked") or (receivable and period.get("arLocked")))


def choose_period(
    day: str, given: Doc | None, periods: Sequence[Doc], outside: str, default: str, today: str
) -> Doc | Problem:
    """The posting period of a document dated `day`.

    `outside` is the preference "Allow Transaction Date Outside of the Posting Period"; `default` is "Default Posting
    Period When Transaction Date in Closed Period", used when no period is given and `outside` is not Disallow.
    """
    natural = period_of(day, periods)
    if given is not None:
        if not given.get("isPosting", True) or given.get("isYear") or given.get("isQuarter"):
            return user_error("The posting period must be a base period.", "postingPeriod")
        inside = given["startDate"] <= day <= given["endDate"]
        if not inside and outside == "Disallow":
            return user_error(
                "The transaction date is not within the date range of your accounting period.", "tranDate"
            )
        return given
    if natural is None:
        return user_error(f"There is no accounting period for the transaction date {day}.", "tranDate")
    if natural.get("closed") and outside != "Disallow":
        if default == "Current Period":
            return period_of(today, periods) or natural
        if default == "First Open Period":
            return next((one for one in periods if one["startDate"] > day and not shut(one)), natural)
    return natural


def may_touch(period: Doc, gl_impact: bool, override: bool, receivable: bool = True) -> Problem | None:
    """May a document of this period be written? Closed: nobody; locked: who overrides period restrictions.

    What leaves the ledger alone goes through where the period allows non-G/L changes. A/R locks concern documents
    that are `receivable` alone.
    """
    if not shut(period, receivable) or (not gl_impact and period.get("allowNonGLChanges")):
        return None
    if period.get("closed"):
        return user_error(
            f"You cannot change transactions in the closed period {period['periodName']}: the accounting period "
            "is closed.", "postingPeriod",
        )  # fmt: skip
    if override:
        return None
    return user_error(
        f"You cannot post transactions in the locked period {period['periodName']}: the accounting period "
        "is locked.", "postingPeriod",
    )  # fmt: skip


def may_set(before: Doc, after: Doc, periods: Sequence[Doc]) -> Problem | None:
    """Closing goes in order: earlier months first, locked before closed; only the last closed month reopens.

    `before` and `after` are one period; `periods` all posting months.
    """
    if before.get("isYear") or before.get("isQuarter") or not before.get("isPosting", True):
        return user_error("Only base periods can be locked or closed.")
    if after.get("allLocked") and not (after.get("arLocked") and after.get("apLocked")):
        return user_error("Lock A/R and A/P before locking all.", "allLocked")
    if after.get("closed"):
        if not after.get("allLocked"):
            shut_now = "A closed period must be reopened first." if before.get("closed") else ""
            return user_error(shut_now or "Lock A/R, A/P and all before closing the period.", "closed")
        if any(not one.get("closed") for one in periods if one["startDate"] < before["startDate"]):
            return user_error("Earlier periods must be closed first.", "closed")
    elif before.get("closed") and any(one.get("closed") for one in periods if one["startDate"] > before["startDate"]):
        return user_error("Later periods must be reopened first.", "closed")
    return None

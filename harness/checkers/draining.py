"""I11: once the faults have stopped, what was begun is brought to its end within its channel's bound."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from harness.checkers.case import Case
from harness.checkers.outages import API_S


def drained(case: Case) -> tuple[int, list[str]]:
    """The world came to rest, and no work that failed is put off beyond the bound: it would be `in transit` for ever.

    What waits for a batch window is aged by the tie-out, what waits for a person has its own due time.
    """
    if case.not_quiet:
        return 1, [case.not_quiet]
    if why_not_asked(case):
        return 0, []
    findings = [_sentence(item) for item in case.open_work if _put_off(item, case)]
    return len(case.canon.deals) + len(case.canon.documents) + len(case.canon.receipts), findings


def why_not_asked(case: Case) -> str:
    """Nobody can be held to a bound in the midst of a storm, or without saying what is open."""
    if not case.core_known:
        return "the core does not say what is open"
    return f"{', '.join(case.going_on)}: not over yet" if case.going_on else ""


def _put_off(item: Mapping[str, Any], case: Case) -> bool:
    """Was it tried, and shall it be tried again later than the bound allows?

    A subject that a person had to resolve something of may be older than the bound by the person's time.
    """
    if item["state"] not in ("due", "submitted") or item["attempt"] <= 1:
        return False
    too_old = item["subject"] not in case.hindered and case.at - item["first_at"] > API_S
    return bool(item["due_at"] - case.at > API_S or (too_old and not _in_an_outage(item["first_at"], case)))


def _in_an_outage(at: float, case: Case) -> bool:
    return any(outage.begin <= at < outage.end + API_S for outage in case.outages)


def _sentence(item: Mapping[str, Any]) -> str:
    again = datetime.fromtimestamp(item["due_at"], UTC).strftime("%Y-%m-%d %H:%M")
    tried = item["attempt"] - 1
    times = "once" if tried == 1 else f"{tried} times"
    return f"{item['process']} {item['subject']} was tried {times} and waits until {again} UTC: {item['cause']}"

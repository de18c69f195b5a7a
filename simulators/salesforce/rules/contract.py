"""Contracts: born as drafts, activated once, ending a day before start plus term."""

from datetime import date, timedelta
from typing import Any

from simulators.salesforce.errors import Problem

Doc = dict[str, Any]

STATUS_CODES = {"Draft": "Draft", "In Approval Process": "InApproval", "Activated": "Activated"}


def add_months(start: date, months: int) -> date:
    """The same day `months` later, or the month's last day where there is no such day."""
    index = start.year * 12 + start.month - 1 + months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    return min(date(year, month + 1, 1) + timedelta(days=start.day - 1), following - timedelta(days=1))


def end_date(start: str | None, months: int | None) -> str | None:
    """EndDate = StartDate + ContractTerm months - 1 day; None without both."""
    if start is None or months is None:
        return None
    first = date.fromisoformat(start)
    try:
        return (add_months(first, months) - timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return None


def move(new: Doc, old: Doc | None, moment: str, user: str) -> Problem | None:
    """Status may go from draft to activated, and never back; activation is stamped."""
    before = "Draft" if old is None else old["Status"]
    after = new.get("Status")
    if after is None:
        return Problem("REQUIRED_FIELD_MISSING", "Required fields are missing: [Status]", ("Status",))
    if (old is None and after == "Activated") or (before == "Activated" and after != "Activated"):
        text = "Choose a valid contract status and save your changes. Ask your admin for details."
        return Problem("FAILED_ACTIVATION", text, ("Status",))
    if after == "Activated" and before != "Activated":
        new |= {"ActivatedDate": moment, "ActivatedById": user}
    new["StatusCode"] = STATUS_CODES[after]
    new["EndDate"] = end_date(new.get("StartDate"), new.get("ContractTerm"))
    return None


def deletable(contract: Doc) -> Problem | None:
    """An activated contract stays."""
    if contract["Status"] == "Activated":
        return Problem("DELETE_FAILED", "Activated contracts cannot be deleted", ())
    return None

"""Tasks, events and cases around a save: whose they are, when they are, whether they are over."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.errors import Problem, refused
from simulators.salesforce.moments import epoch, stamp

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "a task's IsClosed, IsHighPriority and AccountId; a case's number, IsClosed, ClosedDate and account by its "
    "contact; an account with cases is not deleted", source="reported, documented", held_by="test_activities",
)  # fmt: skip
approximate(
    "Events", "start, end and length follow from each other; recurrence, attendees and the text of a refusal are not "
    "the vendor's", source="ours",
)  # fmt: skip

MINUTE_S = 60


def save_task(writer: Writer, new: Doc, _old: Doc | None, _given: Set[str]) -> Problem | None:
    """Closed and urgent by status and priority; the account is that of what or whom it is about."""
    new["IsClosed"], new["IsHighPriority"] = new.get("Status") == "Completed", new.get("Priority") == "High"
    _belong(writer, new)
    return None


def save_event(writer: Writer, new: Doc, _old: Doc | None, given: Set[str]) -> Problem | None:
    """An event has a beginning and a length, or a day; each is told in all the ways in which it may be given."""
    _belong(writer, new)
    told = "ActivityDateTime" if "ActivityDateTime" in given and "StartDateTime" not in given else "StartDateTime"
    start = new.get(told) or new.get("ActivityDateTime")
    if start is None:
        if not (new.get("IsAllDayEvent") and new.get("ActivityDate")):
            raise refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [StartDateTime]", "StartDateTime")
        start = f"{new['ActivityDate']}T00:00:00.000+0000"
    begun, end, minutes = epoch(start), new.get("EndDateTime"), new.get("DurationInMinutes")
    if end is not None and (minutes is None or "DurationInMinutes" not in given):
        minutes = int(epoch(end) - begun) // MINUTE_S
    elif minutes is None and new.get("IsAllDayEvent"):
        minutes = 24 * 60
    if minutes is None:
        raise refused("REQUIRED_FIELD_MISSING", "Required fields are missing: [DurationInMinutes]", "DurationInMinutes")
    if minutes < 0:
        return Problem("FIELD_INTEGRITY_EXCEPTION", "Event duration can not be negative", ("EndDateTime",))
    new |= {
        "StartDateTime": start, "ActivityDateTime": start, "ActivityDate": start[:10], "DurationInMinutes": minutes,
        "EndDateTime": stamp(begun + minutes * MINUTE_S),
    }  # fmt: skip
    return None


def save_case(writer: Writer, new: Doc, old: Doc | None, given: Set[str]) -> Problem | None:
    """A case is closed by its status; its account is that of its contact unless somebody says another."""
    closed = new.get("Status") == "Closed"
    if not closed:
        new["ClosedDate"] = None
    elif not (old or {}).get("IsClosed"):
        new["ClosedDate"] = writer.moment
    new["IsClosed"] = closed
    if new.get("ContactId") and not new.get("AccountId") and "AccountId" not in given:
        new["AccountId"] = (writer.org.get("Contact", new["ContactId"]) or {}).get("AccountId")
    return None


def _belong(writer: Writer, new: Doc) -> None:
    new["AccountId"] = None
    for name in ("WhatId", "WhoId"):
        target = writer.org.schema.of_id(new[name]) if new.get(name) else None
        if target is not None and new["AccountId"] is None:
            doc = writer.org.get(target.name, new[name]) or {}
            new["AccountId"] = doc["Id"] if target.name == "Account" else doc.get("AccountId")

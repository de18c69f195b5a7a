"""The document of a quote: how it is shown and told, and its end by the clock."""

from typing import Any

from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def members(doc: Doc) -> Result:
    """A quote with what it is about."""
    names = {"quoted_subscription": "_quoted", "quoted_charge": "_charge"}
    return {"quote": doc, **{name: doc[own] for name, own in names.items() if own in doc}}


def kept(work: Work, doc: Doc, event: str) -> Result:
    """Saved and told as `quote_<event>`."""
    work.save("quote", doc)
    work.emit(f"quote_{event}", **members(doc), customer=work.get("customer", doc["customer_id"]))
    return members(doc)


def expired(work: Work, job: Job) -> None:
    """Nobody has accepted or declined it in time."""
    doc = work.get("quote", job.payload["id"])
    if doc is not None and doc["status"] == "open" and not doc["deleted"]:
        doc["status"] = "expired"
        kept(work, doc, "updated")

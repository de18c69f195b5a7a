"""What waits on a subscription: its scheduled change, and every job that its end makes pointless."""

from simulators.kit.store import Doc
from simulators.subscriptions.work import Work

JOBS = ("start", "trial", "term", "change", "cancel", "pause", "resume", "usage")


def forget(work: Work, subscription: Doc) -> Doc | None:
    """Take the scheduled change off the subscription; returns it."""
    subscription["has_scheduled_changes"] = subscription.get("_ramps", 0) > 0
    subscription.pop("changes_scheduled_at", None)
    work.jobs.cancel(f"change/{subscription['id']}")
    scheduled: Doc | None = subscription.pop("_scheduled", None)
    return scheduled


def stop(work: Work, subscription: Doc) -> None:
    """Nothing waits for the subscription any more."""
    forget(work, subscription)
    for name in JOBS:
        work.jobs.cancel(f"{name}/{subscription['id']}")
    for key in subscription.pop("_advances", ()):
        work.jobs.cancel(f"advance/{key}")
    subscription["has_scheduled_advance_invoices"] = False
    for name in ("resume_date", "_pause_at_end", "_cancel"):
        subscription.pop(name, None)

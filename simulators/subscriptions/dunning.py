"""Dunning: what follows a failed charge, retry by retry, until it is paid or given up."""

from simulators.kit.store import Doc
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work


def attempt_failed(work: Work, invoice: Doc, txn: Doc) -> None:
    """Note a failed attempt and set the next retry by the site's `dunning_days`, or give up."""
    attempts = invoice["dunning_attempts"]
    days = work.site["dunning_days"]
    tried = len(attempts)
    attempts.append({
        "attempt": tried, "transaction_id": txn["id"], "dunning_type": "auto_collect", "created_at": work.at,
        "txn_status": txn["status"], "txn_amount": txn["amount"],
    })  # fmt: skip
    if tried < len(days):
        retry_at = work.at + days[tried] * DAY_S
        invoice["dunning_status"], invoice["next_retry_at"] = "in_progress", retry_at
        work.jobs.schedule(retry_at, "dunning", {"id": invoice["id"]}, key=f"dunning/{invoice['id']}")
    else:
        invoice["dunning_status"] = "exhausted"
        invoice.pop("next_retry_at", None)

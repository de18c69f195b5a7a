"""Dunning: what follows a failed charge, retry by retry, until it is paid, stopped or given up."""

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
    if invoice.get("dunning_status") == "stopped":
        return
    if tried < len(days):
        retry(work, invoice, work.at + days[tried] * DAY_S)
    else:
        invoice["dunning_status"] = "exhausted"
        invoice.pop("next_retry_at", None)


def retry(work: Work, invoice: Doc, at: int) -> None:
    """Charge the invoice again at an instant."""
    invoice["dunning_status"], invoice["next_retry_at"] = "in_progress", at
    work.jobs.schedule(at, "dunning", {"id": invoice["id"]}, key=f"dunning/{invoice['id']}")


def given_up(work: Work, invoice: Doc, customer: Doc, subscription: Doc | None) -> None:
    """Retries are used up: the invoice stays not_paid; whether the subscription ends is the site's choice.

    It ends by a job of its own at the same instant, because a renewal may be what is being charged for.
    """
    work.emit("dunning_updated", invoice=invoice, customer=customer, subscription=subscription)
    if subscription is not None and work.site["dunning_outcome"] == "cancel":
        payload = {"id": subscription["id"]}
        work.jobs.schedule(work.at, "dunning_cancel", payload, key=f"dunning_cancel/{subscription['id']}")

"""Dunning by hand: stop, pause and resume it; and the end of a subscription that nobody pays."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, contracts, dunning, endings, invoices
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import DAY_S
from simulators.subscriptions.work import Work

approximate(
    "dunning by hand",
    "stopped: not_paid at once; paused: the next retry is not before the promised date; resumed: it is a day away",
    source="ours",
)
approximate(
    "the end of dunning",
    "the invoice is not_paid; site setting `dunning_outcome: cancel` also ends contract term "
    "(`cancelled`) and subscription (`not_paid`)",
    source="ours",
)

Result = dict[str, Any]


def _dunned(work: Work, key: str, what: str) -> Doc:
    invoice = invoices.live(work, key)
    if invoice.get("dunning_status") != "in_progress":
        raise bad_state(f"cannot {what} dunning of an invoice that is not being dunned")
    return invoice


def _told(work: Work, invoice: Doc) -> Result:
    customer = work.need("customer", invoice["customer_id"])
    subscription = work.get("subscription", invoice.get("subscription_id"))
    for event in ("dunning_updated", "invoice_updated"):
        work.emit(event, invoice=invoice, customer=customer, subscription=subscription)
    return {"invoice": invoice}


def stop(work: Work, _params: Params, key: str) -> Result:
    """POST /invoices/{id}/stop_dunning: no more retries; the invoice is not_paid."""
    invoice = _dunned(work, key, "stop")
    invoice["dunning_status"] = "stopped"
    for name in ("next_retry_at", "expected_payment_date"):
        invoice.pop(name, None)
    work.jobs.cancel(f"dunning/{key}")
    billing.rebalanced(work, invoice)
    return _told(work, invoice)


def pause(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/pause_dunning: the customer promised to pay by a date; retries go on after it."""
    date = params.number("expected_payment_date")
    invoice = _dunned(work, key, "pause")
    if date <= work.at:
        raise wrong("expected_payment_date", "should lie in the future")
    invoice["expected_payment_date"] = date
    dunning.retry(work, invoice, max(date, invoice["next_retry_at"]))
    work.save("invoice", invoice)
    return _told(work, invoice)


def resume(work: Work, _params: Params, key: str) -> Result:
    """POST /invoices/{id}/resume_dunning: the next retry is due a day from now."""
    invoice = _dunned(work, key, "resume")
    if "expected_payment_date" not in invoice:
        raise bad_state("dunning of the invoice is not paused")
    invoice.pop("expected_payment_date")
    dunning.retry(work, invoice, work.at + DAY_S)
    work.save("invoice", invoice)
    return _told(work, invoice)


def cancel_unpaid(work: Work, job: Job) -> None:
    """Dunning was in vain and the site ends subscriptions then: contract term and subscription are cancelled."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["status"] not in ("active", "non_renewing"):
        return
    contract = contracts.active(work, subscription)
    if contract is not None:
        contracts.end(work, subscription, contract, "cancelled")
    endings.cancelled(work, subscription, "not_paid")

"""The end of a billing term: a new term with its invoice, the end of a contract term, or the end of it all."""

from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, changes, contracts, items, settlement, usage_rating
from simulators.subscriptions.subscriptions import answer, bill, collection, schedule_renewal, set_term
from simulators.subscriptions.work import Work


def term_end(work: Work, job: Job) -> None:
    """A billing term is over at the job's due time."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] not in ("active", "non_renewing"):
        return
    customer = work.need("customer", subscription["customer_id"])
    changed = changes.at_term_end(work, subscription)
    contract = contracts.active(work, subscription)
    if contract is not None and contract["remaining_billing_cycles"] == 0:
        if not _contract_over(work, customer, subscription, contract):
            return
    elif subscription["status"] == "non_renewing" or subscription.get("remaining_billing_cycles") == 0:
        cancelled(work, subscription, subscription.get("cancel_reason"))
        return
    elif contract is not None:
        contract["remaining_billing_cycles"] -= 1
        contracts.changed(work, subscription, contract)
    renew(work, customer, subscription, changed)


def _contract_over(work: Work, customer: Doc, subscription: Doc, contract: Doc) -> bool:
    """Complete the contract term and do what it says for its end; False when the subscription ends with it."""
    action = contract["action_at_term_end"]
    contracts.end(work, subscription, contract, "completed")
    if action == "cancel" or subscription["status"] == "non_renewing":
        cancelled(work, subscription, None)
        return False
    if action in ("renew", "renew_once"):
        cycles = subscription["contract_term_billing_cycle_on_renewal"]
        wish = {
            "action_at_term_end": "renew" if action == "renew" else "cancel", "billing_cycle": cycles,
            "on_renewal": cycles,
        }  # fmt: skip
        term = contracts.begin(work, customer, subscription, wish, subscription["_next_term"], None)
        work.emit("contract_term_renewed", contract_term=term, subscription=subscription, customer=customer)
    return True


def renew(work: Work, customer: Doc, subscription: Doc, changed: bool = False) -> Doc:
    """The next billing term with its invoice, dated at the term's start; `changed`: there may be new charges in it."""
    remaining = subscription.get("remaining_billing_cycles")
    set_term(work, subscription, subscription["_next_term"], None if remaining is None else remaining - 1)
    lines = items.term_lines(work, subscription, subscription["current_term_start"], subscription["current_term_end"])
    if changed:
        lines += items.charge_lines(work, subscription, "subscription_creation")
    invoice = bill(work, customer, subscription, lines, work.at)
    contracts.billed(work, customer, subscription, invoice, cycles=1)
    schedule_renewal(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit("subscription_renewed", **answer(work, subscription, invoice=invoice))
    billing.announce(work, invoice, customer, subscription)
    settlement.settle(work, invoice, customer, subscription, collection(customer, subscription))
    return invoice


def cancelled(work: Work, subscription: Doc, reason: str | None) -> None:
    """The subscription ends now, and a contract term that still runs with it."""
    contract = contracts.active(work, subscription)
    if contract is not None:
        contracts.end(work, subscription, contract, "terminated")
    changes.forget(work, subscription)
    subscription["status"], subscription["cancelled_at"] = "cancelled", work.at
    usage_rating.over(work, subscription)
    if reason is not None:
        subscription["cancel_reason"] = reason
    for name in ("next_billing_at", "remaining_billing_cycles", "mrr"):
        subscription.pop(name, None)
    work.jobs.cancel(f"term/{subscription['id']}")
    work.save("subscription", subscription)
    work.emit("subscription_cancelled", **answer(work, subscription))


def invoice_due(work: Work, job: Job) -> None:
    """An invoice with payment terms reached its due date unpaid."""
    invoice = work.get("invoice", job.payload["id"])
    if invoice is None or invoice["status"] != "posted" or invoice["deleted"]:
        return
    billing.rebalanced(work, invoice)
    customer = work.need("customer", invoice["customer_id"])
    work.emit("invoice_updated", invoice=invoice, customer=customer)

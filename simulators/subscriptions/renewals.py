"""The end of a billing term: a new term with its invoice, the end of a contract term, a pause, or the end of it all."""

from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import (
    billing,
    charging,
    consolidation,
    contracts,
    items,
    pauses,
    ramps,
    switches,
    terms,
    unbilled,
    usage_rating,
)
from simulators.subscriptions.answers import answer
from simulators.subscriptions.endings import cancelled
from simulators.subscriptions.work import Work


def term_end(work: Work, job: Job) -> None:
    """A billing term is over at the job's due time."""
    subscription = work.get("subscription", job.payload["id"])
    if subscription is None or subscription["deleted"] or subscription["status"] not in ("active", "non_renewing"):
        return
    ramps.before_term(work, subscription)
    usage_rating.before_term(work, job)
    customer = work.need("customer", subscription["customer_id"])
    changed = switches.at_term_end(work, subscription)
    if subscription.get("_pause_at_end"):
        pauses.begin(work, customer, subscription)
        return
    contract = contracts.active(work, subscription)
    if contract is not None and contract["remaining_billing_cycles"] == 0:
        if not _contract_over(work, customer, subscription, contract):
            return
    elif subscription["status"] == "non_renewing" or subscription.get("remaining_billing_cycles") == 0:
        _last_bill(work, customer, subscription)
        return
    elif contract is not None:
        contract["remaining_billing_cycles"] -= 1
        contracts.changed(work, subscription, contract)
    renew(work, customer, subscription, changed)


def _last_bill(work: Work, customer: Doc, subscription: Doc) -> None:
    """The subscription ends with the term: what is unbilled is billed."""
    lines = unbilled.sweep(work, customer, subscription)
    cancelled(work, subscription, subscription.get("cancel_reason"))
    charged = charging.charge(work, customer, subscription, lines, recurring=False)
    billing.refresh_dues(work, subscription["id"])
    charging.finish(work, customer, subscription, charged.invoice)


def _contract_over(work: Work, customer: Doc, subscription: Doc, contract: Doc) -> bool:
    """Complete the contract term and do what it says for its end; False when the subscription ends with it."""
    action = contract["action_at_term_end"]
    contracts.end(work, subscription, contract, "completed")
    if action == "cancel" or subscription["status"] == "non_renewing":
        _last_bill(work, customer, subscription)
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


def renew(work: Work, customer: Doc, subscription: Doc, changed: bool = False) -> None:
    """The next billing term with its invoice, dated at the term's start; `changed`: there may be new charges in it.

    A term that was billed ahead makes no second invoice.
    """
    start = subscription["_next_term"]
    _count_cycles(work, subscription)
    remaining = subscription.get("remaining_billing_cycles")
    boundary = terms.aligned(work, customer, subscription, start) if subscription.pop("_align", False) else None
    terms.set_term(work, subscription, start, None if remaining is None else remaining - 1, boundary)
    lines, billed_ahead = [], start < subscription.get("_billed_until", 0)
    if not billed_ahead:
        subscription.pop("_billed_until", None)
        lines = terms.lines(work, subscription)
    if changed:
        lines += items.charge_lines(work, subscription, "subscription_creation")
    charging.discounted(work, subscription, lines, work.at, terms.running_share(work, subscription))
    held = bool(lines) and consolidation.held(work, customer, subscription)
    sums = charging.worth(work, customer, subscription, lines) if held or subscription.get("_unbilled") else None
    if not held:
        lines += unbilled.sweep(work, customer, subscription)
    charged = charging.charge(
        work, customer, subscription, lines, immediately=not held,
        pending=subscription.get("create_pending_invoices", False),
    )  # fmt: skip
    if sums is not None:
        contracts.counted(work, customer, subscription, sums, cycles=0 if billed_ahead else 1)
    else:
        contracts.billed(work, customer, subscription, charged.invoice, cycles=0 if billed_ahead else 1)
    if "coupons" in subscription or "discounts" in subscription or changed:
        charging.revenue(work, subscription)
    terms.schedule_renewal(work, subscription)
    work.save("subscription", subscription)
    billing.refresh_dues(work, subscription["id"])
    work.emit("subscription_renewed", **answer(work, subscription, invoice=charged.invoice))
    charging.finish(work, customer, subscription, charged.invoice)


def _count_cycles(work: Work, subscription: Doc) -> None:
    """Items that were sold for so many terms end with the last of them."""
    if not any("billing_cycles" in item for item in subscription["subscription_items"]):
        return
    kept = []
    for item in subscription["subscription_items"]:
        if "billing_cycles" in item:
            item["billing_cycles"] -= 1
            if item["billing_cycles"] == 0:
                continue
        kept.append(item)
    subscription["subscription_items"] = kept
    charging.revenue(work, subscription)


def invoice_due(work: Work, job: Job) -> None:
    """An invoice with payment terms reached its due date unpaid."""
    invoice = work.get("invoice", job.payload["id"])
    if invoice is None or invoice["status"] != "posted" or invoice["deleted"]:
        return
    billing.rebalanced(work, invoice)
    customer = work.need("customer", invoice["customer_id"])
    work.emit("invoice_updated", invoice=invoice, customer=customer)

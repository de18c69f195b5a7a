"""Consolidated invoicing: what several subscriptions of a customer are to be billed on one day is one invoice."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import billing, charging, unbilled
from simulators.subscriptions.work import Work

exact(
    "consolidated invoices: renewals of one day, currency, auto collection and payment method (and PO number or "
    "shipping address, if the site says so) are one invoice; first bills never are; lines say whose they are",
    source="documented",
    held_by="test_sdk_consolidation",
)
approximate(
    "consolidated invoices, further",
    "site settings `consolidated_invoicing` and `consolidation_separates` (po_number, shipping_address), with the "
    "customer's `consolidated_invoicing` above the former; the bill is made with the last renewal of the day, until "
    "then the charges are unbilled ones; usage bills, ends and changes in mid-term have bills of their own; an open "
    "bill counts whole among the dues of each of its subscriptions",
    source="ours",
)

DAY_S = 86_400


def held(work: Work, customer: Doc, subscription: Doc) -> bool:
    """Whether a renewal waits for others of its day: then its charges are to be kept, and a job bills them together."""
    if not _on(work, customer) or subscription.get("create_pending_invoices"):
        return False
    group = _group(work, customer, subscription)
    day = work.calendar.local(work.at).date()
    last = work.at
    found = False
    for other in work.find("subscription", customer_id=customer["id"]):
        if other["id"] == subscription["id"] or other["deleted"] or _group(work, customer, other) != group:
            continue
        ahead = other["status"] == "active" and other.get("_next_term", 0) >= work.at
        if ahead and work.calendar.local(other["_next_term"]).date() == day:
            last, found = max(last, other["_next_term"]), True
        found = found or other.get("_together") == work.calendar.day_start(work.at)
    if found:
        subscription["_together"] = work.calendar.day_start(work.at)
        payload = {"customer": customer["id"], "group": group, "day": subscription["_together"]}
        work.jobs.schedule(last, "consolidated", payload, key=f"consolidated/{customer['id']}/{group}")
    return found


def due(work: Work, job: Job) -> None:
    """The day's last renewal of a group was made: one invoice for all of them."""
    customer = work.need("customer", job.payload["customer"])
    members = [
        one for one in work.find("subscription", customer_id=customer["id"])
        if one.get("_together") == job.payload["day"] and _group(work, customer, one) == job.payload["group"]
    ]  # fmt: skip
    lines: list[Doc] = []
    billed: list[Doc] = []
    for subscription in members:
        subscription.pop("_together")
        own = unbilled.sweep(work, customer, subscription)
        lines += own
        billed += [subscription] if own else []
        work.save("subscription", subscription)
    if not lines:
        return
    invoice = charging.bill(work, customer, billed[0], lines, work.at, several=len(billed) > 1)
    for subscription in billed:
        if len(billed) > 1:
            subscription["_bills"] = [*subscription.get("_bills", ()), invoice["id"]]
            work.save("subscription", subscription)
        billing.refresh_dues(work, subscription["id"])
    charging.finish(work, customer, billed[0], invoice)


def _on(work: Work, customer: Doc) -> bool:
    """The site must have it enabled; then a customer may say otherwise."""
    return bool(work.site["consolidated_invoicing"]) and customer.get("consolidated_invoicing") is not False


def _group(work: Work, customer: Doc, subscription: Doc) -> str:
    """What must be alike for two subscriptions to share an invoice, as a text."""
    mode = charging.collection(customer, subscription)
    source = subscription.get("payment_source_id") or customer.get("primary_payment_source_id")
    alike: list[Any] = [subscription["currency_code"], mode, source if mode == "on" else None]
    alike += [subscription.get("net_term_days"), subscription.get("business_entity_id")]
    return repr(alike + [subscription.get(name) for name in sorted(work.site["consolidation_separates"])])

"""How a subscription is charged: its lines with discounts, billed on an invoice or kept as unbilled charges."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from simulators.kit.store import Doc
from simulators.subscriptions import billing, discounts, items, rules_discount, rules_price, settlement, unbilled
from simulators.subscriptions.rules_proration import Share
from simulators.subscriptions.work import Work


@dataclass
class Charged:
    """What became of lines: an invoice, or unbilled charges."""

    invoice: Doc | None = None
    unbilled: list[Doc] = field(default_factory=list)


def collection(customer: Doc, subscription: Doc) -> str:
    """Whether invoices of the subscription are collected automatically."""
    mode: str = subscription.get("auto_collection") or customer["auto_collection"]
    return mode


def bill(
    work: Work, customer: Doc, subscription: Doc, lines: list[Doc], date: int, *, first: bool = False,
    pending: bool = False, recurring: bool = True, advance: bool = False, several: bool = False,
) -> Doc:  # fmt: skip
    """An invoice with the subscription's terms of payment, PO number and address; `several`: others are on it too."""
    own: int | None = subscription.get("net_term_days")
    days: int = customer["net_term_days"] if own is None else own
    draft = billing.Draft(
        customer, lines, date, subscription["currency_code"], None if several else subscription,
        recurring, first, pending, days, advance,
        {name: subscription.get(name) for name in ("po_number", "shipping_address")},
    )  # fmt: skip
    return billing.issue(work, draft)


def discounted(work: Work, subscription: Doc, lines: list[Doc], at: int, share: Share | None = None) -> list[Doc]:
    """The lines with the subscription's discounts on them, which count as used from now on."""
    if lines and ("coupons" in subscription or "discounts" in subscription):
        discounts.apply(work, subscription, lines, at, share)
        discounts.used(subscription, lines, discounts.one_time(work, subscription))
    return lines


def charge(
    work: Work, customer: Doc, subscription: Doc, lines: list[Doc], *, immediately: bool = True,
    date: int | None = None, first: bool = False, pending: bool = False, recurring: bool = True,
    advance: bool = False,
) -> Charged:  # fmt: skip
    """Bill discounted lines now, or keep them as unbilled charges; nothing to charge makes nothing.

    The caller announces the invoice with `finish` once what caused it was told.
    """
    if not lines:
        return Charged()
    if not immediately:
        return Charged(unbilled=unbilled.add(work, customer, subscription, lines, advance))
    return Charged(bill(
        work, customer, subscription, lines, work.at if date is None else date, first=first, pending=pending,
        recurring=recurring, advance=advance,
    ))  # fmt: skip


def worth(work: Work, customer: Doc, subscription: Doc, lines: Sequence[Doc]) -> tuple[int, int]:
    """Net and gross of discounted lines as a bill of today would have them."""
    copies = [{**line} for line in lines]
    return billing.predicted(work, customer, copies, work.at, subscription.get("shipping_address"))


def finish(work: Work, customer: Doc, subscription: Doc, invoice: Doc | None) -> None:
    """Tell of the invoice and collect it; in a rehearsal no card is charged."""
    if invoice is None:
        return
    billing.announce(work, invoice, customer, subscription)
    if work.rehearsal is None:
        settlement.settle(work, invoice, customer, subscription, collection(customer, subscription))
    elif work.rehearsal.balances:
        settlement.settle(work, invoice, customer, subscription, "off")


def revenue(work: Work, subscription: Doc) -> None:
    """Bring MRR (with discounts that go on for ever) and committed MRR in step with items and schedules."""
    subscription["mrr"] = _monthly(work, subscription, subscription["subscription_items"])
    scheduled = subscription.get("_scheduled")
    if subscription["status"] == "non_renewing" or "cancelled_at" in subscription:
        subscription["cmrr"] = 0
    elif scheduled and scheduled["items"] is not None:
        subscription["cmrr"] = _monthly(work, subscription, scheduled["items"])
    else:
        subscription["cmrr"] = subscription["mrr"]


def _monthly(work: Work, subscription: Doc, held: Sequence[Doc]) -> int:
    recurring = [item for item in held if items.recurring(item)]
    lines = [
        {"amount": item["amount"], "discount_amount": 0, "item_level_discount_amount": 0,
         "entity_id": item["item_price_id"], "entity_type": f"{item['item_type']}_item_price"}
        for item in recurring
    ]  # fmt: skip
    if "coupons" in subscription or "discounts" in subscription:
        acting = [one for one in discounts.deductions(work, subscription, work.at) if one.in_mrr]
        rules_discount.apply(lines, acting)
    return sum(
        rules_price.monthly(
            line["amount"] - line["discount_amount"], item["billing_period"], item["billing_period_unit"]
        )
        for item, line in zip(recurring, lines, strict=True)
    )

"""Issue an invoice: lines with tax, a gap-free number per business entity, due date, and who is told."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import promotional_credits, rules_discount, rules_invoice, rules_price
from simulators.subscriptions.rules_tax import Treatment, treatment
from simulators.subscriptions.rules_terms import due_date
from simulators.subscriptions.work import Work

approximate(
    "invoice ids",
    "`<prefix of the business entity>000001`, without a prefix `1`; gap-free; `delete` keeps its number",
    source="ours",
)
approximate(
    "members left out",
    "exchange rates, local currency amounts, e-invoicing, hosted pages",
    source="ours",
)


@dataclass
class Draft:
    """What an invoice is to be made of. Lines come from `item_line` and `adhoc_line`."""

    customer: Doc
    lines: list[Doc]
    date: int
    currency_code: str
    subscription: Doc | None = None
    recurring: bool = False
    first_invoice: bool = False
    pending: bool = False
    net_term_days: int = 0
    advance: bool = False  # a line's service period lies in a term that has not begun
    members: dict[str, Any] = field(default_factory=dict)  # po_number, shipping_address, cf_*, …


def item_line(at: int, price: Doc, quantity: int | Decimal, unit_price: int | None = None, **members: Any) -> Doc:
    """A line for an item price; `members` add subscription_id, date_from, date_to, description."""
    rated = rules_price.rate(price, quantity, unit_price)
    line = _line(at, rated.amount, rated.quantity, rated.unit_amount, members)
    line |= {
        "pricing_model": price["pricing_model"], "entity_type": f"{price['item_type']}_item_price",
        "entity_id": price["id"], "_taxable": price.get("is_taxable", True),
    }  # fmt: skip
    if line["description"] is None:
        line["description"] = price.get("external_name") or price["name"]
    if rated.tiers:
        line["_tiers"] = [{**tier, "object": "line_item_tier"} for tier in rated.tiers]
    return line


def adhoc_line(at: int, amount: int, description: str, taxable: bool, **members: Any) -> Doc:
    """A line for a charge that no item stands behind."""
    line = _line(at, amount, 1, amount, {**members, "description": description})
    return line | {"pricing_model": "flat_fee", "entity_type": "adhoc", "_taxable": taxable}


def _line(at: int, amount: int, quantity: int | Decimal, unit_amount: int, members: dict[str, Any]) -> Doc:
    line = {
        "id": "", "date_from": at, "date_to": at, "unit_amount": unit_amount,
        "quantity": quantity, "amount": amount, "is_taxed": False, "tax_amount": 0, "discount_amount": 0,
        "item_level_discount_amount": 0, "metered": False, "object": "line_item", "description": None,
    }  # fmt: skip
    line |= {name: value for name, value in members.items() if value is not None}
    return line


def tax_of(work: Work, customer: Doc, lines: list[Doc], date: int, ship_to: Doc | None) -> rules_invoice.Taxed:
    """Tax the lines in place by customer, ship-to (else billing) address and date."""
    entity = work.get("business_entity", customer.get("business_entity_id"))
    rules = work.tax_rules(customer.get("business_entity_id"))
    home = None if entity is None else entity.get("_country")
    address = ship_to or customer.get("billing_address") or {}
    day = work.calendar.local(date).date().isoformat()
    general = treatment(rules, home, address, customer.get("vat_number"), day)
    treatments = [_line_treatment(line, customer, general) for line in lines]
    return rules_invoice.tax_lines(lines, treatments, work.site["tax_rounding"])


def _line_treatment(line: Doc, customer: Doc, general: Treatment) -> Treatment:
    if customer.get("taxability") == "exempt":
        return Treatment(Decimal(0), reason="customer_exempt")
    if not line["_taxable"]:
        return Treatment(Decimal(0), reason="product_exempt")
    if line["amount"] == line["discount_amount"] and general.reason is None:
        return Treatment(Decimal(0), reason="zero_value_item")
    return general


def predicted(work: Work, customer: Doc, lines: list[Doc], date: int, ship_to: Doc | None) -> tuple[int, int]:
    """Sub-total and total that an invoice of these lines would have (the lines are taxed, nothing is kept)."""
    document: Doc = {"line_items": lines}
    rules_invoice.total_up(document, tax_of(work, customer, lines, date, ship_to))
    return document["sub_total"], document["total"]


def issue(work: Work, draft: Draft) -> Doc:
    """Make and keep the invoice; `announce` tells of it, `settlement.settle` collects it."""
    customer = draft.customer
    ship_to = draft.members.get("shipping_address")
    tiers: list[Doc] = []
    for line in draft.lines:
        line["id"], line["customer_id"] = f"li_{work.token('line_item')}", customer["id"]
        tiers += [{**tier, "line_item_id": line["id"]} for tier in line.pop("_tiers", ())]
    taken_off, deductions = rules_discount.flatten(draft.lines)
    used = None if draft.pending else promotional_credits.use(customer, draft.lines, draft.currency_code)
    taxed = tax_of(work, customer, draft.lines, draft.date, ship_to)
    for line in draft.lines:
        line.pop("_taxable")
    key = f"draft_inv_{work.token('draft')}" if draft.pending else number(work, customer, "invoice")
    invoice = blank(work, draft, key)
    invoice |= {"line_item_tiers": tiers, "line_item_discounts": taken_off, "discounts": deductions}
    rules_invoice.total_up(invoice, taxed)
    promotional_credits.record(work, customer, invoice, used)
    if draft.first_invoice:
        invoice["new_sales_amount"] = invoice["total"]
    rules_invoice.rebalance(invoice, work.at)
    work.save("invoice", invoice)
    watch_due_date(work, invoice)
    return invoice


def blank(work: Work, draft: Draft, key: str) -> Doc:
    """An invoice as it is before its lines are added up."""
    customer, subscription = draft.customer, draft.subscription
    due = due_date(draft.date, draft.net_term_days)
    invoice: Doc = {
        "id": key, "customer_id": customer["id"], "recurring": draft.recurring,
        "status": "pending" if draft.pending else "posted",
        "price_type": "tax_exclusive", "date": draft.date, "due_date": due, "net_term_days": draft.net_term_days,
        "currency_code": draft.currency_code, "base_currency_code": work.site["currency_code"],
        "first_invoice": draft.first_invoice, "has_advance_charges": draft.advance, "term_finalized": True,
        "is_gifted": False, "generated_at": work.at, "channel": "web", "write_off_amount": 0, "deleted": False,
        "line_items": draft.lines, "line_item_tiers": [], "line_item_discounts": [], "discounts": [],
        "linked_payments": [], "applied_credits": [], "adjustment_credit_notes": [], "issued_credit_notes": [],
        "linked_orders": [], "dunning_attempts": [], "object": "invoice", "amount_adjusted": 0,
    }  # fmt: skip
    optional: Doc = {
        "subscription_id": subscription and subscription["id"], "vat_number": customer.get("vat_number"),
        "billing_address": customer.get("billing_address"), "business_entity_id": customer.get("business_entity_id"),
        "payment_owner": customer.get("relationship", {}).get("payment_owner_id"), **draft.members,
    }  # fmt: skip
    invoice |= {name: value for name, value in optional.items() if value is not None}
    if invoice.get("billing_address"):
        invoice["billing_address"] = {**invoice["billing_address"], "object": "billing_address"}
    return invoice


def retaxed(work: Work, invoice: Doc, customer: Doc, lines: list[Doc], date: int) -> None:
    """Give an invoice these lines, and bring taxes and totals in step. A line without `_taxable` is as it was."""
    for line in lines:
        line.setdefault("_taxable", line.get("tax_exempt_reason") != "product_exempt")
    taxed = tax_of(work, customer, lines, date, invoice.get("shipping_address"))
    for line in lines:
        line.pop("_taxable")
    invoice["line_items"] = lines
    rules_invoice.total_up(invoice, taxed)
    rebalanced(work, invoice)


def watch_due_date(work: Work, invoice: Doc) -> None:
    """An invoice with payment terms changes to payment_due on its due date."""
    if invoice["status"] == "posted":
        work.jobs.schedule(invoice["due_date"], "invoice_due", {"id": invoice["id"]}, key=f"due/{invoice['id']}")


def number(work: Work, customer: Doc, kind: str) -> str:
    """The next number of the business entity's gap-free series for invoices or credit notes."""
    entity = work.get("business_entity", customer.get("business_entity_id"))
    prefix = work.site["invoice_prefix"] if entity is None else entity.get("_invoice_prefix") or ""
    if kind == "credit_note":
        prefix += "CN-"
    count = work.store.next(f"{kind}/{prefix}")
    return f"{prefix}{count:06d}" if prefix else str(count)


def announce(work: Work, invoice: Doc, customer: Doc, subscription: Doc | None) -> None:
    """The event of a new invoice."""
    name = "pending_invoice_created" if invoice["status"] == "pending" else "invoice_generated"
    work.emit(name, invoice=invoice, customer=customer, subscription=subscription)


def of(work: Work, subscription: Doc) -> list[Doc]:
    """All invoices with lines of a subscription, consolidated ones too, oldest first."""
    found = work.find("invoice", subscription_id=subscription["id"])
    shared = [work.need("invoice", key) for key in subscription.get("_bills", ())]
    return sorted([*found, *shared], key=lambda one: one["generated_at"]) if shared else found


def concerned(invoice: Doc) -> list[str]:
    """The subscriptions that an invoice is of."""
    if "subscription_id" in invoice:
        return [invoice["subscription_id"]]
    return list(dict.fromkeys(line["subscription_id"] for line in invoice["line_items"] if "subscription_id" in line))


def owner(work: Work, invoice: Doc) -> Doc | None:
    """The subscription by whose terms an invoice is collected; those on a consolidated one have the same."""
    return next((work.get("subscription", key) for key in concerned(invoice)), None)


def refresh_dues(work: Work, subscription_id: str | None) -> None:
    """Bring a subscription's count and sum of due invoices in step with them."""
    subscription = work.get("subscription", subscription_id)
    if subscription is None:
        return
    due = {
        row[0]: (row[1], row[2]) for row in work.store.rows(
            "SELECT key, json_extract(doc, '$.amount_due'), json_extract(doc, '$.due_date') FROM invoice "
            "WHERE subscription_id = ? AND +status IN ('payment_due', 'not_paid') "
            "AND json_extract(doc, '$.deleted') IS NOT 1", (subscription["id"],),
        )
    }  # fmt: skip
    for invoice in work.unwritten("invoice"):
        due.pop(invoice["id"], None)
        owed = invoice["status"] in ("payment_due", "not_paid") and not invoice["deleted"]
        if owed and invoice.get("subscription_id") == subscription["id"]:
            due[invoice["id"]] = invoice["amount_due"], invoice["due_date"]
    for key in subscription.get("_bills", ()):
        invoice = work.need("invoice", key)
        if invoice["status"] in ("payment_due", "not_paid") and not invoice["deleted"]:
            due[key] = invoice["amount_due"], invoice["due_date"]
    dues = {
        "due_invoices_count": len(due), "total_dues": sum(amount for amount, _ in due.values()) or None,
        "due_since": min((date for _, date in due.values()), default=None),
    }  # fmt: skip
    if all(subscription.get(name) == value for name, value in dues.items()):
        return
    for name, value in dues.items():
        if value is None:
            subscription.pop(name, None)
        else:
            subscription[name] = value
    work.save("subscription", subscription)


def rebalanced(work: Work, invoice: Doc) -> None:
    """After something was linked to an invoice or taken off it: amounts, status, due-date job, subscription's dues."""
    rules_invoice.rebalance(invoice, work.at)
    work.save("invoice", invoice)
    if invoice["status"] in ("paid", "voided"):
        work.jobs.cancel(f"due/{invoice['id']}")
        work.jobs.cancel(f"dunning/{invoice['id']}")
    else:
        watch_due_date(work, invoice)
    for key in concerned(invoice):
        refresh_dues(work, key)

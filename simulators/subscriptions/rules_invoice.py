"""Arithmetic of invoices and credit notes: tax per line, totals, what is due, and the status that follows."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from simulators.kit.fidelity import exact
from simulators.subscriptions.rules_price import minor
from simulators.subscriptions.rules_tax import Treatment

exact(
    "amount_due = total - amount_paid - credits_applied - amount_adjusted; void rules; statuses "
    "pending, posted, payment_due, not_paid, paid, voided",
    source="documented",
    held_by="test_invoices, test_sdk_money",
)

OPEN = ("posted", "payment_due", "not_paid")
UNDER_WAY = ("in_progress", "needs_attention")  # payments that may still succeed

Taxed = tuple[list[dict[str, Any]], list[dict[str, Any]], int, int]
"""line_item_taxes, taxes, tax, round_off_amount."""

VOID_RULES = (
    # (what must hold, why not)
    ("open", "only posted, payment_due and not_paid invoices can be voided"),
    ("unpaid", "a payment is linked to the invoice; remove it first"),
    ("uncredited", "credits are applied to the invoice; remove them first"),
    ("unadjusted", "the invoice was adjusted by a credit note"),
    ("unwithheld", "tax withheld is recorded on the invoice; remove it first"),
    ("unrefunded", "a credit note of the invoice was refunded or is due for refund"),
)


def net(line: Mapping[str, Any]) -> int:
    """What a line comes to after its discounts, before tax (minor units).

    `discount_amount` is the vendor's total of a line's discounts; the item-level part of it is only shown beside it.
    """
    amount: int = line["amount"] - line.get("discount_amount", 0)
    return amount


def tax_lines(lines: Sequence[dict[str, Any]], treatments: Sequence[Treatment], rounding: str) -> Taxed:
    """Put tax on line items (in place); returns (line_item_taxes, taxes, tax, round_off_amount).

    `rounding` is `per_line` or `per_invoice`: with the latter the exact tax is rounded once, and what the rounded lines
    miss of it is the round-off.
    """
    details: list[dict[str, Any]] = []
    sums: dict[tuple[str, str], int] = {}
    exact = Decimal(0)
    for line, treated in zip(lines, treatments, strict=True):
        base = net(line)
        share = Decimal(base) * treated.rate / 100
        amount = minor(share)
        exact += share
        line["tax_amount"], line["tax_rate"] = amount, _shown_rate(treated.rate)
        line["is_taxed"] = treated.reason is None
        line.pop("tax_exempt_reason", None)
        if treated.reason is not None:
            line["tax_exempt_reason"] = treated.reason
            continue
        details.append({
            "object": "line_item_tax", "line_item_id": line["id"], "tax_name": treated.name,
            "tax_rate": _shown_rate(treated.rate), "taxable_amount": base, "tax_amount": amount,
            "is_partial_tax_applied": False, "is_non_compliance_tax": False, "tax_juris_type": treated.juris_type,
            "tax_juris_name": treated.juris_name, "tax_juris_code": treated.juris_code,
        })  # fmt: skip
        label = (treated.name, f"{treated.name} @ {treated.rate.normalize():f}%")
        sums[label] = sums.get(label, 0) + amount
    taxes = [
        {"object": "tax", "name": name, "description": text, "amount": amount} for (name, text), amount in sums.items()
    ]
    tax = sum(line["tax_amount"] for line in lines)
    return details, taxes, tax, minor(exact) - tax if rounding == "per_invoice" else 0


def _shown_rate(rate: Decimal) -> float | int:
    """A percentage as the vendor's JSON number; the arithmetic is done on the Decimal."""
    return int(rate) if rate == rate.to_integral_value() else float(rate)


def total_up(document: dict[str, Any], taxed: Taxed) -> None:
    """Sub-total, tax, round-off and total of a document whose line items are in place."""
    details, taxes, tax, round_off = taxed
    lines = document["line_items"]
    document["line_item_taxes"], document["taxes"] = details, taxes
    document["sub_total"] = sum(net(line) for line in lines)
    document["tax"] = tax
    document["round_off_amount"] = round_off
    document["total"] = document["sub_total"] + tax + round_off


def rebalance(invoice: dict[str, Any], at: int) -> None:
    """Bring paid, credited, adjusted and due amounts and the status of an invoice in step with what is linked to it.

    The identity amount_due = total - amount_paid - credits_applied - amount_adjusted holds after every operation.
    """
    invoice["amount_paid"] = sum(
        link["applied_amount"] for link in invoice["linked_payments"] if link["txn_status"] == "success"
    ) + sum(entry["amount"] for entry in invoice.get("linked_taxes_withheld", ()))
    invoice["credits_applied"] = sum(link["applied_amount"] for link in invoice["applied_credits"])
    invoice["amount_adjusted"] = sum(
        note["cn_total"] for note in invoice["adjustment_credit_notes"] if note["cn_status"] == "adjusted"
    )
    if invoice["status"] == "voided":
        invoice["amount_due"] = invoice["amount_to_collect"] = 0
        return
    settled = invoice["amount_paid"] + invoice["credits_applied"] + invoice["amount_adjusted"]
    invoice["amount_due"] = invoice["total"] - settled
    under_way = sum(link["applied_amount"] for link in invoice["linked_payments"] if link["txn_status"] in UNDER_WAY)
    invoice["amount_to_collect"] = max(0, invoice["amount_due"] - under_way)
    if invoice["status"] == "pending":
        return
    was_paid = invoice["status"] == "paid"
    invoice["status"] = status_of(invoice, at)
    if invoice["status"] == "paid":
        if not was_paid:
            invoice["paid_at"] = at
            if invoice.get("dunning_status") == "in_progress":
                invoice["dunning_status"] = "success"
            invoice.pop("next_retry_at", None)
    else:
        invoice.pop("paid_at", None)


def status_of(invoice: Mapping[str, Any], at: int) -> str:
    """paid when nothing is due; else posted until the due date, then payment_due, not_paid once dunning gave up."""
    if invoice["amount_due"] == 0:
        return "paid"
    if invoice.get("dunning_status") in ("exhausted", "stopped"):
        return "not_paid"
    return "posted" if invoice.get("due_date", 0) > at else "payment_due"


def void_hindrance(invoice: Mapping[str, Any]) -> str | None:
    """Why an invoice cannot be voided, or None."""
    holds = {
        "open": invoice["status"] in OPEN,
        "unpaid": not any(link["txn_status"] in ("success", *UNDER_WAY) for link in invoice["linked_payments"]),
        "uncredited": not invoice["applied_credits"],
        "unadjusted": invoice["amount_adjusted"] == 0,
        "unwithheld": not invoice.get("linked_taxes_withheld"),
        "unrefunded": not any(
            note["cn_status"] in ("refunded", "refund_due") for note in invoice["issued_credit_notes"]
        ),
    }
    return next((why for rule, why in VOID_RULES if not holds[rule]), None)

"""Credit notes: adjustment and refundable notes against an invoice, refunds, void."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions import balances, billing
from simulators.subscriptions.answers import line_page
from simulators.subscriptions.errors import bad_state, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_credit import net_and_tax, spread
from simulators.subscriptions.rules_invoice import net
from simulators.subscriptions.rules_price import minor
from simulators.subscriptions.work import Work

exact(
    "credit notes at the invoice's own rates; per-line or per-invoice rounding with `round_off_amount`",
    source="documented",
    held_by="test_invoices",
)
exact(
    "adjustment, refundable and store notes; an adjustment at most what is due, a refundable one at "
    "most what was settled and not yet credited; void only while unused",
    source="documented",
    held_by="test_sdk_money::test_credit_notes_of_every_kind",
)
approximate(
    "store credit",
    "part of `refundable_credits`; applied like a refundable note, never paid out",
    source="ours",
)
approximate(
    "a payment or credit that is taken off an invoice",
    "refused while refundable notes were issued for it, or it would be given back twice",
    source="ours",
)
approximate(
    "a credit note that is deleted",
    "an adjustment's amount is due again; any other only while unused",
    source="ours",
)

Result = dict[str, Any]

REASONS = (
    "write_off", "subscription_change", "subscription_cancellation", "subscription_pause", "chargeback",
    "product_unsatisfactory", "service_unsatisfactory", "order_change", "order_cancellation", "waiver", "other",
    "fraudulent",
)  # fmt: skip


@dataclass
class Wish:
    """What is to be credited: a gross total, or net amounts (else net and tax) by the id of the invoice's line."""

    total: int | None = None
    lines: list[tuple[str, int]] = field(default_factory=list)
    parts: list[tuple[str, int, int]] = field(default_factory=list)
    date: int | None = None
    key: str | None = None  # its id, where that is known: an imported note's


def live(work: Work, key: str) -> Doc:
    """A credit note that is not deleted, or 404."""
    note = work.need("credit_note", key)
    if note["deleted"]:
        raise not_found(None, key)
    return note


def create(work: Work, params: Params) -> Result:
    """POST /credit_notes."""
    kind = params.choice("type", ("adjustment", "refundable", "store"), required=True)
    assert kind is not None
    if kind == "store":
        return _store(work, params)
    key = params.need("reference_invoice_id")
    invoice = work.need("invoice", key, "reference_invoice_id")
    if invoice["status"] in ("pending", "voided") or invoice["deleted"]:
        raise bad_state(f"cannot credit an invoice that is {invoice['status']}", "reference_invoice_id")
    wish = Wish(params.integer("total", least=1), _lines(params, invoice), date=params.integer("date"))
    if (wish.total is None) == (not wish.lines):
        raise wrong("total", "give either a total or line_items")
    whose = params.text("customer_id")
    if whose is not None and whose != invoice["customer_id"]:
        raise wrong("customer_id", "is not the customer of the invoice")
    reason, own_reason = _reason(params)
    customer = work.need("customer", invoice["customer_id"])
    if wish.date is not None and wish.date > work.at:
        raise wrong("date", "cannot lie in the future")
    note = against(work, invoice, kind, reason, wish)
    _annotate(note, params, own_reason)
    work.save("credit_note", note)
    billing.rebalanced(work, invoice)
    work.emit("credit_note_created", credit_note=note, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"credit_note": note, "invoice": invoice}


def _reason(params: Params) -> tuple[str, str | None]:
    reason, own_reason = params.choice("reason_code", REASONS), params.text("create_reason_code")
    if reason is None and own_reason is None:
        raise wrong("reason_code", "cannot be blank")
    return reason or "other", own_reason


def _annotate(note: Doc, params: Params, own_reason: str | None) -> None:
    if own_reason is not None:
        note["create_reason_code"] = own_reason
    text = params.text("customer_notes", longest=2_000)
    if text is not None:
        note["customer_notes"] = text
    note |= {name: value for name, value in params.custom_fields().items() if value is not None}


def _store(work: Work, params: Params) -> Result:
    """Store credit: of a customer and no invoice, for bills to come; it is never paid out."""
    customer = work.need("customer", params.need("customer_id"), "customer_id")
    if customer["deleted"]:
        raise not_found("customer_id", customer["id"])
    total = params.number("total", least=1)
    currency = (params.currency("currency_code") or customer["preferred_currency_code"]).upper()
    reason, own_reason = _reason(params)
    date = params.integer("date") or work.at
    if date > work.at:
        raise wrong("date", "cannot lie in the future")
    note: Doc = {
        "id": billing.number(work, customer, "credit_note"), "customer_id": customer["id"], "type": "store",
        "reason_code": reason, "date": date, "status": "refund_due", "price_type": "tax_exclusive",
        "currency_code": currency, "base_currency_code": work.site["currency_code"], "total": total,
        "sub_total": total, "tax": 0, "round_off_amount": 0, "amount_allocated": 0, "amount_refunded": 0,
        "amount_available": total, "generated_at": work.at, "channel": "web", "line_items": [],
        "line_item_taxes": [], "taxes": [], "line_item_discounts": [], "discounts": [], "linked_refunds": [],
        "allocations": [], "deleted": False, "object": "credit_note",
    }  # fmt: skip
    if "business_entity_id" in customer:
        note["business_entity_id"] = customer["business_entity_id"]
    _annotate(note, params, own_reason)
    balances.move(work, customer, "refundable_credits", total, currency)
    work.save("credit_note", note)
    work.emit("credit_note_created", credit_note=note, customer=customer)
    return {"credit_note": note}


def _lines(params: Params, invoice: Doc) -> list[tuple[str, int]]:
    known = {line["id"]: line for line in invoice["line_items"]}
    found = []
    for row in params.rows("line_items"):
        key = row.need("reference_line_item_id")
        if key not in known:
            raise not_found(row.name("reference_line_item_id"), key)
        amount, quantity = row.integer("amount", least=1), row.integer("quantity", least=1)
        unit_amount = row.integer("unit_amount", least=1)
        if amount is None:
            if unit_amount is None and quantity is None:
                raise row.wrong("amount", "cannot be blank")
            line = known[key]
            amount = (line["unit_amount"] if unit_amount is None else unit_amount) * (quantity or line["quantity"])
        row.text("description")
        found.append((key, amount))
    return found


def against(work: Work, invoice: Doc, kind: str, reason: str, wish: Wish) -> Doc:
    """Make a credit note for an invoice within what may still be credited. The caller rebalances the invoice."""
    lines = _credited(work, invoice, wish)
    total = sum(line["amount"] + line["tax_amount"] for line in lines)
    if wish.total is not None:
        total = wish.total
    _allowed(invoice, kind, total)
    customer = work.need("customer", invoice["customer_id"])
    tax = sum(line["tax_amount"] for line in lines)
    sub_total = sum(line["amount"] for line in lines)
    refundable = kind == "refundable"
    note: Doc = {
        "id": wish.key or billing.number(work, customer, "credit_note"), "customer_id": customer["id"], "type": kind,
        "reference_invoice_id": invoice["id"], "reason_code": reason, "date": wish.date or work.at,
        "status": "refund_due" if refundable else "adjusted", "price_type": invoice["price_type"],
        "currency_code": invoice["currency_code"], "base_currency_code": invoice["base_currency_code"],
        "total": total, "sub_total": sub_total, "tax": tax, "round_off_amount": total - sub_total - tax,
        "amount_allocated": 0 if refundable else total, "amount_refunded": 0,
        "amount_available": total if refundable else 0, "generated_at": work.at, "channel": "web",
        "line_items": lines, "line_item_taxes": _taxes(lines, invoice), "taxes": [], "line_item_discounts": [],
        "discounts": [], "linked_refunds": [], "allocations": [], "deleted": False, "object": "credit_note",
    }  # fmt: skip
    note["taxes"] = _tax_sums(note["line_item_taxes"])
    for name in ("subscription_id", "business_entity_id", "billing_address", "shipping_address", "vat_number"):
        if name in invoice:
            note[name] = invoice[name]
    entry = {"cn_id": note["id"], "cn_reason_code": reason, "cn_date": note["date"], "cn_total": total,
             "cn_status": note["status"]}  # fmt: skip
    if refundable:
        invoice["issued_credit_notes"].append(entry)
        balances.move(work, customer, "refundable_credits", total, note["currency_code"])
    else:
        invoice["adjustment_credit_notes"].append(entry)
        note["allocations"].append({
            "invoice_id": invoice["id"], "allocated_amount": total, "allocated_at": work.at,
            "invoice_date": invoice["date"], "invoice_status": invoice["status"],
        })  # fmt: skip
    return work.save("credit_note", note)


def _allowed(invoice: Doc, kind: str, total: int) -> None:
    if total <= 0:
        raise wrong("total", "should be more than 0")
    if kind == "adjustment":
        if total > invoice["amount_due"]:
            raise wrong("total", f"an adjustment cannot be more than the {invoice['amount_due']} due")
        return
    most = creditable(invoice)
    if total > most:
        raise wrong("total", f"at most {most} of what was paid can still be credited")


def creditable(invoice: Doc) -> int:
    """What was paid or settled by credits and has not been credited yet (minor units)."""
    issued = sum(entry["cn_total"] for entry in invoice["issued_credit_notes"] if entry["cn_status"] != "voided")
    most: int = invoice["amount_paid"] + invoice["credits_applied"] - issued
    return most


def must_stay_covered(invoice: Doc, taken: int) -> None:
    """Refuse to take off an invoice what refundable notes have given back already: it would be given twice."""
    if creditable(invoice) < taken:
        raise bad_state("refundable credit notes were issued for what is settled; void them first")


def _credited(work: Work, invoice: Doc, wish: Wish) -> list[Doc]:
    """The note's lines: net and tax at the rates of the invoice, whatever the rates are today."""
    by_id = {line["id"]: line for line in invoice["line_items"]}
    lines = []
    if wish.total is None:
        for key, amount in wish.lines:
            if amount > net(by_id[key]):
                raise wrong("line_items[amount][0]", f"line {key} was billed at {net(by_id[key])}")
            tax = minor(Decimal(amount) * Decimal(str(by_id[key]["tax_rate"])) / 100)
            lines.append(_line(work, by_id[key], amount, tax))
        return lines + [_line(work, by_id[key], amount, tax) for key, amount, tax in wish.parts]
    source = invoice["line_items"]
    if wish.total == invoice["total"]:
        return [_line(work, line, net(line), line["tax_amount"]) for line in source if net(line)]
    shares = spread(wish.total, [net(line) + line["tax_amount"] for line in source])
    for line, share in zip(source, shares, strict=True):
        if share:
            lines.append(_line(work, line, *net_and_tax(share, Decimal(str(line["tax_rate"])))))
    return lines


def _line(work: Work, line: Doc, amount: int, tax: int) -> Doc:
    return {
        **line, "id": f"li_{work.token('line_item')}", "reference_line_item_id": line["id"], "amount": amount,
        "unit_amount": amount, "quantity": 1, "tax_amount": tax, "discount_amount": 0, "item_level_discount_amount": 0,
    }  # fmt: skip


def _taxes(lines: list[Doc], invoice: Doc) -> list[Doc]:
    original = {tax["line_item_id"]: tax for tax in invoice["line_item_taxes"]}
    return [
        {**original[line["reference_line_item_id"]], "line_item_id": line["id"], "taxable_amount": line["amount"],
         "tax_amount": line["tax_amount"]}
        for line in lines if line["reference_line_item_id"] in original
    ]  # fmt: skip


def _tax_sums(details: list[Doc]) -> list[Doc]:
    sums: dict[tuple[str, str], int] = {}
    for tax in details:
        label = (tax["tax_name"], f"{tax['tax_name']} @ {tax['tax_rate']}%")
        sums[label] = sums.get(label, 0) + tax["tax_amount"]
    return [{"object": "tax", "name": name, "description": text, "amount": sums[name, text]} for name, text in sums]


def retrieve(work: Work, params: Params, key: str) -> Result:
    """GET /credit_notes/{id}, with all its lines or a page of them."""
    return {"credit_note": line_page(params, live(work, key))}


def void(work: Work, _params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/void: only while nothing of it was used."""
    note = live(work, key)
    if note["type"] == "adjustment" or note["status"] != "refund_due":
        raise bad_state(f"cannot void a {note['type']} credit note that is {note['status']}")
    _unused(note)
    note["status"], note["voided_at"] = "voided", work.at
    return {"credit_note": _withdrawn(work, note, "credit_note_updated")}


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/delete (test sites): a tombstone stays, and what an adjustment settled is due again."""
    note = live(work, key)
    if note["type"] == "adjustment":
        invoice = work.need("invoice", note["reference_invoice_id"])
        if invoice["status"] == "voided":
            raise bad_state("the invoice of the credit note is voided")
        kept = [entry for entry in invoice["adjustment_credit_notes"] if entry["cn_id"] != key]
        invoice["adjustment_credit_notes"] = kept
        if note["reason_code"] == "write_off":
            invoice["write_off_amount"] -= note["total"]
        note["deleted"] = True
        work.save("credit_note", note)
        billing.rebalanced(work, invoice)
        customer = work.need("customer", note["customer_id"])
        work.emit("credit_note_deleted", credit_note=note, customer=customer)
        work.emit("invoice_updated", invoice=invoice, customer=customer)
        return {"credit_note": note}
    _unused(note)
    note["deleted"] = True
    return {"credit_note": _withdrawn(work, note, "credit_note_deleted")}


def _unused(note: Doc) -> None:
    if note["amount_allocated"] or note["amount_refunded"]:
        raise bad_state("the credit note was allocated or refunded")


def _withdrawn(work: Work, note: Doc, event: str) -> Doc:
    """A note of which nothing was used counts no more: its invoice and the customer's balance forget it."""
    customer = work.need("customer", note["customer_id"])
    taken, note["amount_available"] = note["amount_available"], 0
    work.save("credit_note", note)
    if taken:
        balances.move(work, customer, "refundable_credits", -taken, note["currency_code"])
    work.emit(event, credit_note=note, customer=customer)
    invoice = work.get("invoice", note.get("reference_invoice_id"))
    if invoice is not None:
        restate(invoice, note)
        if note["deleted"]:
            kept = [entry for entry in invoice["issued_credit_notes"] if entry["cn_id"] != note["id"]]
            invoice["issued_credit_notes"] = kept
        billing.rebalanced(work, invoice)
        work.emit("invoice_updated", invoice=invoice, customer=customer)
    return note


def update(work: Work, _params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/update: a comment, which has no bearing on anything."""
    return {"credit_note": live(work, key)}


def restate(invoice: Doc, note: Doc) -> None:
    """Bring the note's status onto the invoice that it was issued for."""
    for entry in invoice["issued_credit_notes"]:
        if entry["cn_id"] == note["id"]:
            entry["cn_status"] = note["status"]

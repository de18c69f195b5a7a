"""Invoices and credit notes brought in from another system: under their own ids, with what was settled there."""

from decimal import Decimal, InvalidOperation
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import balances, billing, credit_notes, customers, invoices, refunds, settlement
from simulators.subscriptions.errors import bad_state, duplicate, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_invoice import rebalance, total_up
from simulators.subscriptions.rules_terms import due_date
from simulators.subscriptions.work import Work

approximate(
    "import of invoices and credit notes",
    "lines with their taxes and payments must make the total; statuses paid, posted, payment_due, not_paid and voided "
    "follow from amounts and dates where they can; no written-off invoices, tiers or line discounts",
    source="ours",
)

Result = dict[str, Any]

TAXES = 10
STATUSES = ("paid", "posted", "payment_due", "not_paid", "voided")
ENTITIES = ("adhoc", "plan_item_price", "addon_item_price", "charge_item_price", "plan_setup")


def invoice(work: Work, params: Params) -> Result:
    """POST /invoices/import_invoice."""
    key = params.need("id", longest=50)
    if work.get("invoice", key) is not None:
        raise duplicate("id", key)
    customer, subscription = invoices.whom(work, params)
    date, total = params.number("date"), params.number("total")
    if date > work.at:
        raise wrong("date", "cannot lie in the future")
    lines, taxes = _lines(work, params, subscription, date)
    status = params.choice("status", STATUSES) or "paid"
    home = subscription["currency_code"] if subscription else customer["preferred_currency_code"]
    draft = billing.Draft(
        customer, lines, date, (params.currency("currency_code") or home).upper(), subscription,
        net_term_days=params.integer("net_term_days", most=180) or 0,
        members={name: params.text(name, longest=100) for name in ("po_number", "vat_number", "void_reason_code")},
    )  # fmt: skip
    made = _kept(work, draft, key, taxes, params.integer("round_off", least=-1_000) or 0)
    if made["total"] != total:
        raise wrong("total", f"lines, taxes and round-off make {made['total']}")
    made["due_date"] = params.integer("due_date") or due_date(date, draft.net_term_days)
    for row in params.rows("payments"):
        _payment(work, row, made, customer)
    if status == "voided":
        made["status"], made["voided_at"] = "voided", params.integer("voided_at") or work.at
    elif status == "not_paid":
        made["dunning_status"] = "exhausted"
    billing.rebalanced(work, made)
    if (status == "paid") != (made["status"] == "paid"):
        raise wrong("status", f"payments of {made['amount_paid']} make an invoice of {total} {made['status']}")
    billing.announce(work, made, customer, subscription)
    return {"invoice": made}


def _lines(work: Work, params: Params, subscription: Doc | None, date: int) -> tuple[list[Doc], list[Doc]]:
    """The lines as they were billed, and the taxes that they carry."""
    rates = {row.need("name"): (_rate(row), row) for row in params.rows("taxes")}
    for _, row in rates.values():
        for name in ("amount", "description", "juris_type", "juris_name", "juris_code"):
            row.text(name)
    lines: list[Doc] = []
    details: list[Doc] = []
    for row in params.rows("line_items"):
        quantity, unit = row.integer("quantity", least=1) or 1, row.integer("unit_amount")
        amount = row.integer("amount")
        if amount is None and unit is None:
            raise row.wrong("amount", "cannot be blank")
        amount = (unit or 0) * quantity if amount is None else amount
        key = row.text("id", longest=40) or f"li_{work.token('line_item')}"
        taxed = [(name, sum_) for name, sum_ in (_tax(row, place) for place in range(1, TAXES + 1)) if name]
        line = billing.adhoc_line(
            date, amount, row.need("description"), True, subscription_id=subscription["id"] if subscription else None,
            date_from=row.integer("date_from") or date, date_to=row.integer("date_to") or date,
        )  # fmt: skip
        line |= {"id": key, "quantity": quantity, "unit_amount": amount // quantity if unit is None else unit,
                 "entity_type": row.choice("entity_type", ENTITIES) or "adhoc",
                 "tax_amount": sum(sum_ for _, sum_ in taxed), "is_taxed": bool(taxed)}  # fmt: skip
        entity = row.text("entity_id", longest=100)
        if entity is not None:
            line["entity_id"] = entity
        line.pop("_taxable")
        line["tax_rate"] = float(sum((rates[name][0] for name, _ in taxed if name in rates), Decimal(0)))
        for name, sum_ in taxed:
            if name not in rates:
                raise row.wrong("tax1_name", f"{name} is none of the taxes")
            details.append({
                "object": "line_item_tax", "line_item_id": key, "tax_name": name, "tax_rate": float(rates[name][0]),
                "taxable_amount": amount, "tax_amount": sum_, "is_partial_tax_applied": False,
                "is_non_compliance_tax": False,
            })  # fmt: skip
        lines.append(line)
    if not lines:
        raise wrong("line_items[description][0]", "an invoice needs at least one line")
    return lines, details


def _tax(row: Params, place: int) -> tuple[str | None, int]:
    return row.text(f"tax{place}_name"), row.integer(f"tax{place}_amount") or 0


def _rate(row: Params) -> Decimal:
    try:
        return Decimal(row.need("rate"))
    except InvalidOperation:
        raise row.wrong("rate", "should be a number") from None


def _kept(work: Work, draft: billing.Draft, key: str, details: list[Doc], round_off: int) -> Doc:
    made = billing.blank(work, draft, key)
    for line in made["line_items"]:
        line["customer_id"] = draft.customer["id"]
    sums: dict[str, int] = {}
    for detail in details:
        sums[detail["tax_name"]] = sums.get(detail["tax_name"], 0) + detail["tax_amount"]
    taxes = [{"object": "tax", "name": name, "description": name, "amount": amount} for name, amount in sums.items()]
    total_up(made, (details, taxes, sum(sums.values()), round_off))
    rebalance(made, work.at)
    return work.save("invoice", made)


def _payment(work: Work, row: Params, made: Doc, customer: Doc) -> None:
    row.text("id")
    txn = invoices.offline_payment(work, row, customer, made["currency_code"], None)
    if txn["amount"] > made["amount_due"]:
        raise row.wrong("amount", f"is more than the {made['amount_due']} due")
    settlement.link(work, txn, made, txn["amount"])


def credit_note(work: Work, params: Params) -> Result:
    """POST /credit_notes/import_credit_note: a note against an invoice that is here, with what it was used for."""
    key = params.need("id", longest=50)
    if work.get("credit_note", key) is not None:
        raise duplicate("id", key)
    bill = invoices.live(work, params.need("reference_invoice_id"), "reference_invoice_id")
    if bill["status"] in ("pending", "voided"):
        raise bad_state(f"cannot credit an invoice that is {bill['status']}", "reference_invoice_id")
    for name, holds in (("customer_id", bill["customer_id"]), ("currency_code", bill["currency_code"])):
        if (given := params.text(name)) is not None and given != holds:
            raise wrong(name, "differs from the invoice's")
    kind = params.choice("type", ("adjustment", "refundable"), required=True)
    assert kind is not None
    date = params.number("date")
    if date > work.at:
        raise wrong("date", "cannot lie in the future")
    wish = credit_notes.Wish(total=params.number("total", least=1), date=date, key=key)
    note = credit_notes.against(work, bill, kind, "other", wish)
    note["create_reason_code"] = params.need("create_reason_code")
    billing.rebalanced(work, bill)
    customer = customers.live(work, bill["customer_id"])
    work.emit("credit_note_created", credit_note=note, customer=customer)
    for row in params.rows("allocations"):
        _allocate(work, row, note, customer)
    for row in params.rows("linked_refunds"):
        row.text("id")
        amount = row.number("amount", least=1)
        if kind != "refundable" or amount > note["amount_available"]:
            raise row.wrong("amount", f"at most {note['amount_available']} can be refunded")
        refunds.offline(work, note, row, amount)
    status = params.choice("status", ("adjusted", "refund_due", "refunded"))
    if status is not None and status != note["status"]:
        raise wrong("status", f"allocations and refunds make it {note['status']}")
    return {"credit_note": note}


def _allocate(work: Work, row: Params, note: Doc, customer: Doc) -> None:
    target = invoices.live(work, row.need("invoice_id"), row.name("invoice_id"))
    amount = row.number("allocated_amount", least=1)
    row.integer("allocated_at")
    if note["type"] == "adjustment":
        if target["id"] != note["reference_invoice_id"] or amount != note["total"]:
            raise row.wrong("allocated_amount", "an adjustment is allocated to its own invoice, in whole")
        return
    if amount > min(note["amount_available"], target["amount_due"]) or target["customer_id"] != customer["id"]:
        raise row.wrong("allocated_amount", f"at most {min(note['amount_available'], target['amount_due'])} can be")
    settlement.credit(work, note, target, amount)
    balances.move(work, customer, "refundable_credits", -amount, note["currency_code"])
    work.emit("credit_note_updated", credit_note=note, customer=customer)

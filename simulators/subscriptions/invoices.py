"""Invoices: one-off charges, offline payments, application of payments and credits, void, write-off, close, delete."""

from collections.abc import Callable
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import (
    balances,
    billing,
    catalog,
    credit_notes,
    customers,
    promotional_credits,
    settlement,
)
from simulators.subscriptions.answers import line_page
from simulators.subscriptions.charging import collection
from simulators.subscriptions.errors import Refused, bad_state, not_found, wrong
from simulators.subscriptions.params import INTEGER_MAX, Params
from simulators.subscriptions.rules_invoice import OPEN, UNDER_WAY, void_hindrance
from simulators.subscriptions.rules_terms import DAY_S, due_date
from simulators.subscriptions.work import Work

approximate(
    "payment date",
    "up to a day ahead, for callers that know only the day",
    source="ours",
)

Result = dict[str, Any]

METHODS = ("cash", "check", "bank_transfer", "other", "custom", "chargeback", "ach_credit", "sepa_credit")


def live(work: Work, key: str, param: str | None = None) -> Doc:
    """An invoice that is not deleted, or 404."""
    invoice = work.need("invoice", key, param)
    hidden = work.entity is not None and invoice.get("business_entity_id") != work.entity
    if invoice["deleted"] or hidden:
        raise not_found(param, key)
    return invoice


def must_be_open(invoice: Doc, what: str) -> None:
    """Refuse what only posted, payment_due and not_paid invoices allow."""
    if invoice["status"] not in OPEN:
        raise bad_state(f"cannot {what} an invoice that is {invoice['status']}")


def create(work: Work, params: Params) -> Result:
    """POST /invoices/create_for_charge_items_and_charges: one-off charges of a customer or subscription."""
    customer, subscription = whom(work, params)
    lines, currency = _lines(work, params, customer, subscription)
    date = params.integer("invoice_date") or work.at
    if date > work.at:
        raise wrong("invoice_date", "cannot lie in the future")
    mode = params.choice("auto_collection", ("on", "off"))
    days = params.integer("net_term_days", most=180)
    members: Doc = {"po_number": params.text("po_number", longest=100), **params.custom_fields()}
    if "shipping_address" in params:
        members["shipping_address"] = customers.address_of(params.group("shipping_address"), "shipping_address")
    note = params.text("invoice_note", longest=2_000)
    if note is not None:
        members["notes"] = [{"note": note, "object": "note"}]
    draft = billing.Draft(
        customer, lines, date, currency, subscription, pending=bool(params.boolean("create_pending_invoice")),
        net_term_days=customer["net_term_days"] if days is None else days, members=members,
    )  # fmt: skip
    usual = customer["auto_collection"] if subscription is None else collection(customer, subscription)
    return {"invoice": _issued(work, draft, mode or usual)}


def create_for_charge_item(work: Work, params: Params) -> Result:
    """POST /invoices/create_for_charge_item: one charge item."""
    row = params.group("item_price")
    return _one_off(work, params, lambda currency, key: item_charge(work, row, currency, key))


def charge(work: Work, params: Params) -> Result:
    """POST /invoices/charge: an amount that no item stands behind."""
    line = lambda _currency, key: adhoc_charge(work, params, key)  # noqa: E731
    return _one_off(work, params, line)


def _one_off(work: Work, params: Params, line: Callable[[str | None, str | None], tuple[Doc, str | None]]) -> Result:
    """One line, invoiced at once and collected as the customer or subscription says."""
    customer, subscription = whom(work, params)
    asked = params.currency("currency_code")
    made, currency = line(asked and asked.upper(), subscription["id"] if subscription else None)
    home = subscription["currency_code"] if subscription else customer["preferred_currency_code"]
    date = params.integer("invoice_date") or work.at
    if date > work.at:
        raise wrong("invoice_date", "cannot lie in the future")
    draft = billing.Draft(
        customer, [made], date, currency or (asked and asked.upper()) or home, subscription,
        net_term_days=customer["net_term_days"], members={"po_number": params.text("po_number", longest=100)},
    )  # fmt: skip
    usual = customer["auto_collection"] if subscription is None else collection(customer, subscription)
    return {"invoice": _issued(work, draft, usual)}


def _issued(work: Work, draft: billing.Draft, mode: str | None) -> Doc:
    """Issue, tell and settle an invoice."""
    invoice = billing.issue(work, draft)
    billing.refresh_dues(work, invoice.get("subscription_id"))
    billing.announce(work, invoice, draft.customer, draft.subscription)
    settlement.settle(work, invoice, draft.customer, draft.subscription, mode)
    return invoice


def whom(work: Work, params: Params) -> tuple[Doc, Doc | None]:
    """The customer, and the subscription if it is named, that an invoice is for."""
    customer_id, subscription_id = params.text("customer_id"), params.text("subscription_id")
    if (customer_id is None) == (subscription_id is None):
        raise wrong("customer_id", "give either customer_id or subscription_id")
    if customer_id is not None:
        return customers.live(work, customer_id, "customer_id"), None
    assert subscription_id is not None
    subscription = work.need("subscription", subscription_id, "subscription_id")
    return work.need("customer", subscription["customer_id"]), subscription


def _lines(work: Work, params: Params, customer: Doc, subscription: Doc | None) -> tuple[list[Doc], str]:
    asked = params.currency("currency_code")
    currency = asked.upper() if asked else None
    lines: list[Doc] = []
    key = subscription["id"] if subscription else None
    for row in params.rows("item_prices"):
        line, currency = item_charge(work, row, currency, key)
        lines.append(line)
    lines += [adhoc_charge(work, row, key)[0] for row in params.rows("charges")]
    if not lines:
        raise wrong("charges[amount][0]", "an invoice needs at least one charge or item price")
    home = subscription["currency_code"] if subscription else customer["preferred_currency_code"]
    return lines, currency or home


def item_charge(work: Work, row: Params, currency: str | None, subscription_id: str | None) -> tuple[Doc, str]:
    """A line for a charge item, and its currency, which is that of the other lines."""
    price_id = row.need("item_price_id", longest=100)
    price = catalog.live(work, "item_price", price_id, row.name("item_price_id"))
    if price["item_type"] != "charge":
        raise row.wrong("item_price_id", f"{price_id} is not a charge")
    home: str = price["currency_code"]
    if home != (currency or home):
        raise row.wrong("item_price_id", f"{price_id} is in {home}, the invoice in {currency}")
    quantity = row.integer("quantity", most=10**9)
    line = billing.item_line(
        work.at, price, 1 if quantity is None else quantity, row.integer("unit_price"), subscription_id=subscription_id,
        **_period(row), description=row.text("description") or row.text("entity_description"),
    )  # fmt: skip
    if line["amount"] > INTEGER_MAX:
        raise row.wrong("quantity", f"makes an amount of more than {INTEGER_MAX}")
    return line, home


def adhoc_charge(work: Work, row: Params, subscription_id: str | None) -> tuple[Doc, None]:
    """A line for an amount alone."""
    taxable = row.boolean("taxable")
    text = row.text("description") or row.text("entity_description") or "Charge"
    for name in catalog.TAX_DETAIL:
        row.text(name)  # how tax providers class the charge: taxes come of the site's rules
    line = billing.adhoc_line(
        work.at, row.number("amount"), text, taxable is not False, subscription_id=subscription_id, **_period(row)
    )
    return line, None


def _period(row: Params) -> dict[str, int | None]:
    begin, end = row.integer("date_from"), row.integer("date_to")
    if begin is not None and end is not None and end < begin:
        raise row.wrong("date_to", "lies before date_from")
    return {"date_from": begin, "date_to": end}


def record_payment(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/record_payment: money that came another way; more than is due becomes excess payment."""
    invoice = live(work, key)
    must_be_open(invoice, "record a payment for")
    customer = work.need("customer", invoice["customer_id"])
    txn = offline_payment(work, params.group("transaction"), customer, invoice["currency_code"], invoice["amount_due"])
    if invoice.get("subscription_id"):
        txn["subscription_id"] = invoice["subscription_id"]
    if txn["status"] == "success":
        used = min(txn["amount"], invoice["amount_due"])
        settlement.link(work, txn, invoice, used)
        if txn["amount_unused"]:
            balances.move(work, customer, "excess_payments", txn["amount_unused"], txn["currency_code"])
    told = {"transaction": txn, "invoice": invoice, "customer": customer}
    work.emit("transaction_created", transaction=txn, customer=customer)
    work.emit("payment_succeeded" if txn["status"] == "success" else "payment_failed", **told)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice, "transaction": txn}


def offline_payment(work: Work, group: Params, customer: Doc, currency: str, due: int | None) -> Doc:
    """A transaction for money received outside the gateway; the same reference may come twice."""
    amount = group.integer("amount", least=1) or due
    if not amount:
        raise group.wrong("amount", "cannot be blank")
    date = group.integer("date")
    if date is not None and date >= work.at + DAY_S:  # a caller who knows only the day may say its noon
        raise group.wrong("date", "cannot lie in the future")
    status = group.choice("status", ("success", "failure")) or "success"
    txn: Doc = {
        "id": f"txn_{work.token('transaction')}", "customer_id": customer["id"], "type": "payment",
        "gateway": "not_applicable", "payment_method": group.choice("payment_method", METHODS, required=True),
        "date": work.at if date is None else date, "currency_code": currency, "amount": amount,
        "amount_unused": amount if status == "success" else 0, "status": status, "deleted": False,
        "linked_invoices": [], "linked_refunds": [], "object": "transaction",
    }  # fmt: skip
    for name in ("reference_number", "id_at_gateway", "error_text", "custom_payment_method_id"):
        value = group.text(name)
        if value is not None:
            txn[name] = value
    txn |= {name: value for name, value in group.custom_fields().items() if value is not None}
    if "business_entity_id" in customer:
        txn["business_entity_id"] = customer["business_entity_id"]
    return work.save("transaction", txn)


class Kept(Exception):
    """A refusal whose traces stay in the books: the failed charge happened."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.message)
        self.refused = refused


def void(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/void."""
    invoice = live(work, key)
    why_not = void_hindrance(invoice)
    if why_not is not None:
        raise bad_state(why_not)
    reason = params.text("void_reason_code")
    if reason is not None:
        invoice["void_reason_code"] = reason
    promotional_credits.give_back(work, invoice)
    invoice["status"], invoice["voided_at"] = "voided", work.at
    billing.rebalanced(work, invoice)
    work.emit("invoice_updated", invoice=invoice, customer=work.need("customer", invoice["customer_id"]))
    return {"invoice": invoice}


def write_off(work: Work, _params: Params, key: str) -> Result:
    """POST /invoices/{id}/write_off: an adjustment credit note for what is due."""
    invoice = live(work, key)
    must_be_open(invoice, "write off")
    amount = invoice["amount_due"]
    note = credit_notes.against(work, invoice, "adjustment", "write_off", credit_notes.Wish(total=amount))
    invoice["write_off_amount"] += amount
    billing.rebalanced(work, invoice)
    customer = work.need("customer", invoice["customer_id"])
    work.emit("credit_note_created", credit_note=note, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice, "credit_note": note}


def close(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/close: a pending invoice gets its definitive id and date, and is collected."""
    draft = live(work, key)
    if draft["status"] != "pending":
        raise bad_state(f"cannot close an invoice that is {draft['status']}")
    customer = work.need("customer", draft["customer_id"])
    subscription = work.get("subscription", draft.get("subscription_id"))
    date = params.integer("invoice_date") or work.at
    if date > work.at:
        raise wrong("invoice_date", "cannot lie in the future")
    note = params.text("invoice_note", longest=2_000)
    if note is not None:
        draft["notes"] = [*draft.get("notes", ()), {"note": note, "object": "note"}]
    work.remove("invoice", key)
    invoice = {**draft, "id": billing.number(work, customer, "invoice"), "status": "posted", "date": date}
    taken = promotional_credits.use(customer, invoice["line_items"], invoice["currency_code"])
    if taken:
        billing.retaxed(work, invoice, customer, invoice["line_items"], date)
        promotional_credits.record(work, customer, invoice, taken)
    invoice["due_date"] = due_date(date, invoice["net_term_days"])
    invoice["generated_at"] = work.at
    billing.rebalanced(work, invoice)
    billing.announce(work, invoice, customer, subscription)
    mode = customer["auto_collection"] if subscription is None else collection(customer, subscription)
    settlement.settle(work, invoice, customer, subscription, mode)
    return {"invoice": invoice}


def update_details(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/update_details: what has no effect on money."""
    invoice = live(work, key)
    if invoice["status"] == "voided":
        raise bad_state("cannot update an invoice that is voided")
    for name in ("po_number", "vat_number"):
        if name in params:
            value = params.text(name, longest=100)
            if value is None:
                invoice.pop(name, None)
            else:
                invoice[name] = value
    for name in ("billing_address", "shipping_address"):
        if name in params:
            invoice[name] = customers.address_of(params.group(name), name)
    invoice |= {name: value for name, value in params.custom_fields().items() if value is not None}
    work.save("invoice", invoice)
    work.emit("invoice_updated", invoice=invoice, customer=work.need("customer", invoice["customer_id"]))
    return {"invoice": invoice}


def delete(work: Work, _params: Params, key: str) -> Result:
    """POST /invoices/{id}/delete (test sites): a tombstone stays, the number is never used again."""
    invoice = live(work, key)
    under_way = ("success", *UNDER_WAY)
    if any(link["txn_status"] in under_way for link in invoice["linked_payments"]) or invoice["applied_credits"]:
        raise bad_state("payments or credits are applied to the invoice; remove them first")
    if any(entry["cn_status"] != "voided" for entry in invoice["issued_credit_notes"]):
        raise bad_state("credit notes were issued for the invoice; void or delete them first")
    promotional_credits.give_back(work, invoice)
    invoice["deleted"] = True
    work.save("invoice", invoice)
    for job in ("due", "dunning"):
        work.jobs.cancel(f"{job}/{key}")
    for concerned in billing.concerned(invoice):
        billing.refresh_dues(work, concerned)
    work.emit("invoice_deleted", invoice=invoice)
    return {"invoice": invoice}


def retrieve(work: Work, params: Params, key: str) -> Result:
    """GET /invoices/{id}, with all its lines or a page of them."""
    return {"invoice": line_page(params, live(work, key))}

"""Tax withheld by a customer: it settles part of an invoice without a payment, until it is taken off again."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import credit_notes, invoices
from simulators.subscriptions.billing import rebalanced
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "tax withheld",
    "counts into amount_paid, so that the identity of amount_due holds; no refunds of it",
    source="ours",
)

Result = dict[str, Any]


def record(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/record_tax_withheld: at most what is due."""
    invoice = invoices.live(work, key)
    invoices.must_be_open(invoice, "record tax withheld for")
    group = params.group("tax_withheld")
    amount = group.number("amount", least=1)
    if amount > invoice["amount_due"]:
        raise group.wrong("amount", f"is more than the {invoice['amount_due']} due")
    entry: Doc = {
        "id": f"tax_wh_{work.token('tax_withheld')}", "type": "payment", "amount": amount, "user": "full_access_key_v1",
        "date": group.integer("date") or work.at, "payment_method": "other", "object": "linked_tax_withheld",
        "currency_code": invoice["currency_code"],
    }  # fmt: skip
    for name in ("reference_number", "description"):
        value = group.text(name)
        if value is not None:
            entry[name] = value
    invoice.setdefault("linked_taxes_withheld", []).append(entry)
    rebalanced(work, invoice)
    return _told(work, invoice, entry, "tax_withheld_recorded")


def remove(work: Work, params: Params, key: str) -> Result:
    """POST /invoices/{id}/remove_tax_withheld: the amount is due again."""
    invoice = invoices.live(work, key)
    group = params.group("tax_withheld")
    wanted = group.need("id")
    held = invoice.get("linked_taxes_withheld", [])
    entry = next((one for one in held if one["id"] == wanted), None)
    if entry is None:
        raise not_found(group.name("id"), wanted)
    credit_notes.must_stay_covered(invoice, entry["amount"])
    invoice["linked_taxes_withheld"] = [one for one in held if one is not entry]
    rebalanced(work, invoice)
    return _told(work, invoice, entry, "tax_withheld_deleted")


def _told(work: Work, invoice: Doc, entry: Doc, event: str) -> Result:
    customer = work.need("customer", invoice["customer_id"])
    work.emit(event, tax_withheld={**entry, "object": "tax_withheld"}, invoice=invoice, customer=customer)
    work.emit("invoice_updated", invoice=invoice, customer=customer)
    return {"invoice": invoice}


def remove_refund(work: Work, params: Params, key: str) -> Result:
    """POST /credit_notes/{id}/remove_tax_withheld_refund: there is none, because no operation records one."""
    credit_notes.live(work, key)
    group = params.group("tax_withheld")
    raise not_found(group.name("id"), group.need("id"))

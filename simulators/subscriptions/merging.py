"""Two customers that are one, and a customer who is to be forgotten."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import balances, customers
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_invoice import OPEN
from simulators.subscriptions.work import Work

approximate(
    "merge",
    "within one business entity and outside hierarchies; all documents, sources, contacts and balances "
    "go to the other customer",
    source="ours",
)

Result = dict[str, Any]

OWNED = ("subscription", "invoice", "credit_note", "transaction", "payment_source", "promotional_credit")
PERSONAL = ("first_name", "last_name", "email", "phone", "company", "billing_address", "contacts", "vat_number",
            "meta_data", "invoice_notes")  # fmt: skip
_PAPERS = ("invoice", "credit_note")


def merge(work: Work, params: Params) -> Result:
    """POST /customers/merge: all that one customer has goes to the other, and the first is deleted."""
    source = customers.live(work, params.need("from_customer_id"), "from_customer_id")
    target = customers.live(work, params.need("to_customer_id"), "to_customer_id")
    if source is target:
        raise wrong("to_customer_id", "is the same customer")
    if source.get("business_entity_id") != target.get("business_entity_id"):
        raise bad_state("the customers belong to different business entities", "to_customer_id")
    if "relationship" in source or any(not one["deleted"] for one in work.find("customer", parent=source["id"])):
        raise bad_state("the customer stands in an account hierarchy", "from_customer_id")
    for kind in OWNED:
        for doc in work.find(kind, customer_id=source["id"]):
            doc["customer_id"] = target["id"]
            for line in doc.get("line_items", ()):
                line["customer_id"] = target["id"]
            work.save(kind, doc)
    for row in source["balances"]:
        for name in balances.NAMES:
            if row[name]:
                balances.move(work, target, name, row[name], row["currency_code"])
                balances.move(work, source, name, -row[name], row["currency_code"])
    target["contacts"] = [*target.get("contacts", ()), *source.pop("contacts", ())]
    if "primary_payment_source_id" not in target and "primary_payment_source_id" in source:
        for name in ("primary_payment_source_id", "payment_method", "card_status"):
            target[name] = source[name]
    for name in ("primary_payment_source_id", "backup_payment_source_id", "payment_method"):
        source.pop(name, None)
    source["deleted"], source["card_status"] = True, "no_card"
    work.save("customer", source)
    work.emit("customer_deleted", customer=source)
    return {"customer": customers.changed(work, target)["customer"]}


def clear_personal_data(work: Work, _params: Params, key: str) -> Result:
    """POST /customers/{id}/clear_personal_data: who it was is gone, also from the documents; what was billed stays."""
    customer = work.need("customer", key)
    if any(one["status"] != "cancelled" and not one["deleted"] for one in work.find("subscription", customer_id=key)):
        raise bad_state("the customer has subscriptions that are not cancelled")
    papers = [(kind, doc) for kind in _PAPERS for doc in work.find(kind, customer_id=key) if not doc["deleted"]]
    if any(kind == "invoice" and doc["status"] in ("pending", *OPEN) for kind, doc in papers):
        raise bad_state("the customer has invoices that are not settled")
    for kind, doc in papers:
        for name in ("billing_address", "shipping_address", "vat_number"):
            doc.pop(name, None)
        work.save(kind, doc)
    for source in work.find("payment_source", customer_id=key):
        source["deleted"] = True
        _anonymous(source.get("card") or source.get("bank_account") or {})
        work.save("payment_source", source)
    for name in (*PERSONAL, "primary_payment_source_id", "backup_payment_source_id", "payment_method"):
        customer.pop(name, None)
    for name in [name for name in customer if name.startswith("cf_")]:
        customer.pop(name)
    customer["pii_cleared"], customer["card_status"] = "cleared", "no_card"
    return {"customer": customers.changed(work, customer)["customer"]}


def _anonymous(instrument: Doc) -> None:
    for name in [name for name in instrument if name not in ("object", "brand", "expiry_month", "expiry_year")]:
        instrument.pop(name)

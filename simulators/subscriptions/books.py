"""The platform's own books: every customer, contract, document, line and allocation, in minor units."""

from collections.abc import Iterator
from decimal import Decimal

from simulators.kit.store import Doc, Store
from simulators.kit.system import Rows

_KINDS = {
    # book table: document kinds in it
    "party": ("customer",),
    "contract": ("subscription", "contract_term"),
    "document": ("invoice", "credit_note", "transaction"),
}


_PERIOD = ("id", "billing_period", "billing_period_unit")


def dump(store: Store) -> dict[str, Rows]:
    """All rows by table. Amounts are integers in minor units of the row's `currency_code`; rates decimal strings.

    party: customers. contract: subscriptions (also as they are
    scheduled to be) and contract terms. document: invoices (pending and voided ones with their
    status), credit notes, transactions; what was moved with a subscription says to whom it was
    `issued_to`. line: line items with invoice_id or credit_note_id, usages and usage events
    (quantities are decimal strings; `invoice_id` and `line_item_id` once they are billed). allocation: what a payment
    or credit settles on an invoice; failed payments settle nothing and are not listed.
    """
    tables: dict[str, Rows] = {
        table: [_exact(doc) for kind in kinds for doc in store.find(kind) if not doc["deleted"]]
        for table, kinds in _KINDS.items()
    }
    tables["contract"] += [
        {"object": "subscription_with_scheduled_changes", **{name: doc[name] for name in _PERIOD},
         "subscription_items": [_exact(item) for item in doc["_scheduled"]["items"]]}
        for doc in store.find("subscription") if doc.get("_scheduled") and doc["_scheduled"]["items"] is not None
    ]  # fmt: skip
    tables["line"] = [line for doc in tables["document"] for line in _lines(doc)]
    tables["line"] += [_exact(doc) for doc in store.find("usage")]
    tables["line"] += [_event(doc) for doc in store.find("usage_event")]
    tables["allocation"] = [entry for doc in tables["document"] for entry in _allocations(doc)]
    tables["ledger"] = []
    return tables


def _event(doc: Doc) -> Doc:
    """A usage event in the words of a usage, with what the platform counts it as."""
    return {
        **{name: value for name, value in doc.items() if name[0] != "_" and name != "properties"},
        "item_price_id": doc["_item_price_id"], "usage_date": doc["_date"], "quantity": doc["_quantity"],
        "object": "usage_event_counted",
    }  # fmt: skip


def _exact(doc: Doc) -> Doc:
    """Without the platform's private members, and with no floats: rates become decimal strings."""
    shown: Doc = {"issued_to": doc["_issued_to"]} if "_issued_to" in doc else {}
    for name, value in doc.items():
        if name[0] == "_":
            continue
        if name == "tax_rate":
            shown[name] = str(Decimal(str(value)))
        elif isinstance(value, dict):
            shown[name] = _exact(value)
        elif isinstance(value, list):
            shown[name] = [_exact(each) if isinstance(each, dict) else each for each in value]
        else:
            shown[name] = value
    return shown


def _lines(doc: Doc) -> Iterator[Doc]:
    if doc["object"] not in ("invoice", "credit_note"):
        return
    for line in doc["line_items"]:
        yield {
            **line, f"{doc['object']}_id": doc["id"], "currency_code": doc["currency_code"],
            "document_status": doc["status"], "business_entity_id": doc.get("business_entity_id"),
        }  # fmt: skip


def _allocations(doc: Doc) -> Iterator[Doc]:
    if doc["object"] != "invoice":
        return
    known = {"invoice_id": doc["id"], "currency_code": doc["currency_code"], "customer_id": doc["customer_id"]}
    for entry in doc["linked_payments"]:
        if entry["txn_status"] == "success":
            yield {**entry, **known, "object": "linked_payment"}
    for entry in doc["applied_credits"]:
        yield {**entry, **known, "object": "applied_credit"}
    for entry in doc["adjustment_credit_notes"]:
        yield {**entry, **known, "object": "adjustment_credit_note", "applied_amount": entry["cn_total"]}

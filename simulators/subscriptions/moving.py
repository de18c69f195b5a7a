"""A subscription goes to another customer, with its bills, credit notes, payments and unbilled charges.

What stands against it is the vendor's list: https://apidocs.chargebee.com/docs/api/subscriptions/move-a-subscription.
"""

from typing import Any

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.jobs import Job
from simulators.kit.store import Doc
from simulators.subscriptions import balances, billing, customers
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import Refused, bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

exact(
    "move of a subscription: refused within a hierarchy, to another business entity, with bills that are not settled, "
    "with credit notes that are adjusted or owed, with consolidated bills, on the day of its renewal; answered as it "
    "is, done afterwards, told by `subscription_changed` and a comment on the former customer",
    source="documented",
    held_by="test_sdk_moves",
)
approximate(
    "move of a subscription, further",
    "takes a minute (the vendor says up to five); until then writes to both customers and the subscription answer 409 "
    "`lock_timeout`; a payment that pays other bills as well is a reason to refuse; `copy_payment_source` copies the "
    "subscription's own source, or the former customer's primary one, without it the subscription has none of its own",
    source="ours",
)
absent("in a move of a subscription: orders and gifts, and the switch that the vendor's support puts on for a site")

Result = dict[str, Any]

TAKES_S = 60
_UNSETTLED = ("payment_due", "pending", "posted")  # as the vendor names them
_OWED = ("adjusted", "refund_due")
_PLACES = (("/v2/subscriptions/", "subscription"), ("/v2/customers/", "customer"))


def move(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/move: to_customer_id, copy_payment_source. The answer is the subscription as it is."""
    subscription = live(work, key)
    target = customers.live(work, params.need("to_customer_id"), "to_customer_id")
    copies = bool(params.boolean("copy_payment_source"))
    source = work.need("customer", subscription["customer_id"])
    if source["id"] == target["id"]:
        raise wrong("to_customer_id", "is the subscription's own customer")
    if source.get("business_entity_id") != target.get("business_entity_id"):
        raise bad_state("the customers belong to different business entities", "to_customer_id")
    for customer in (source, target):
        if "relationship" in customer or any(
            not one["deleted"] for one in work.find("customer", parent=customer["id"])
        ):
            raise bad_state(f"customer {customer['id']} stands in an account hierarchy")
        if customer.get("_moving"):
            raise Refused("lock_timeout", f"a subscription of customer {customer['id']} is being moved")
    _settled(work, subscription)
    payload = {"subscription": key, "to": target["id"], "copies": copies}
    work.jobs.schedule(work.at + TAKES_S, "move", payload, key=f"move/{key}")
    for kind, doc in (("subscription", subscription), ("customer", source), ("customer", target)):
        doc["_moving"] = key
        work.keep(kind, doc)
    return {"subscription": subscription}


def _settled(work: Work, subscription: Doc) -> None:
    if work.site["consolidated_invoicing"] or subscription.get("_bills"):
        raise bad_state("invoices are consolidated")
    due = subscription.get("next_billing_at")
    if due is not None and work.calendar.days_between(work.at, due) == 0:
        raise bad_state("a subscription cannot be moved on the day of its renewal")
    bills = billing.of(work, subscription)
    if any(one["status"] in _UNSETTLED for one in bills if not one["deleted"]):
        raise bad_state("the subscription has invoices that are not settled")
    if any(one["status"] in _OWED for one in _notes(work, bills) if not one["deleted"]):
        raise bad_state("the subscription has credit notes that are adjusted or owed")
    ours = {one["id"] for one in bills}
    for payment in _payments(work, bills):
        if any(link["invoice_id"] not in ours for link in payment.get("linked_invoices", ())):
            raise bad_state(f"transaction {payment['id']} is for other invoices as well")


def _notes(work: Work, bills: list[Doc]) -> list[Doc]:
    return [note for bill in bills for note in work.find("credit_note", reference_invoice_id=bill["id"])]


def _payments(work: Work, bills: list[Doc]) -> list[Doc]:
    """The transactions of these bills and of what was given back of them."""
    keys = [link["txn_id"] for bill in bills for link in bill["linked_payments"]]
    keys += [link["txn_id"] for note in _notes(work, bills) for link in note["linked_refunds"]]
    return [work.need("transaction", key) for key in dict.fromkeys(keys)]


def guard(work: Work, path: str, key: str | None) -> None:
    """No write to a customer or a subscription while it is being moved: `path` says which of them `key` is."""
    for place, kind in _PLACES if key is not None else ():
        if place in path:
            doc = work.get(kind, key)
            if doc is not None and doc.get("_moving"):
                raise Refused("lock_timeout", f"{kind} {key} cannot be changed while a subscription is being moved")
            return


def move_due(work: Work, job: Job) -> None:
    """The move itself."""
    subscription, target = (
        work.need("subscription", job.payload["subscription"]),
        work.need("customer", job.payload["to"]),
    )
    source = work.need("customer", subscription["customer_id"])
    bills = billing.of(work, subscription)
    charges = [one for one in work.find("unbilled_charge", subscription_id=subscription["id"]) if not one["deleted"]]
    moved = {"invoice": bills, "credit_note": _notes(work, bills), "transaction": _payments(work, bills),
             "unbilled_charge": charges}  # fmt: skip
    for doc in (subscription, source, target):
        doc.pop("_moving", None)
    for kind, docs in moved.items():
        for doc in docs:
            _hand_over(work, kind, doc, source, target)
    currency = subscription["currency_code"]
    loose = {
        "excess_payments": sum(one["amount_unused"] for one in moved["transaction"] if one["type"] == "payment"),
        "unbilled_charges": sum(one["amount"] for one in charges if not one.get("is_voided")),
    }
    for name, amount in loose.items():
        if amount:
            balances.move(work, source, name, -amount, currency)
            balances.move(work, target, name, amount, currency)
    subscription["customer_id"] = target["id"]
    _pay_by(work, subscription, source, target, bool(job.payload["copies"]))
    work.save("subscription", subscription)
    work.save("customer", source)
    work.save("customer", target)
    ids = [doc["id"] for docs in moved.values() for doc in docs]
    notes = f"Subscription {subscription['id']} was moved to customer {target['id']} with {', '.join(ids) or 'nothing'}"
    work.keep("comment", {
        "id": f"cmt_{work.token('comment')}", "entity_type": "customer", "entity_id": source["id"], "type": "system",
        "notes": notes[:1_000], "created_at": work.at, "deleted": False, "object": "comment",
        **({"business_entity_id": source["business_entity_id"]} if "business_entity_id" in source else {}),
    })  # fmt: skip
    work.emit("subscription_changed", subscription=subscription, customer=target)


def _hand_over(work: Work, kind: str, doc: Doc, source: Doc, target: Doc) -> None:
    doc["customer_id"] = target["id"]
    doc.setdefault("_issued_to", source["id"])  # our books name it; the vendor's own word for it is the comment
    for line in (*doc.get("line_items", ()), *((doc["_line"],) if "_line" in doc else ())):
        if line.get("customer_id") == source["id"]:
            line["customer_id"] = target["id"]
    work.save(kind, doc)


def _pay_by(work: Work, subscription: Doc, source: Doc, target: Doc, copies: bool) -> None:
    own = subscription.pop("payment_source_id", None)
    original = work.get("payment_source", own or source.get("primary_payment_source_id")) if copies else None
    if original is None:
        return
    copy = {**original, "id": f"pm_{work.token('payment_source')}", "customer_id": target["id"], "created_at": work.at}
    copy.pop("resource_version", None)
    work.save("payment_source", copy)
    if own is not None:
        subscription["payment_source_id"] = copy["id"]
    if "primary_payment_source_id" not in target:
        target["primary_payment_source_id"] = copy["id"]
        for name in ("payment_method", "card_status"):
            if name in source:
                target[name] = source[name]
    work.emit("payment_source_added", payment_source=copy, customer=target)

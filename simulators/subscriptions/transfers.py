"""Transfers between business entities: the customer goes on under a new id, the old one stays as a stub."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import customers
from simulators.subscriptions.errors import bad_state, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "transfers between business entities",
    "of customers that have no live subscription; payment sources go with them, documents and balances stay with the "
    "entity that they belong to; several at once, the answer is the last one",
    source="ours",
)

Result = dict[str, Any]

_STAYS = ("id", "balances", "resource_version", "updated_at", "created_at", "promotional_credits", "excess_payments",
          "refundable_credits", "unbilled_charges", "active_id", "relationship", "_parent")  # fmt: skip


def create(work: Work, params: Params) -> Result:
    """POST /business_entities/transfers: lists side by side, the n-th resource goes to the n-th destination."""
    keys, places = params.strings("active_resource_ids"), params.strings("destination_business_entity_ids")
    kinds, reasons = params.strings("resource_types"), params.strings("reason_codes")
    sources = params.strings("source_business_entity_ids")
    if not keys or not len(keys) == len(places) == len(kinds) == len(reasons):
        raise wrong("active_resource_ids", "the lists should be equally long, and not empty")
    if sources and len(sources) != len(keys):
        raise wrong("source_business_entity_ids", "should be as long as active_resource_ids")
    done: Doc = {}
    for index, (key, place, kind, reason) in enumerate(zip(keys, places, kinds, reasons, strict=True)):
        if kind != "customer":
            raise wrong(f"resource_types[{index}]", "should be customer")
        if reason != "correction":
            raise wrong(f"reason_codes[{index}]", "should be correction")
        customer = customers.live(work, key, f"active_resource_ids[{index}]")
        work.need("business_entity", place, f"destination_business_entity_ids[{index}]")
        source = customer.get("business_entity_id")
        if (sources and sources[index] != source) or source == place or "active_id" in customer:
            raise wrong(f"active_resource_ids[{index}]", f"is a customer of {source} and no other")
        done = _moved(work, customer, place)
    return {"business_entity_transfer": done}


def _moved(work: Work, stub: Doc, place: str) -> Doc:
    held = work.find("subscription", customer_id=stub["id"])
    if any(one["status"] != "cancelled" and not one["deleted"] for one in held):
        raise bad_state("the customer has subscriptions that are not cancelled")
    customer: Doc = {
        **{name: value for name, value in stub.items() if name not in _STAYS}, "id": work.token("customer", 16),
        "business_entity_id": place, "balances": [], "created_at": work.at,
        **dict.fromkeys(("promotional_credits", "excess_payments", "refundable_credits", "unbilled_charges"), 0),
    }  # fmt: skip
    work.save("customer", customer)
    for source in work.find("payment_source", customer_id=stub["id"]):
        source |= {"customer_id": customer["id"], "business_entity_id": place}
        work.save("payment_source", source)
        work.emit("payment_source_business_entity_changed", payment_source=source, customer=customer)
    origin = stub.get("business_entity_id")
    for name in ("primary_payment_source_id", "backup_payment_source_id", "payment_method"):
        stub.pop(name, None)
    stub["active_id"], stub["card_status"] = customer["id"], "no_card"
    work.save("customer", stub)
    transfer: Doc = {
        "id": f"bet_{work.token('transfer')}", "resource_type": "customer", "resource_id": stub["id"],
        "active_resource_id": customer["id"], "destination_business_entity_id": place, "reason_code": "correction",
        "created_at": work.at, "object": "business_entity_transfer",
    }  # fmt: skip
    if origin is not None:
        transfer["source_business_entity_id"] = origin
    work.keep("business_entity_transfer", transfer)
    work.emit("customer_business_entity_changed", customer=customer, business_entity_transfer=transfer)
    return transfer

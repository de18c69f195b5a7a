"""Unbilled charges: what a subscription owes and no invoice holds yet; swept into the next one, or billed on demand."""

from collections.abc import Sequence
from typing import Any

from simulators.kit.fidelity import exact
from simulators.kit.store import Doc
from simulators.subscriptions import balances
from simulators.subscriptions.work import Work

exact(
    "unbilled charges: added, listed, deleted, invoiced on demand or with the next term, voided by changes",
    source="observed, documented",
    held_by="test_sdk_lives",
)

Result = dict[str, Any]

_LINE = ("id", "subscription_id", "customer_id", "date_from", "date_to", "unit_amount", "quantity", "amount",
         "pricing_model", "description", "entity_type", "entity_id", "discount_amount")  # fmt: skip


def add(work: Work, customer: Doc, subscription: Doc, lines: Sequence[Doc], advance: bool = False) -> list[Doc]:
    """Keep lines (discounted already) as unbilled charges of the subscription."""
    made = [_new(work, customer, subscription, line, advance) for line in lines]
    if made:
        amount = sum(charge["amount"] - charge["discount_amount"] for charge in made)
        balances.move(work, customer, "unbilled_charges", amount, subscription["currency_code"])
        work.emit("unbilled_charges_created", unbilled_charges=made, customer=customer, subscription=subscription)
    return made


def _new(work: Work, customer: Doc, subscription: Doc, line: Doc, advance: bool) -> Doc:
    tiers = line.pop("_tiers", [])
    line["id"], line["customer_id"] = f"li_{work.token('line_item')}", customer["id"]
    charge: Doc = {
        **{name: line[name] for name in _LINE if name in line}, "currency_code": subscription["currency_code"],
        "is_voided": False, "is_advance_charge": advance, "created_at": work.at, "deleted": False, "tiers": tiers,
        "object": "unbilled_charge", "_line": line,
    }  # fmt: skip
    if "business_entity_id" in subscription:
        charge["business_entity_id"] = subscription["business_entity_id"]
    subscription.setdefault("_unbilled", []).append(charge["id"])
    return work.save("unbilled_charge", charge)


def held(work: Work, subscription: Doc) -> list[Doc]:
    """The subscription's unbilled charges, oldest first."""
    return [work.need("unbilled_charge", key) for key in subscription.get("_unbilled", ())]


def _take(work: Work, customer: Doc, subscription: Doc, charges: Sequence[Doc]) -> None:
    gone = {charge["id"] for charge in charges}
    left = [key for key in subscription.get("_unbilled", ()) if key not in gone]
    if left:
        subscription["_unbilled"] = left
    else:
        subscription.pop("_unbilled", None)
    amount = sum(charge["amount"] - charge["discount_amount"] for charge in charges)
    if amount:
        balances.move(work, customer, "unbilled_charges", -amount, subscription["currency_code"])


def sweep(work: Work, customer: Doc, subscription: Doc) -> list[Doc]:
    """Take all unbilled charges as the lines of an invoice that is about to be made."""
    charges = held(work, subscription)
    if not charges:
        return []
    _take(work, customer, subscription, charges)
    lines = []
    for charge in charges:
        charge["deleted"] = True
        work.save("unbilled_charge", charge)
        lines.append({**charge["_line"], **({"_tiers": charge["tiers"]} if charge["tiers"] else {})})
    work.emit("unbilled_charges_invoiced", unbilled_charges=charges, customer=customer, subscription=subscription)
    return lines


def void(work: Work, customer: Doc, subscription: Doc, charges: Sequence[Doc]) -> None:
    """A change or cancellation takes unbilled charges back: they stay in the books, voided."""
    if not charges:
        return
    _take(work, customer, subscription, charges)
    for charge in charges:
        charge["is_voided"], charge["voided_at"] = True, work.at
        work.save("unbilled_charge", charge)
    work.emit("unbilled_charges_voided", unbilled_charges=list(charges), customer=customer, subscription=subscription)


def drop(work: Work, customer: Doc, subscription: Doc, charge: Doc) -> None:
    """Somebody deletes a charge."""
    _take(work, customer, subscription, [charge])
    charge["deleted"] = True
    work.save("unbilled_charge", charge)
    work.save("subscription", subscription)
    work.emit("unbilled_charges_deleted", unbilled_charges=[charge], customer=customer, subscription=subscription)

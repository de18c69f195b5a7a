"""Attached items: what an addon or charge is to a plan or addon; mandatory ones come with it."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import catalog, items
from simulators.subscriptions.errors import not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

approximate(
    "attached items",
    "mandatory ones come with the plan unless removed, at the price whose period fits best",
    source="documented, ours",
)

Result = dict[str, Any]

TYPES = ("recommended", "mandatory", "optional")


def create(work: Work, params: Params, key: str) -> Result:
    """POST /items/{id}/attached_items."""
    parent = catalog.live(work, "item", key)
    child = catalog.live(work, "item", params.need("item_id"), "item_id")
    if child["type"] == "plan" or parent["type"] == "charge":
        raise wrong("item_id", "an addon or charge is attached to a plan or addon")
    doc: Doc = {
        "id": f"ai_{work.token('attached_item', 16)}", "parent_item_id": parent["id"], "item_id": child["id"],
        "item_type": child["type"], "status": "active", "created_at": work.at, "channel": "web", "deleted": False,
        "type": "optional", "quantity": 1, "object": "attached_item",
    }  # fmt: skip
    _fields(doc, params)
    work.save("attached_item", doc)
    work.emit("attached_item_created", attached_item=doc)
    return {"attached_item": doc}


def _fields(doc: Doc, params: Params) -> None:
    doc["type"] = params.choice("type", TYPES) or doc["type"]
    quantity = params.integer("quantity", least=1, most=items.QUANTITY_MAX)
    if quantity is not None:
        doc["quantity"] = quantity
    cycles = params.integer("billing_cycles", least=1, most=1_000)
    if cycles is not None:
        doc["billing_cycles"] = cycles
    event = params.choice("charge_on_event", items.EVENTS)
    once = params.boolean("charge_once")
    if doc["item_type"] == "charge":
        doc["charge_on_event"] = event or doc.get("charge_on_event", "subscription_creation")
        doc["charge_once"] = doc.get("charge_once", True) if once is None else once
    params.text("business_entity_id")


def _held(work: Work, params: Params, key: str) -> Doc:
    doc = work.need("attached_item", key)
    parent = params.text("parent_item_id")
    if parent is not None and parent != doc["parent_item_id"]:
        raise not_found("parent_item_id", parent)
    return doc


def retrieve(work: Work, params: Params, key: str) -> Result:
    """GET /attached_items/{id}."""
    return {"attached_item": _held(work, params, key)}


def update(work: Work, params: Params, key: str) -> Result:
    """POST /attached_items/{id}."""
    doc = _held(work, params, key)
    if doc["deleted"]:
        raise not_found(None, key)
    _fields(doc, params)
    work.save("attached_item", doc)
    work.emit("attached_item_updated", attached_item=doc)
    return {"attached_item": doc}


def delete(work: Work, params: Params, key: str) -> Result:
    """POST /attached_items/{id}/delete."""
    doc = _held(work, params, key)
    doc["status"], doc["deleted"] = "deleted", True
    work.save("attached_item", doc)
    work.emit("attached_item_deleted", attached_item=doc)
    return {"attached_item": doc}


def mandatory(work: Work, plan: Doc, held: list[Doc], removed: list[str]) -> list[Doc]:
    """The items that come with a plan unless they are given or removed: by each, the price that fits the plan's."""
    given = {work.need("item_price", item["item_price_id"])["item_id"] for item in held}
    found: list[Doc] = []
    for entry in work.find("attached_item", parent_item_id=plan["item_id"]):
        if entry["deleted"] or entry["type"] != "mandatory" or entry["item_id"] in given:
            continue
        price = _price(work, entry, plan)
        if price is None or price["id"] in removed:
            continue
        row = {"item_price_id": price["id"], "quantity": str(entry["quantity"])}
        row |= {name: str(entry[name]).lower() for name in ("charge_on_event", "charge_once") if name in entry}
        found += items.read(work, [Params(row, "subscription_items[{}][0]")])
    return found


def _price(work: Work, entry: Doc, plan: Doc) -> Doc | None:
    prices = work.find("item_price", item_id=entry["item_id"])
    usable = [
        price for price in prices
        if price["status"] == "active" and price["currency_code"] == plan["currency_code"]
        and (price["item_type"] == "charge" or items.fits(price, plan))
    ]  # fmt: skip
    own = plan["period"], plan["period_unit"]
    exact = [one for one in usable if (one.get("period"), one.get("period_unit")) == own]
    return next(iter([*exact, *usable]), None)

"""What modifies catalog prices: price variants, and prices that depend on the item they are sold beside."""

from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import catalog, rules_price
from simulators.subscriptions.errors import duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_terms import UNITS
from simulators.subscriptions.work import Work

approximate(
    "differential prices",
    "flat and per-unit ones act on what is sold beside the parent; tiers are kept but do not act",
    source="ours",
)

Result = dict[str, Any]


def create_variant(work: Work, params: Params) -> Result:
    """POST /price_variants."""
    key = params.need("id", longest=100)
    if work.get("price_variant", key) is not None:
        raise duplicate("id", key)
    doc: Doc = {"id": key, "status": "active", "created_at": work.at, "deleted": False, "object": "price_variant"}
    return _variant(work, doc, params, "created")


def update_variant(work: Work, params: Params, key: str) -> Result:
    """POST /price_variants/{id}."""
    doc = catalog.live(work, "price_variant", key)
    status = params.choice("status", ("active", "archived"))
    if status is not None:
        doc["status"] = status
        if status == "archived":
            doc["archived_at"] = work.at
        else:
            doc.pop("archived_at", None)
    return _variant(work, doc, params, "updated")


def _variant(work: Work, doc: Doc, params: Params, event: str) -> Result:
    if "name" in params or "name" not in doc:
        doc["name"] = params.need("name", longest=100)
    for name in ("external_name", "description", "variant_group"):
        if name in params:
            doc[name] = params.text(name, longest=500) or ""
    entity = params.text("business_entity_id")
    if entity is not None:
        doc["business_entity_id"] = work.need("business_entity", entity, "business_entity_id")["id"]
    rows = params.rows("attributes")
    if rows:
        doc["attributes"] = [
            {"name": row.need("name", longest=100), "value": row.need("value", longest=100), "object": "attribute"}
            for row in rows
        ]
    work.save("price_variant", doc)
    work.emit(f"price_variant_{event}", price_variant=doc)
    return {"price_variant": doc}


def create_differential(work: Work, params: Params, key: str) -> Result:
    """POST /item_prices/{id}/differential_prices: another price of an addon or charge beside one parent item."""
    price = catalog.live(work, "item_price", key)
    if price["item_type"] == "plan":
        raise wrong("item_price_id", "a plan has no differential prices")
    parent = catalog.live(work, "item", params.need("parent_item_id"), "parent_item_id")
    for held in work.find("differential_price", item_price_id=key):
        if held["parent_item_id"] == parent["id"] and not held["deleted"]:
            raise duplicate("parent_item_id", parent["id"])
    doc: Doc = {
        "id": f"dp_{work.token('differential_price', 16)}", "item_price_id": key, "item_id": price["item_id"],
        "parent_item_id": parent["id"], "status": "active", "currency_code": price["currency_code"],
        "created_at": work.at, "deleted": False, "object": "differential_price",
    }  # fmt: skip
    params.text("business_entity_id")
    return _differential(work, doc, price, params, "created")


def _differential(work: Work, doc: Doc, price: Doc, params: Params, event: str) -> Result:
    amount = params.integer("price")
    if amount is not None:
        doc["price"] = amount
    tiers = catalog.tiers(params)
    if tiers:
        doc["tiers"] = tiers
    by_tiers = price["pricing_model"] in rules_price.TIER_MODELS
    if ("tiers" if by_tiers else "price") not in doc:
        raise wrong("tiers" if by_tiers else "price", f"cannot be blank for the pricing model {price['pricing_model']}")
    rows = params.rows("parent_periods")
    if rows:
        doc["parent_periods"] = [
            {"period_unit": row.choice("period_unit", UNITS, required=True), "period": _periods(row)} for row in rows
        ]
    doc["modified_at"] = work.at
    work.save("differential_price", doc)
    work.emit(f"differential_price_{event}", differential_price=doc)
    return {"differential_price": doc}


def _periods(row: Params) -> list[int]:
    found = row.numbers("period")
    if any(period < 1 for period in found):
        raise row.wrong("period", "should be whole numbers from 1 on")
    return found


def _held(work: Work, params: Params, key: str) -> Doc:
    doc = catalog.live(work, "differential_price", key)
    price = params.text("item_price_id")
    if price is not None and price != doc["item_price_id"]:
        raise not_found("item_price_id", price)
    return doc


def retrieve_differential(work: Work, params: Params, key: str) -> Result:
    """GET /differential_prices/{id}."""
    return {"differential_price": _held(work, params, key)}


def update_differential(work: Work, params: Params, key: str) -> Result:
    """POST /differential_prices/{id}."""
    doc = _held(work, params, key)
    return _differential(work, doc, work.need("item_price", doc["item_price_id"]), params, "updated")


def delete_differential(work: Work, params: Params, key: str) -> Result:
    """POST /differential_prices/{id}/delete."""
    doc = _held(work, params, key)
    doc["status"], doc["deleted"] = "deleted", True
    work.save("differential_price", doc)
    work.emit("differential_price_deleted", differential_price=doc)
    return {"differential_price": doc}


def beside(work: Work, price: Doc, plan: Doc) -> Doc:
    """An item price as it is beside a plan: with the differential price for the plan's item, where there is one."""
    for held in work.find("differential_price", item_price_id=price["id"]):
        if held["deleted"] or held["parent_item_id"] != plan["item_id"]:
            continue
        periods = held.get("parent_periods")
        if periods and not any(
            one["period_unit"] == plan["period_unit"] and (not one["period"] or plan["period"] in one["period"])
            for one in periods
        ):
            continue
        return {**price, **{name: held[name] for name in ("price", "tiers") if name in held}}
    return price

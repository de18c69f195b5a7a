"""Which addons and charges can be sold beside a plan."""

from typing import Any

from simulators.kit.store import Doc
from simulators.subscriptions import catalog
from simulators.subscriptions.errors import wrong
from simulators.subscriptions.items import fits
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def _plan(work: Work, key: str) -> Doc:
    plan = catalog.live(work, "item_price", key)
    if plan["item_type"] != "plan":
        raise wrong("id", f"{key} is not a plan")
    return plan


def _items(work: Work, plan: Doc) -> list[Doc]:
    """All active addons and charges, or those that a restricted plan names."""
    item = work.need("item", plan["item_id"])
    named = {one["id"] for one in item.get("applicable_items", ())}
    return [
        one for one in work.find("item")
        if one["type"] != "plan" and one["status"] == "active"
        and (item["item_applicability"] == "all" or one["id"] in named)
    ]  # fmt: skip


def _page(params: Params, name: str, docs: list[Doc]) -> Result:
    """A page by position; the order is that of creation."""
    limit = params.integer("limit", least=1, most=100) or 10
    begin = params.integer("offset") or 0
    params.group("sort_by").read_all()
    shown: Result = {"list": [{name: doc} for doc in docs[begin : begin + limit]]}
    if begin + limit < len(docs):
        shown["next_offset"] = str(begin + limit)
    return shown


def items(work: Work, params: Params, key: str) -> Result:
    """GET /item_prices/{id}/applicable_items."""
    return _page(params, "item", _items(work, _plan(work, key)))


def prices(work: Work, params: Params, key: str) -> Result:
    """GET /item_prices/{id}/applicable_item_prices: in the plan's currency and with a period that fits."""
    plan, only = _plan(work, key), params.text("item_id")
    found = []
    for item in _items(work, plan):
        if only in (None, item["id"]):
            found += [
                price for price in work.find("item_price", item_id=item["id"])
                if price["status"] == "active" and price["currency_code"] == plan["currency_code"]
                and (price["item_type"] == "charge" or fits(price, plan))
            ]  # fmt: skip
    return _page(params, "item_price", found)

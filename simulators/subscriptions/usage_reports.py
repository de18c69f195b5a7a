"""What a subscription has used: charges of the present term, usage by windows of time, and what a line counted."""

from decimal import Decimal
from itertools import pairwise
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.kit.store import Doc
from simulators.subscriptions import usage_rating
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_usage import metered_quantity, plain
from simulators.subscriptions.usage_terms import metered_items
from simulators.subscriptions.work import Work

approximate(
    "usage charges and summaries",
    "of the terms that are not billed yet; the feature is the metered item, its id the item's or the item price's",
    source="ours",
)

Result = dict[str, Any]

WINDOWS = {"minute": 60, "hour": 3_600, "day": 86_400, "week": 7 * 86_400}
WINDOWS_MAX = 10_000


def charges(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/usage_charges: what each metered item's present term comes to so far."""
    subscription = live(work, key)
    asked = params.group("feature_id")
    wanted = asked.text("is") if asked else None
    rows = []
    for item in metered_items(subscription):
        price = work.need("item_price", item["item_price_id"])
        if wanted in (None, price["item_id"], price["id"]):
            rows.append({"usage_charge": _charge(work, subscription, item, price)})
    return params.page(rows)


def _charge(work: Work, subscription: Doc, item: Doc, price: Doc) -> Doc:
    period = {"item_price_id": price["id"], "unit_price": item.get("unit_price"), "from": item["current_term_start"],
              "tiers": subscription.get("item_tiers", []),
              "to": item.get("next_billing_at") or work.at}  # fmt: skip
    line = usage_rating.line_of(work, subscription, period)
    total = usage_rating.total_of(work, subscription, period)
    included = Decimal(price.get("free_quantity") or 0)
    return {
        "subscription_id": subscription["id"], "feature_id": price["item_id"], "metered_item_price_id": price["id"],
        "included_usage": plain(included), "total_usage": plain(total),
        "on_demand_usage": plain(max(Decimal(0), total - included)), "amount": str(line["amount"] if line else 0),
        "currency_code": price["currency_code"], "usage_from": period["from"], "usage_to": period["to"],
        "object": "usage_charge",
    }  # fmt: skip


def summary(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/usage_summary: a feature's usage, window by window."""
    subscription = live(work, key)
    feature = params.need("feature_id", longest=100)
    size = params.choice("window_size", ("month", *WINDOWS))
    item = _item(work, subscription, feature)
    calculation = work.need("item", work.need("item_price", item["item_price_id"])["item_id"])["usage_calculation"]
    begin = params.integer("timeframe_start")
    begin = item["current_term_start"] if begin is None else begin
    end = params.integer("timeframe_end")
    end = work.at if end is None else end
    if end <= begin:
        raise wrong("timeframe_end", "should lie after timeframe_start")
    rows = []
    for start, stop in _windows(work, begin, end, size):
        period = {"item_price_id": item["item_price_id"], "from": start, "to": stop}
        used = usage_rating.counted(work, subscription, period, billed=True)
        value = metered_quantity(calculation, [(date, quantity) for date, quantity, _ in used])
        rows.append({"usage_summary": {
            "subscription_id": key, "feature_id": feature, "aggregated_value": plain(value), "aggregated_from": start,
            "aggregated_to": stop, "object": "usage_summary",
        }})  # fmt: skip
    return params.page(rows)


def _item(work: Work, subscription: Doc, feature: str) -> Doc:
    for item in metered_items(subscription):
        if feature in (item["item_price_id"], work.need("item_price", item["item_price_id"])["item_id"]):
            return item
    raise not_found("feature_id", feature)


def _windows(work: Work, begin: int, end: int, size: str | None) -> list[tuple[int, int]]:
    edges = [begin]
    anchor = work.calendar.anchor_day(begin)
    while size is not None and edges[-1] < end:
        if len(edges) > WINDOWS_MAX:
            raise wrong("window_size", f"makes more than {WINDOWS_MAX} windows")
        if size == "month":
            edges.append(work.calendar.add(begin, len(edges), "month", anchor))
        else:
            edges.append(edges[-1] + WINDOWS[size])
    edges = [edge for edge in edges if edge < end] + [end]
    return list(pairwise(edges))


def explained(work: Work, line_id: str) -> list[Doc]:
    """The usages and usage events that a line of an invoice counted: {kind, id, date, quantity}, by date."""
    rows = []
    for kind in ("usage", "usage_event"):
        for doc in work.find(kind, line_item_id=line_id):
            rows.append({
                "kind": kind, "id": doc["id"], "date": doc.get("usage_date", doc.get("_date")),
                "quantity": doc.get("quantity", doc.get("_quantity")), "invoice_id": doc["invoice_id"],
            })  # fmt: skip
    return sorted(rows, key=lambda row: (row["date"], row["id"]))

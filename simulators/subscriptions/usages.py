"""Usages of metered items: recorded once per subscription, item price and date, read, listed and taken back."""

from typing import Any

from simulators.kit.fidelity import exact
from simulators.kit.store import Doc
from simulators.subscriptions.answers import live
from simulators.subscriptions.errors import Refused, bad_state, duplicate, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_usage import plain, quantity_of
from simulators.subscriptions.usage_terms import metered_items
from simulators.subscriptions.work import Work

exact(
    "usages: at most one per subscription, item price and date, `dedupe_option` skip or "
    "update_existing, 5,000 a term, a billed one cannot be changed or taken back; `invoice_id` and "
    "`line_item_id` from the close on; dated in a closed term: kept, never billed",
    source="observed, documented",
    held_by="test_usage",
)

Result = dict[str, Any]

PER_TERM_MAX = 5_000


def create(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/usages. A date that a bill has covered already is kept and never billed."""
    subscription = live(work, key)
    item = _item(subscription, params)
    quantity = _quantity(params)
    date = params.number("usage_date")
    dedupe = params.choice("dedupe_option", ("skip", "update_existing"))
    note = params.text("note", longest=500)
    own = params.text("id", longest=40)
    if date < work.calendar.day_start(subscription["started_at"]):
        raise wrong("usage_date", "lies before the subscription's start")
    slot = f"{key}/{item['item_price_id']}/{date}"
    taken = next(iter(work.find("usage", slot=slot)), None)
    if taken is not None and dedupe == "skip":
        return {"usage": taken}
    if taken is not None and dedupe == "update_existing":
        return {"usage": _changed(work, taken, quantity, note)}
    if own is not None and work.get("usage", own) is not None:
        raise duplicate("id", own)
    if taken is not None:
        raise duplicate("usage_date", f"{date} (usage {taken['id']} of {item['item_price_id']})")
    _within_limit(work, subscription, item)
    usage: Doc = {
        "id": own or f"usage_{work.token('usage')}", "usage_date": date, "subscription_id": key,
        "item_price_id": item["item_price_id"], "quantity": quantity, "source": work.source, "created_at": work.at,
        "object": "usage", "_slot": slot,
    }  # fmt: skip
    if note is not None:
        usage["note"] = note
    return {"usage": work.save("usage", usage)}


def _item(subscription: Doc, params: Params) -> Doc:
    price = params.need("item_price_id", longest=100)
    if subscription["status"] not in ("active", "non_renewing", "cancelled"):
        raise bad_state(f"cannot record usage of a subscription that is {subscription['status']}")
    found = next((item for item in metered_items(subscription) if item["item_price_id"] == price), None)
    if found is None:
        raise wrong("item_price_id", f"{price} is not a metered item of the subscription")
    return found


def _quantity(params: Params) -> str:
    try:
        return plain(quantity_of(params.need("quantity", longest=40)))
    except ValueError as error:
        raise wrong("quantity", str(error)) from None


def _within_limit(work: Work, subscription: Doc, item: Doc) -> None:
    counted = next(work.store.rows(
        "SELECT count(*) FROM usage WHERE subscription_id = ? AND +usage_date >= ?",
        (subscription["id"], item["current_term_start"]),
    ))  # fmt: skip
    if counted[0] >= PER_TERM_MAX:
        raise Refused("resource_limit_exhausted", f"a subscription takes {PER_TERM_MAX} usages in a term")


def _changed(work: Work, usage: Doc, quantity: str, note: str | None) -> Doc:
    _unbilled(usage)
    usage["quantity"] = quantity
    if note is not None:
        usage["note"] = note
    return work.save("usage", usage)


def _unbilled(usage: Doc) -> None:
    if "invoice_id" in usage:
        raise bad_state(f"usage {usage['id']} is billed on invoice {usage['invoice_id']}")


def _of_subscription(work: Work, params: Params, key: str) -> Doc:
    live(work, key)
    wanted = params.need("id", longest=40)
    usage = work.get("usage", wanted)
    if usage is None or usage["subscription_id"] != key:
        raise not_found("id", wanted)
    return usage


def retrieve(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/usages?id=."""
    return {"usage": _of_subscription(work, params, key)}


def delete(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/delete_usage: what is billed cannot be taken back."""
    usage = _of_subscription(work, params, key)
    _unbilled(usage)
    work.remove("usage", usage["id"])
    return {"usage": usage}

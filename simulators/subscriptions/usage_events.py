"""Usage events: ingested one by one or in batches, each once, and rated with the term that they are dated in."""

from typing import Any

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.subscriptions.errors import Refused, not_found, wrong
from simulators.subscriptions.params import Params
from simulators.subscriptions.rules_usage import plain, quantity_of
from simulators.subscriptions.usage_terms import metered_items
from simulators.subscriptions.work import Work

exact(
    "usage events: one by subscription, timestamp and deduplication id, accepted again and counted once; older than "
    "12 hours refused; at most 500 a batch, answered with batch_id and failed_events; JSON bodies on the ingest hosts",
    source="observed, documented",
    held_by="test_usage_events",
)
approximate(
    "what a usage event counts",
    "property `quantity` (a number, else 1) for the metered item price named by property `item_price_id`, which may "
    "be left out when the subscription has only one; the vendor's metered features with their queries are not there",
    source="ours",
)
approximate(
    "usage events ahead of time", "refused when more than five minutes ahead of the site's clock", source="ours"
)

Result = dict[str, Any]

LATE_MAX_S = 12 * 3_600
AHEAD_MAX_S = 300
BATCH_MAX = 500
PROPERTIES_MAX = 100
_SHOWN = ("subscription_id", "deduplication_id", "usage_timestamp", "properties", "object")


def create(work: Work, params: Params) -> Result:
    """POST /usage_events on the ingest host."""
    event = ingest(work, params)
    return {"usage_event": {name: event[name] for name in _SHOWN}}


def batch(work: Work, params: Params) -> Result:
    """POST /batch/usage_events: what is good is kept, the rest comes back with its reasons."""
    rows = params.rows("events")
    if not rows:
        raise wrong("events", "cannot be blank")
    if len(rows) > BATCH_MAX:
        raise wrong("events", f"a batch has at most {BATCH_MAX} events")
    failed = []
    for row in rows:
        try:
            ingest(work, row)
        except Refused as refused:
            failed.append(_failure(row, refused))
    return {"batch_id": f"batch_{work.token('batch')}", "failed_events": failed}


def _failure(row: Params, refused: Refused) -> Doc:
    said = {"message": refused.message, "api_error_code": refused.code, "param": refused.param}
    return {**{name: row.raw(name) for name in _SHOWN if name in row}, "error": said}


def ingest(work: Work, params: Params, *, old: bool = False) -> Doc:
    """Keep one event, or find the one that it repeats. Refused: unknown subscription or item, times out of reach.

    `old`: files bring events of any age.
    """
    key, own = params.need("subscription_id"), params.need("deduplication_id", longest=100)
    stamp = params.number("usage_timestamp")
    subscription = work.get("subscription", key)
    if subscription is None or subscription["deleted"]:
        raise not_found(params.name("subscription_id"), key)
    known = work.get("usage_event", f"{key}/{stamp}/{own}")
    properties = params.mapping("properties")
    if properties is None:
        raise params.wrong("properties", "cannot be blank")
    if len(properties) > PROPERTIES_MAX:
        raise params.wrong("properties", f"has more than {PROPERTIES_MAX} members")
    if known is not None:
        return known
    if not old and stamp < work.at_ms - LATE_MAX_S * 1_000:
        raise params.wrong("usage_timestamp", "is older than 12 hours")
    if stamp > work.at_ms + AHEAD_MAX_S * 1_000:
        raise params.wrong("usage_timestamp", "lies in the future")
    price = _counted_for(subscription, params, properties)
    return work.keep("usage_event", {
        "id": f"{key}/{stamp}/{own}", "subscription_id": key, "deduplication_id": own, "usage_timestamp": stamp,
        "properties": properties, "object": "usage_event", "_item_price_id": price, "_date": stamp // 1_000,
        "_quantity": _quantity(params, properties), "_ingested_at": work.at,
    })  # fmt: skip


def _counted_for(subscription: Doc, params: Params, properties: Doc) -> str:
    """The item price that the event is usage of."""
    held = [item["item_price_id"] for item in metered_items(subscription)]
    named = properties.get("item_price_id")
    if named is None and len(held) == 1:
        only: str = held[0]
        return only
    if named not in held:
        raise params.wrong("properties", "item_price_id names no metered item of the subscription")
    return str(named)


def _quantity(params: Params, properties: Doc) -> str:
    given = properties.get("quantity", 1)
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise params.wrong("properties", "quantity should be a number")
    try:
        return plain(quantity_of(str(given)))
    except ValueError as error:
        raise params.wrong("properties", f"quantity {error}") from None

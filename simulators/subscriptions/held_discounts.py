"""What a subscription holds of coupons and discounts, over the API: taking coupons off, listing discounts."""

from typing import Any

from simulators.subscriptions.answers import answer, live
from simulators.subscriptions.discounts import keep
from simulators.subscriptions.errors import not_found
from simulators.subscriptions.params import Params
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def remove_coupons(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/remove_coupons: those named, or all."""
    subscription = live(work, key)
    named = params.strings("coupon_ids")
    held = subscription.get("coupons", [])
    for index, one in enumerate(named):
        if not any(entry["coupon_id"] == one for entry in held):
            raise not_found(f"coupon_ids[{index}]", one)
    kept = [entry for entry in held if named and entry["coupon_id"] not in named]
    keep(subscription, kept, subscription.get("discounts", []))
    work.save("subscription", subscription)
    work.emit("subscription_changed", **answer(work, subscription))
    return answer(work, subscription)


def listed(work: Work, params: Params, key: str) -> Result:
    """GET /subscriptions/{id}/discounts."""
    subscription = work.need("subscription", key)
    limit = params.integer("limit", least=1, most=100) or 10
    params.text("offset")
    return {"list": [{"discount": one} for one in subscription.get("discounts", [])[:limit]]}

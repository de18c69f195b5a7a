"""Changes of a running subscription that move no money: terms of payment, PO number, address, custom fields."""

from typing import Any

from simulators.subscriptions.errors import bad_state
from simulators.subscriptions.params import Params
from simulators.subscriptions.subscriptions import answer, attributes, live
from simulators.subscriptions.work import Work

Result = dict[str, Any]


def update_for_items(work: Work, params: Params, key: str) -> Result:
    """POST /subscriptions/{id}/update_for_items, without its items: those are refused by name for now."""
    subscription = live(work, key)
    if subscription["status"] == "cancelled":
        raise bad_state("cannot change a subscription that is cancelled")
    attributes(work, subscription, params)
    work.save("subscription", subscription)
    work.emit("subscription_changed", **answer(work, subscription))
    return answer(work, subscription)

"""What tests with the vendor's client do again and again: a catalog, a customer, a subscription, time, a refusal."""

from typing import Any

import pytest
from chargebee import api_error

from tests.simulators.subscriptions.site import DAY, GENESIS

AUSTIN = {"line1": "1 Congress", "city": "Austin", "state_code": "TX", "country": "US", "zip": "78701"}
NOW = int(GENESIS)


def monthly(sdk: Any, key: str = "month", price: int = 31_000, item: str = "platform", **more: Any) -> str:
    """A monthly item price per unit in USD."""
    made = sdk.ItemPrice.create({
        "id": key, "name": key, "item_id": item, "pricing_model": "per_unit", "price": price, "currency_code": "USD",
        "period": 1, "period_unit": "month", **more,
    })  # fmt: skip
    return str(made.item_price.id)


def addon(sdk: Any, key: str = "support", price: int = 3_100, **more: Any) -> str:
    """A monthly addon per unit in USD."""
    sdk.Item.create({"id": key, "name": key, "type": "addon", "item_family_id": "windtunnel"})
    return monthly(sdk, f"{key}-month", price, key, **more)


def customer(sdk: Any, key: str = "acme", **more: Any) -> Any:
    """A customer in a place without tax who is not collected from automatically."""
    return sdk.Customer.create(
        {"id": key, "company": "Acme", "auto_collection": "off", "billing_address": AUSTIN, **more}
    ).customer


def subscribe(sdk: Any, key: str = "s", price: str = "month", quantity: int = 1, who: str = "acme", **more: Any) -> Any:
    """A subscription of one item price."""
    items = [{"item_price_id": price, "quantity": quantity}]
    return sdk.Subscription.create_with_items(who, {"id": key, "subscription_items": items, **more})


def change(sdk: Any, quantity: int, price: str = "month", key: str = "s", **more: Any) -> Any:
    """Another quantity of the item price."""
    items = [{"item_price_id": price, "quantity": quantity}]
    return sdk.Subscription.update_for_items(key, {"subscription_items": items, **more})


def travel(sdk: Any, days: float) -> None:
    """Move the site's clock forward by the vendor's Time Machine."""
    now = sdk.TimeMachine.retrieve("delorean").time_machine
    begun = getattr(now, "destination_time", None) or NOW
    machine = sdk.TimeMachine.travel_forward("delorean", {"destination_time": int(begun + days * DAY)}).time_machine
    assert sdk.TimeMachine.wait_for_time_travel_completion(machine).time_machine.time_travel_status == "succeeded"


def refused(code: str, param: str | None, call: Any, *arguments: Any) -> Any:
    """The call is refused with this code for this parameter."""
    with pytest.raises(api_error.APIError) as caught:
        call(*arguments)
    assert (caught.value.api_error_code, caught.value.json_obj.get("param")) == (code, param), caught.value.json_obj
    return caught.value


def invoices(sdk: Any, key: str = "s") -> list[Any]:
    """The subscription's invoices, oldest first."""
    rows = sdk.Invoice.list({"subscription_id": {"is": key}, "sort_by": {"asc": "date"}, "limit": 100}).list
    return [row.invoice for row in rows]


def held(sdk: Any, key: str = "s") -> Any:
    """The subscription as it is."""
    return sdk.Subscription.retrieve(key).subscription


def event_types(sdk: Any) -> list[str]:
    """What happened, oldest first."""
    page = sdk.Event.list({"limit": 100, "sort_by": {"asc": "occurred_at"}})
    return [row.event.event_type for row in page.list]

"""The vendor's own Python client in hostile hands: refused in the vendor's shape, and nothing is half applied."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from chargebee import api_error

from tests.simulators.subscriptions.driving import NOW, addon, change, customer, held, monthly, refused, subscribe
from tests.simulators.subscriptions.site import CONTROL, DAY

pytestmark = pytest.mark.live

FAR = 10**12
ITEM = "subscription_items[{}][{}]"
WRONG, MISSING = "param_wrong_value", "resource_not_found"


@pytest.fixture(autouse=True)
def site(sdk: Any) -> None:
    monthly(sdk)
    monthly(sdk, "euro", currency_code="EUR")
    addon(sdk)
    customer(sdk)
    subscribe(sdk, quantity=2)


def books(port: int) -> Any:
    """All that the site holds, without the moment at which it was asked."""
    found = httpx.get(f"http://127.0.0.1:{port}/_control/books", headers=CONTROL).json()
    return [found[table] for table in ("party", "contract", "document", "line", "allocation")]


def items(*prices: str, **first: Any) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [{"item_price_id": price} for price in prices]
    return {"subscription_items": [{**rows[0], **first}, *rows[1:]]}


Case = tuple[str, str | None, Callable[[Any], Any]]
CASES: dict[str, Case] = {
    "an unknown price behind a good one": (MISSING, ITEM.format("item_price_id", 1), lambda sdk:
        sdk.Subscription.create_with_items("acme", items("month", "nope"))),
    "an unknown customer": (MISSING, None, lambda sdk: sdk.Subscription.create_with_items("nobody", items("month"))),
    "two currencies": (WRONG, ITEM.format("item_price_id", 1), lambda sdk:
        sdk.Subscription.create_with_items("acme", items("euro", "support-month"))),
    "another currency than the contract's": (WRONG, ITEM.format("item_price_id", 0), lambda sdk:
        sdk.Subscription.update_for_items("s", items("euro"))),
    "two currencies on a bill": (WRONG, "item_prices[item_price_id][1]", lambda sdk:
        sdk.Invoice.create_for_charge_items_and_charges({"customer_id": "acme", "item_prices": [
            {"item_price_id": "onboarding-USD"}, {"item_price_id": "onboarding-SGD"}]})),
    "a currency that is none": (WRONG, "currency_code", lambda sdk: sdk.PromotionalCredit.add(
        {"customer_id": "acme", "amount": 5, "currency_code": "X1", "description": "gift"})),
    "fewer than nothing": (WRONG, ITEM.format("quantity", 0), lambda sdk: change(sdk, -1)),
    "more than there can be": (WRONG, ITEM.format("quantity", 0), lambda sdk: change(sdk, 10**30)),
    "an amount beyond all bounds": (WRONG, ITEM.format("quantity", 0), lambda sdk: change(sdk, 10**9)),
    "a negative price": (WRONG, ITEM.format("unit_price", 0), lambda sdk:
        sdk.Subscription.update_for_items("s", items("month", unit_price=-1))),
    "a good change with an unknown coupon": (MISSING, "coupon_ids[0]", lambda sdk:
        change(sdk, 9, coupon_ids=["nope"])),
    "the same price twice": ("duplicate_entry", ITEM.format("item_price_id", 1), lambda sdk:
        sdk.Subscription.update_for_items("s", items("month", "month"))),
    "a trial that ends before it starts": (WRONG, "trial_end", lambda sdk: sdk.Subscription.create_with_items(
        "acme", {**items("month"), "start_date": NOW + 40 * DAY, "trial_end": NOW + DAY})),
    "a change of the past": (WRONG, "changes_scheduled_at", lambda sdk:
        change(sdk, 3, change_option="specific_date", changes_scheduled_at=NOW - 400 * DAY)),
    "a start in a year that no calendar has": (WRONG, "start_date", lambda sdk:
        sdk.Subscription.create_with_items("acme", {**items("month"), "start_date": FAR})),
    "a service period in reverse": (WRONG, "charges[date_to][0]", lambda sdk:
        sdk.Invoice.create_for_charge_items_and_charges({"customer_id": "acme", "charges": [
            {"amount": 5, "description": "x", "date_from": NOW + 9, "date_to": NOW}]})),
    "10 MB of metadata": ("invalid_request", None, lambda sdk: change(sdk, 7, meta_data={"k": "x" * 10_000_000})),
    "70 kB of metadata": (WRONG, "meta_data", lambda sdk: change(sdk, 7, meta_data={"k": "x" * 70_000})),
    "a credit of more than is due": (WRONG, "total", lambda sdk: sdk.CreditNote.create(
        {"reference_invoice_id": "US-000001", "type": "adjustment", "reason_code": "other", "total": 10**12})),
    "a ramp of yesterday": (WRONG, "effective_from", lambda sdk: sdk.Ramp.create_for_subscription(
        "s", {"effective_from": NOW - DAY, "items_to_add": [{"item_price_id": "support-month"}]})),
}  # fmt: skip


def test_what_makes_no_sense_is_refused_by_name_and_changes_nothing(sdk: Any, port: int) -> None:
    before = books(port)
    for name, (code, param, call) in CASES.items():
        refused(code, param, call, sdk)
        assert books(port) == before, name


def test_what_is_over_cannot_be_ended_changed_or_paused_again(sdk: Any, port: int) -> None:
    sdk.Subscription.cancel_for_items("s", {"end_of_term": True})
    sdk.Subscription.cancel_for_items("s", {"end_of_term": True})
    sdk.Subscription.cancel_for_items("s", {"credit_option_for_current_term_charges": "prorate"})
    before = books(port)
    state = "invalid_state_for_request"
    refused(state, None, sdk.Subscription.cancel_for_items, "s", {})
    refused(state, None, sdk.Subscription.cancel_for_items, "s", {"end_of_term": True})
    refused(state, None, change, sdk, 3)
    refused(state, None, sdk.Subscription.pause, "s", {"pause_option": "immediately"})
    refused(state, None, sdk.Subscription.remove_scheduled_cancellation, "s", {})
    assert books(port) == before


def test_changes_that_come_at_once_are_made_one_after_the_other(sdk: Any) -> None:
    with ThreadPoolExecutor(8) as hands:
        answers = list(hands.map(lambda quantity: change(sdk, quantity), range(3, 15)))
    told = {one.subscription.resource_version: one.subscription.subscription_items[0].quantity for one in answers}
    assert len(told) == 12 and held(sdk).subscription_items[0].quantity == told[max(told)]

    def end(_hand: int) -> str:
        try:
            option = {"credit_option_for_current_term_charges": "prorate"}
            return str(sdk.Subscription.cancel_for_items("s", option).subscription.status)
        except api_error.InvalidRequestError as error:
            return str(error.api_error_code)

    with ThreadPoolExecutor(8) as hands:
        ends = sorted(hands.map(end, range(8)))
    assert ends == ["cancelled"] + ["invalid_state_for_request"] * 7
    billed = sum(row.invoice.total for row in sdk.Invoice.list({"limit": 100}).list)
    assert billed == sum(row.credit_note.total for row in sdk.CreditNote.list({"limit": 100}).list)


def test_what_lies_eighty_years_ahead_is_estimated_or_refused_without_keeping_the_site_waiting(sdk: Any) -> None:
    ahead = {"start_date": 2**32 - 1}
    wanted = {"subscription": {"id": "t", **ahead}, "subscription_items": [{"item_price_id": "month"}]}
    told = sdk.Estimate.create_sub_item_for_customer_estimate("acme", wanted).estimate
    assert told.next_invoice_estimate.total == 31_000
    later = {"change_option": "specific_date", "changes_scheduled_at": 2**32 - 1}
    fields = {"subscription": {"id": "s"}, **items("month", quantity=5), **later}
    refused("invalid_state_for_request", None, sdk.Estimate.update_subscription_for_items, fields)


@pytest.mark.parametrize("asked", ["date[after]", "date[on]", "total[gte]", "customer_id[is]"])
def test_filters_take_any_number(port: int, asked: str) -> None:
    key = {"authorization": "Basic dGVzdF9rOg=="}
    for value in ("99999999999999999999", "-99999999999999999999", "9" * 5_000):
        answer = httpx.get(f"http://127.0.0.1:{port}/api/v2/invoices", params={asked: value}, headers=key)
        assert answer.status_code in (200, 400), answer.text

"""What a stranger's script with the vendor's client does that none of ours did."""

from typing import Any

import httpx

from tests.simulators.subscriptions.driving import (
    NOW,
    addon,
    customer,
    event_types,
    held,
    invoices,
    monthly,
    refused,
    subscribe,
    travel,
)
from tests.simulators.subscriptions.site import CONTROL, DAY


def test_revenue_that_changes_is_told_once_by_an_event_of_its_own(sdk: Any) -> None:
    customer(sdk)
    monthly(sdk)
    subscribe(sdk)
    sdk.Subscription.update_for_items("s", {"po_number": "PO-1"})
    sdk.Subscription.update_for_items("s", {"subscription_items": [{"item_price_id": "month", "quantity": 3}]})
    sdk.Subscription.cancel_for_items("s", {"cancel_option": "immediately"})
    page = sdk.Event.list({"event_type": {"is": "mrr_updated"}, "sort_by": {"asc": "occurred_at"}}).list
    assert [row.event.content["subscription"].get("mrr") for row in page] == [31_000, 93_000, None]
    assert page[0].event.content["customer"]["id"] == "acme"


def test_a_cancelled_subscription_begins_again_by_a_change(sdk: Any) -> None:
    customer(sdk)
    monthly(sdk)
    addon(sdk)
    subscribe(sdk, billing_cycles=12, contract_term={"action_at_term_end": "renew"})
    sdk.Subscription.cancel_for_items("s", {"contract_term_cancel_option": "terminate_immediately"})
    travel(sdk, 40)
    items = [{"item_price_id": "month", "quantity": 2}, {"item_price_id": "support-month", "quantity": 1}]
    again = sdk.Subscription.update_for_items("s", {
        "reactivate": True, "subscription_items": items, "replace_items_list": True, "billing_cycles": 6,
        "contract_term": {"action_at_term_end": "cancel"},
    })  # fmt: skip
    assert (again.subscription.status, again.invoice.total) == ("active", 65_100)
    assert again.subscription.current_term_start >= NOW + 39 * DAY
    assert (again.subscription.contract_term.billing_cycle, held(sdk).status) == (6, "active")
    assert "subscription_reactivated" in event_types(sdk)


def test_lines_of_a_bill_are_had_page_by_page_and_charges_say_their_tax_class(sdk: Any) -> None:
    customer(sdk)
    charges = [
        {"amount": 100 + number, "description": f"charge {number}", "avalara_tax_code": "PC040100", "taxable": True}
        for number in range(5)
    ]
    made = sdk.Invoice.create_for_charge_items_and_charges(
        {"customer_id": "acme", "currency_code": "USD", "charges": charges}
    ).invoice
    seen, offset = [], None
    while True:
        asked = {"line_items_limit": 2, **({"line_items_offset": offset} if offset else {})}
        page = sdk.Invoice.retrieve(made.id, asked).invoice
        seen += [line.description for line in page.line_items]
        offset = page.line_items_next_offset
        if offset is None:
            break
        assert len(page.line_items) == 2
    assert seen == [f"charge {number}" for number in range(5)] == [line.description for line in made.line_items]


def test_renewals_are_reminded_of_where_the_site_says_so(sdk: Any, port: int) -> None:
    customer(sdk)
    monthly(sdk)
    seed = {"site": {"renewal_reminder_days": 3}}
    assert httpx.post(f"http://127.0.0.1:{port}/_control/seed", json=seed, headers=CONTROL).status_code == 200
    subscribe(sdk)
    subscribe(sdk, "gone")
    sdk.Subscription.cancel_for_items("gone", {"cancel_option": "end_of_term"})
    travel(sdk, 62)
    told = sdk.Event.list(
        {"event_type": {"is": "subscription_renewal_reminder"}, "sort_by": {"asc": "occurred_at"}}
    ).list
    renewals = [row.event for row in sdk.Event.list({"event_type": {"is": "subscription_renewed"}}).list]
    assert [row.event.content["subscription"]["id"] for row in told] == ["s", "s"]
    assert sorted(row.event.occurred_at + 3 * DAY for row in told) == sorted(one.occurred_at for one in renewals)


def test_metered_items_say_when_a_term_of_their_own_begins(sdk: Any) -> None:
    customer(sdk)
    sdk.Item.create({"id": "calls", "name": "Calls", "type": "addon", "item_family_id": "windtunnel", "metered": True})
    price = monthly(sdk, "calls-month", 5, "calls")
    items = [{"item_price_id": "platform-USD-yearly", "quantity": 1}, {"item_price_id": price}]
    sdk.Subscription.create_with_items("acme", {"id": "s", "subscription_items": items})
    travel(sdk, 70)
    assert event_types(sdk).count("subscription_items_renewed") == 2
    assert "subscription_renewed" not in event_types(sdk)


def _tiers(*rows: tuple[int, int | None, int]) -> list[dict[str, Any]]:
    return [
        {"item_price_id": "seats", "starting_unit": first, "price": price, **({"ending_unit": last} if last else {})}
        for first, last, price in rows
    ]


def test_a_subscription_has_tiers_of_its_own(sdk: Any) -> None:
    customer(sdk)
    catalog = [{"starting_unit": 1, "ending_unit": 100, "price": 10}, {"starting_unit": 101, "price": 5}]
    sdk.ItemPrice.create({
        "id": "seats", "name": "seats", "item_id": "platform", "pricing_model": "tiered", "currency_code": "USD",
        "period": 1, "period_unit": "month", "tiers": catalog,
    })  # fmt: skip
    asked = {"subscription_items": [{"item_price_id": "seats", "quantity": 150}],
             "item_tiers": _tiers((1, 100, 20), (101, None, 1))}  # fmt: skip
    estimated = sdk.Estimate.create_sub_item_for_customer_estimate("acme", {"subscription": {}, **asked}).estimate
    made = sdk.Subscription.create_with_items("acme", {"id": "s", **asked})
    assert made.invoice.total == 2_050 == estimated.invoice_estimate.total == made.subscription.mrr
    assert [tier.price for tier in made.subscription.item_tiers] == [20, 1]
    more = sdk.Subscription.update_for_items("s", {"subscription_items": [{"item_price_id": "seats", "quantity": 160}]})
    assert more.subscription.subscription_items[0].amount == 2_060  # its tiers stay when a change names none
    later = {"subscription_items": [{"item_price_id": "seats", "quantity": 200}], "item_tiers": _tiers((1, None, 3)),
             "end_of_term": True}  # fmt: skip
    sdk.Subscription.update_for_items("s", later)
    assert [tier.price for tier in held(sdk).item_tiers] == [20, 1]
    assert sdk.Subscription.retrieve_with_scheduled_changes("s").subscription.item_tiers[0].price == 3
    travel(sdk, 32)
    assert (invoices(sdk)[-1].total, [tier.price for tier in held(sdk).item_tiers]) == (600, [3])
    fixed = [{"item_price_id": "platform-USD-yearly", "quantity": 1}]
    tier = {"item_price_id": "platform-USD-yearly", "starting_unit": 1, "price": 3}
    wrong = {"subscription_items": fixed, "item_tiers": [tier]}
    refused("param_wrong_value", "item_tiers[item_price_id][0]", sdk.Subscription.create_with_items, "acme", wrong)


def test_a_free_period_makes_the_first_term_longer_and_not_dearer(sdk: Any) -> None:
    customer(sdk)
    monthly(sdk)
    made = subscribe(sdk, free_period=2, free_period_unit="week")
    assert (made.invoice.total, made.subscription.free_period) == (31_000, 2)
    assert round((made.subscription.current_term_end - made.subscription.current_term_start) / DAY) == 45
    travel(sdk, 46)
    assert [bill.total for bill in invoices(sdk)] == [31_000, 31_000]


def test_the_plans_own_trial_is_the_subscriptions(sdk: Any) -> None:
    customer(sdk)
    items = [{"item_price_id": monthly(sdk), "quantity": 1, "trial_end": NOW + 9 * DAY}]
    made = sdk.Subscription.create_with_items("acme", {"id": "s", "subscription_items": items}).subscription
    assert (made.status, made.trial_end) == ("in_trial", NOW + 9 * DAY)

"""Quotes by the vendor's own client: what is offered is what is then billed."""

from typing import Any

import pytest

from tests.simulators.subscriptions.site import DAY, GENESIS
from tests.simulators.subscriptions.test_sdk import customer, subscribe
from tests.simulators.subscriptions.test_sdk_money import refused, travel

pytestmark = pytest.mark.live

WISH = {
    "name": "Offer", "notes": "As agreed", "subscription": {"po_number": "PO-7"}, "billing_cycles": 1,
    "subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 10},
                           {"item_price_id": "onboarding-USD"}],
    "contract_term": {"action_at_term_end": "renew"},
}  # fmt: skip


def offer(sdk: Any, **more: Any) -> Any:
    return sdk.Quote.create_sub_items_for_customer_quote("acme", {**WISH, **more})


def test_a_new_subscription_is_offered_and_billed_as_offered(sdk: Any) -> None:
    customer(sdk)
    made = offer(sdk)
    quote, quoted = made.quote, made.quoted_subscription
    assert (quote.status, quote.operation_type, quote.version, quote.name) == (
        "open", "create_subscription_for_customer", 1, "Offer",
    )  # fmt: skip
    assert quote.total > 0 and quote.charge_on_acceptance == quote.amount_due == quote.total
    assert [item.quantity for item in quoted.subscription_items] == [10, 1]
    assert quoted.quoted_contract_term.action_at_term_end == "renew"
    assert sdk.Subscription.list().list == [] and sdk.Invoice.list().list == []
    group = sdk.Quote.quote_line_groups_for_quote(quote.id).list[0].quote_line_group
    assert (group.charge_event, group.total, len(group.line_items)) == ("subscription_creation", quote.total, 2)
    sdk.ItemPrice.update("platform-USD-yearly", {"price": 1})
    assert sdk.Quote.update_status(quote.id, {"status": "accepted"}).quote.status == "accepted"
    refused("invalid_state_for_request", sdk.Quote.update_status, quote.id, {"status": "accepted"})
    done = sdk.Quote.convert(quote.id, {"subscription": {"id": "sub-1", "auto_collection": "off"}})
    assert (done.quote.status, done.quote.subscription_id, done.quote.invoice_id) == (
        "invoiced", "sub-1", done.invoice.id,
    )  # fmt: skip
    assert (done.invoice.total, done.subscription.po_number, done.customer.id) == (quote.total, "PO-7", "acme")
    refused("invalid_state_for_request", sdk.Quote.convert, quote.id)
    refused("invalid_state_for_request", sdk.Quote.delete, quote.id)
    assert len(sdk.Subscription.list().list) == 1


def test_a_change_is_offered_edited_and_done(sdk: Any) -> None:
    customer(sdk)
    held = subscribe(sdk).subscription
    wish = {"subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 12}]}
    made = sdk.Quote.update_subscription_quote_for_items({"subscription": {"id": held.id}, **wish})
    more = {"subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 15}]}
    edited = sdk.Quote.edit_update_subscription_quote_for_items(made.quote.id, more)
    assert (edited.quote.version, edited.quote.subscription_id) == (2, held.id)
    assert edited.quote.total > made.quote.total > 0
    assert sdk.Subscription.retrieve(held.id).subscription.subscription_items[0].quantity == 10
    refused("invalid_state_for_request", sdk.Quote.edit_create_sub_customer_quote_for_items, made.quote.id, WISH)
    done = sdk.Quote.convert(made.quote.id)
    assert done.subscription.subscription_items[0].quantity == 15
    assert (done.invoice.total, done.quote.status) == (edited.quote.total, "invoiced")


def test_a_change_for_the_terms_end_is_offered_as_the_bill_that_comes_then(sdk: Any) -> None:
    customer(sdk)
    held = subscribe(sdk).subscription
    made = sdk.Quote.update_subscription_quote_for_items({
        "subscription": {"id": held.id}, "change_option": "end_of_term",
        "subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 5}],
    }).quote  # fmt: skip
    assert made.charge_on_acceptance == 0 and made.total > 0
    done = sdk.Quote.convert(made.id)
    assert (done.invoice, done.subscription.has_scheduled_changes) == (None, True)


def test_one_off_bills_are_offered(sdk: Any) -> None:
    customer(sdk)
    wish = {"customer_id": "acme", "item_prices": [{"item_price_id": "onboarding-USD"}],
            "charges": [{"amount": 5_000, "description": "Travel"}]}  # fmt: skip
    made = sdk.Quote.create_for_charge_items_and_charges(wish)
    assert [row.amount for row in made.quoted_charge.charges] == [5_000]
    assert [row.item_price_id for row in made.quoted_charge.invoice_items] == ["onboarding-USD"]
    wish = {"item_prices": [{"item_price_id": "onboarding-USD", "quantity": 2}]}
    edited = sdk.Quote.edit_for_charge_items_and_charges(made.quote.id, wish).quote
    done = sdk.Quote.convert(edited.id)
    assert (done.invoice.total, done.quoted_charge.charges) == (edited.total, [])


def test_offers_end_by_the_clock_and_can_be_extended(sdk: Any) -> None:
    customer(sdk)
    kept, gone = offer(sdk, expires_at=int(GENESIS) + DAY).quote, offer(sdk).quote
    assert sdk.Quote.delete(gone.id).quote.deleted
    refused("resource_not_found", sdk.Quote.convert, gone.id)
    travel(sdk, 2)
    assert sdk.Quote.retrieve(kept.id).quote.status == "expired"
    refused("invalid_state_for_request", sdk.Quote.convert, kept.id)
    refused("param_wrong_value", sdk.Quote.extend_expiry_date, kept.id, {"valid_till": int(GENESIS)})
    again = sdk.Quote.extend_expiry_date(kept.id, {"valid_till": int(GENESIS) + 9 * DAY}).quote
    assert (again.status, again.valid_till) == ("open", int(GENESIS) + 9 * DAY)
    listed = sdk.Quote.list({"customer_id": {"is": "acme"}, "status": {"is": "open"}}).list
    assert [row.quote.id for row in listed] == [kept.id]
    told = [
        row.event.event_type for row in sdk.Event.list({"event_type": {"in": ["quote_created", "quote_deleted"]}}).list
    ]
    assert sorted(told) == ["quote_created", "quote_created", "quote_deleted"]


@pytest.mark.parametrize("more", [
    {"subscription_items": [{"item_price_id": "nope"}]}, {"expires_at": 1}, {"nonsense": "1"},
    {"subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": -1}]},
])  # fmt: skip
def test_what_cannot_be_done_cannot_be_offered(sdk: Any, more: dict[str, Any]) -> None:
    customer(sdk)
    code = "resource_not_found" if "nope" in str(more) else "param_wrong_value"
    refused(code, sdk.Quote.create_sub_items_for_customer_quote, "acme", {**WISH, **more})
    assert sdk.Quote.list().list == []

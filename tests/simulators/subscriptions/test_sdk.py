"""The vendor's own Python client, unchanged, against the site as a process on a real socket."""

import time
from typing import Any

import httpx
import pytest
from chargebee import api_error
from chargebee.main import Chargebee

from tests.simulators.subscriptions.site import CONTROL, DAY, GENESIS, NEW_YORK

pytestmark = pytest.mark.live


def subscribe(sdk: Any, **more: Any) -> Any:
    return sdk.Subscription.create_with_items("acme", {
        "subscription_items": [
            {"item_price_id": "platform-USD-yearly", "quantity": 10}, {"item_price_id": "onboarding-USD"},
        ],
        "billing_cycles": 1, "contract_term": {"action_at_term_end": "renew"}, "cf_sf_opportunity": "006A", **more,
    })  # fmt: skip


def customer(sdk: Any, **more: Any) -> Any:
    return sdk.Customer.create(
        {"id": "acme", "company": "Acme", "auto_collection": "off", "billing_address": NEW_YORK, **more}
    )


def test_customers(sdk: Any) -> None:
    made = customer(sdk, meta_data={"k": {"z": 1}}, cf_sf_account="001A")
    assert made.customer.id == "acme" and made.customer.billing_address.city == "New York"
    assert made.customer.meta_data == {"k": {"z": 1}}
    assert sdk.Customer.retrieve("acme").customer.raw_data["cf_sf_account"] == "001A"
    assert sdk.Customer.update("acme", {"phone": "1"}).customer.phone == "1"
    moved = sdk.Customer.update_billing_info("acme", {"billing_address": {**NEW_YORK, "city": "Albany"}})
    assert moved.customer.billing_address.city == "Albany"
    source = sdk.PaymentSource.create_card({
        "customer_id": "acme", "card": {"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031},
    })  # fmt: skip
    assert source.payment_source.card.last4 == "1111"
    assert sdk.PaymentSource.retrieve(source.payment_source.id).payment_source.status == "valid"
    assert sdk.Customer.retrieve("acme").card.masked_number.endswith("1111")
    paid = sdk.Customer.record_excess_payment("acme", {"transaction": {"amount": 5, "payment_method": "cash"}})
    assert paid.customer.excess_payments == 5 and paid.transaction.amount_unused == 5
    page = sdk.Customer.list({"limit": 1, "id": {"in": ["acme", "other"]}, "sort_by": {"asc": "created_at"}})
    assert [row.customer.id for row in page.list] == ["acme"] and page.next_offset is None


def test_the_catalog(sdk: Any) -> None:
    family = sdk.ItemFamily.create({"id": "extras", "name": "Extras"})
    item = sdk.Item.create({"id": "support", "name": "Support", "type": "addon", "item_family_id": "extras"})
    assert (family.item_family.status, item.item.type) == ("active", "addon")
    price = sdk.ItemPrice.create({
        "id": "support-USD-yearly", "name": "Support yearly", "item_id": "support", "pricing_model": "tiered",
        "currency_code": "USD", "period": 1, "period_unit": "year", "accounting_detail": {"sku": "SUP"},
        "tiers": [{"starting_unit": 1, "ending_unit": 10, "price": 100}, {"starting_unit": 11, "price": 50}],
    })  # fmt: skip
    assert [tier.price for tier in price.item_price.tiers] == [100, 50]
    assert price.item_price.accounting_detail.sku == "SUP"
    customer(sdk)
    made = sdk.Subscription.create_with_items("acme", {"subscription_items": [
        {"item_price_id": "platform-USD-yearly"}, {"item_price_id": "support-USD-yearly", "quantity": 12},
    ]})  # fmt: skip
    assert made.invoice.sub_total == 1_200_000 + 1_100
    assert [tier.quantity_used for tier in made.invoice.line_item_tiers] == [10, 2]
    assert len(sdk.ItemPrice.list({"currency_code": {"is": "USD"}}).list) == 3
    assert sdk.Item.update("support", {"name": "Premium support"}).item.name == "Premium support"
    assert sdk.ItemFamily.retrieve("extras").item_family.name == "Extras"


def test_from_subscription_to_payment(sdk: Any) -> None:
    customer(sdk)
    made = subscribe(sdk, po_number="PO-1", net_term_days=30)
    assert made.subscription.status == "active" and made.subscription.contract_term.billing_cycle == 1
    assert (made.invoice.id, made.invoice.status, made.invoice.po_number) == ("US-000001", "posted", "PO-1")
    assert made.invoice.line_items[0].tax_rate == 8.875
    got = sdk.Subscription.retrieve(made.subscription.id)
    assert got.customer.id == "acme" and got.subscription.raw_data["cf_sf_opportunity"] == "006A"
    rows = sdk.Subscription.list({"status": {"in": ["active"]}, "updated_at": {"between": [1, 2_000_000_000]}}).list
    assert rows[0].subscription.id == made.subscription.id and rows[0].customer.id == "acme"
    assert len(sdk.Subscription.list({"cf_sf_opportunity": {"is": "006A"}}).list) == 1
    terms = sdk.Subscription.contract_terms_for_subscription(made.subscription.id).list
    assert terms[0].contract_term.total_contract_value == made.invoice.total
    paid = sdk.Invoice.record_payment("US-000001", {
        "transaction": {"amount": made.invoice.total, "payment_method": "bank_transfer", "reference_number": "W1"},
        "comment": "by wire",
    })  # fmt: skip
    assert paid.invoice.status == "paid" and paid.transaction.reference_number == "W1"
    assert paid.invoice.linked_payments[0].txn_id == paid.transaction.id
    assert sdk.Transaction.payments_for_invoice("US-000001").list[0].transaction.id == paid.transaction.id
    assert sdk.Transaction.retrieve(paid.transaction.id).transaction.linked_invoices[0].invoice_id == "US-000001"
    assert len(sdk.Invoice.list({"customer_id": {"is": "acme"}, "status": {"is": "paid"}}).list) == 1
    events = sdk.Event.list({"sort_by": {"asc": "occurred_at"}, "limit": 100}).list
    assert [row.event.event_type for row in events] == [
        "customer_created", "subscription_created", "mrr_updated", "contract_term_created", "invoice_generated",
        "transaction_created", "payment_succeeded", "invoice_updated",
    ]  # fmt: skip
    assert sdk.Event.retrieve(events[4].event.id).event.content["invoice"]["id"] == "US-000001"


def test_invoices_credits_and_refunds(sdk: Any) -> None:
    customer(sdk, card={"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031})
    made = sdk.Invoice.create_for_charge_items_and_charges({
        "customer_id": "acme", "charges": [{"amount": 10_000, "description": "Workshop"}],
        "item_prices": [{"item_price_id": "onboarding-USD", "unit_price": 20_000}], "po_number": "PO-9",
    })  # fmt: skip
    key = made.invoice.id
    assert made.invoice.total == 32_663 and sdk.Invoice.retrieve(key).invoice.status == "payment_due"
    note = sdk.CreditNote.create({
        "reference_invoice_id": key, "type": "adjustment", "reason_code": "order_change", "total": 2_663,
    })  # fmt: skip
    assert note.credit_note.status == "adjusted" and note.invoice.amount_due == 30_000
    collected = sdk.Invoice.collect_payment(key, {"amount": 10_000})
    assert collected.transaction.status == "success" and collected.invoice.amount_due == 20_000
    rest = sdk.Invoice.record_payment(key, {"transaction": {"payment_method": "check"}})
    assert rest.invoice.status == "paid"
    refund = sdk.Invoice.refund(key, {"refund_amount": 1_000, "credit_note": {"reason_code": "waiver"}})
    assert refund.transaction.type == "refund" and refund.credit_note.status == "refunded"
    removed = sdk.Invoice.remove_payment(key, {"transaction": {"id": rest.transaction.id}})
    assert removed.invoice.amount_due == 20_000
    assert sdk.Invoice.apply_payments(key, {"transactions": [{"id": rest.transaction.id}]}).invoice.status == "paid"
    second = sdk.Invoice.create_for_charge_items_and_charges(
        {"customer_id": "acme", "charges": [{"amount": 500, "description": "Late fee"}], "auto_collection": "off"}
    )
    assert sdk.Invoice.write_off(second.invoice.id).credit_note.reason_code == "write_off"
    third = sdk.Invoice.create_for_charge_items_and_charges(
        {"customer_id": "acme", "charges": [{"amount": 500, "description": "Wrong"}]}
    )
    assert sdk.Invoice.void_invoice(third.invoice.id, {"comment": "wrong"}).invoice.status == "voided"
    assert len(sdk.CreditNote.list({"reference_invoice_id": {"is": key}}).list) == 2
    assert sdk.CreditNote.retrieve(note.credit_note.id).credit_note.total == 2_663


def test_cancelling(sdk: Any) -> None:
    customer(sdk)
    key = subscribe(sdk).subscription.id
    ending = sdk.Subscription.cancel_for_items(key, {"cancel_option": "end_of_term"})
    assert ending.subscription.status == "non_renewing"
    assert sdk.Subscription.remove_scheduled_cancellation(key).subscription.status == "active"
    sdk.Invoice.record_payment("US-000001", {"transaction": {"payment_method": "check"}})
    gone = sdk.Subscription.cancel_for_items(key, {"credit_option_for_current_term_charges": "full"})
    assert gone.subscription.status == "cancelled" and gone.credit_notes[0].type == "refundable"
    assert sdk.Subscription.reactivate(key).subscription.status == "active"


def test_errors_reach_the_clients_own_classes(sdk: Any, port: int) -> None:
    customer(sdk)
    with pytest.raises(api_error.InvalidRequestError) as twice:
        customer(sdk)
    assert (twice.value.api_error_code, twice.value.param, twice.value.http_status_code) == (
        "duplicate_entry",
        "id",
        400,
    )
    with pytest.raises(api_error.InvalidRequestError) as lost:
        sdk.Customer.retrieve("nobody")
    assert lost.value.http_status_code == 404
    with pytest.raises(api_error.PaymentError):
        sdk.PaymentSource.create_card({
            "customer_id": "acme", "card": {"number": "4111111111111112", "expiry_month": 1, "expiry_year": 2031},
        })  # fmt: skip
    with pytest.raises(api_error.InvalidRequestError) as absent:
        sdk.OmnichannelSubscription.list()
    assert absent.value.api_error_code == "resource_not_found"
    stranger = Chargebee(api_key="forged", site="acme-test", protocol="http")
    stranger.env.api_endpoint = f"http://127.0.0.1:{port}/api/v2"
    with pytest.raises(api_error.APIError) as forged:
        stranger.Customer.list()
    assert forged.value.http_status_code == 401


def test_idempotency_keys(sdk: Any) -> None:
    headers = {"chargebee-idempotency-key": "order-1"}
    first = sdk.Customer.create({"id": "once"}, headers)
    again = sdk.Customer.create({"id": "once"}, headers)
    assert again.is_idempotency_replayed and again.customer.raw_data == first.customer.raw_data
    with pytest.raises(api_error.InvalidRequestError):
        sdk.Customer.create({"id": "other"}, headers)


def test_an_answer_lost_after_it_was_applied(sdk: Any, port: int) -> None:
    fault = {"id": "cut", "kind": "lost_answer", "operation": "customer.create"}
    assert httpx.post(f"http://127.0.0.1:{port}/_control/faults", json=fault, headers=CONTROL).status_code == 201
    with pytest.raises(Exception):  # noqa: B017 -- whatever the client's transport says of a cut connection
        customer(sdk)
    assert sdk.Customer.retrieve("acme").customer.company == "Acme"


def travel(sdk: Any, to: int) -> None:
    begun = sdk.TimeMachine.travel_forward("delorean", {"destination_time": to})
    assert begun.time_machine.time_travel_status == "in_progress"
    deadline = time.monotonic() + 20
    while sdk.TimeMachine.retrieve("delorean").time_machine.time_travel_status == "in_progress":
        assert time.monotonic() < deadline


def test_time_machine_renews(sdk: Any) -> None:
    customer(sdk)
    key = subscribe(sdk).subscription.id
    travel(sdk, int(GENESIS) + 370 * DAY)
    assert len(sdk.Invoice.invoices_for_subscription(key).list) == 2
    statuses = [row.contract_term.status for row in sdk.Subscription.contract_terms_for_subscription(key).list]
    assert sorted(statuses) == ["active", "completed"]


def test_the_worked_example_of_a_change_in_mid_term(sdk: Any) -> None:
    """10 to 15 seats of 120.00 a year with 265 of 365 days left: credit 871.23, charge 1,306.85 (facts, 3.5)."""
    customer(sdk, billing_address={"country": "US", "state_code": "IL"})
    made = sdk.Subscription.create_with_items("acme", {
        "id": "s", "billing_cycles": 1, "contract_term": {"action_at_term_end": "renew"}, "start_date": 1_767_225_600,
        "subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 10, "unit_price": 12_000}],
    })  # fmt: skip
    sdk.Invoice.record_payment(made.invoice.id, {"transaction": {"payment_method": "check"}})
    travel(sdk, 1_775_865_600)
    up = sdk.Subscription.update_for_items("s", {
        "subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 15}],
    })  # fmt: skip
    note = up.credit_notes[0]
    assert (note.total, note.type, note.status, note.reason_code) == (
        87_123, "refundable", "refunded", "subscription_change",
    )  # fmt: skip
    assert note.reference_invoice_id == made.invoice.id
    assert (up.invoice.total, up.invoice.line_items[0].quantity) == (130_685, 15)
    settled = sdk.Invoice.retrieve(up.invoice.id).invoice
    assert (settled.credits_applied, settled.amount_due) == (87_123, 43_562)
    assert sdk.CreditNote.retrieve(note.id).credit_note.allocations[0].invoice_id == up.invoice.id
    assert up.subscription.contract_term.total_contract_value_before_tax == 120_000 - 87_123 + 130_685
    down = sdk.Subscription.update_for_items("s", {
        "subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 12}],
    })  # fmt: skip
    assert down.invoice is None
    assert [(one.total, one.reference_invoice_id) for one in down.credit_notes] == [(26_137, up.invoice.id)]


def test_changes_at_the_terms_end(sdk: Any) -> None:
    customer(sdk)
    subscribe(sdk, id="s")
    wanted = {"subscription_items": [{"item_price_id": "platform-USD-yearly", "quantity": 12}], "end_of_term": True}
    later = sdk.Subscription.update_for_items("s", wanted)
    assert later.subscription.has_scheduled_changes and later.invoice is None and not later.credit_notes
    assert later.subscription.raw_data["changes_scheduled_at"] == later.subscription.next_billing_at
    assert later.subscription.subscription_items[0].quantity == 10
    future = sdk.Subscription.retrieve_with_scheduled_changes("s").subscription
    assert [item.quantity for item in future.subscription_items] == [12, 1]
    assert not sdk.Subscription.remove_scheduled_changes("s").subscription.has_scheduled_changes
    with pytest.raises(api_error.InvalidRequestError) as refused:
        sdk.Subscription.remove_scheduled_changes("s")
    assert refused.value.api_error_code == "invalid_state_for_request"
    sdk.Subscription.update_for_items("s", {
        **wanted, "contract_term": {"action_at_term_end": "renew_once"}, "contract_term_billing_cycle_on_renewal": 2,
    })  # fmt: skip
    travel(sdk, int(GENESIS) + 366 * DAY)
    renewed = sdk.Subscription.retrieve("s").subscription
    assert [item.quantity for item in renewed.subscription_items if item.item_type == "plan"] == [12]
    assert (renewed.contract_term.billing_cycle, renewed.contract_term.action_at_term_end) == (2, "cancel")


def test_webhook_endpoints(sdk: Any) -> None:
    made = sdk.WebhookEndpoint.create({
        "name": "core", "url": "http://127.0.0.1:9/hook", "basic_auth_username": "u", "basic_auth_password": "p",
        "enabled_events": ["invoice_generated"],
    })  # fmt: skip
    key = made.webhook_endpoint.id
    assert sdk.WebhookEndpoint.retrieve(key).webhook_endpoint.enabled_events == ["invoice_generated"]
    assert sdk.WebhookEndpoint.update(key, {"disabled": True}).webhook_endpoint.disabled
    assert len(sdk.WebhookEndpoint.list().list) == 1
    assert sdk.WebhookEndpoint.delete(key).webhook_endpoint.id == key

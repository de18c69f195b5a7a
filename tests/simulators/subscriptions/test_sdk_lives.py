"""The life of a subscription by the vendor's own Python client: begin, change, pause, end, begin again."""

from typing import Any

import pytest

from tests.simulators.subscriptions.driving import (
    NOW,
    addon,
    change,
    customer,
    event_types,
    held,
    invoices,
    monthly,
    refused,
    subscribe,
    travel,
)
from tests.simulators.subscriptions.site import DAY

pytestmark = pytest.mark.live
JANUARY = 31  # days from the 5th of January to the 5th of February: 31 000 a month are 1 000 a day


@pytest.fixture(autouse=True)
def site(sdk: Any) -> None:
    monthly(sdk)
    customer(sdk)


def test_a_trial_bills_when_it_is_over(sdk: Any) -> None:
    made = subscribe(sdk, trial_end=NOW + 14 * DAY)
    trial = made.subscription
    assert (trial.status, trial.trial_end, trial.next_billing_at) == ("in_trial", NOW + 14 * DAY, NOW + 14 * DAY)
    assert made.invoice is None
    sdk.Subscription.change_term_end("s", {"term_ends_at": NOW + 10 * DAY})
    travel(sdk, 11)
    assert held(sdk).status == "active" and [one.total for one in invoices(sdk)] == [31_000]
    assert "subscription_activated" in event_types(sdk)
    subscribe(sdk, "t", trial_end=NOW + 40 * DAY)
    ended = sdk.Subscription.update_for_items("t", {"trial_end": 0})
    assert (ended.subscription.status, ended.invoice.total) == ("active", 31_000)
    monthly(sdk, "tried", trial_period=1, trial_period_unit="month")
    by_plan = subscribe(sdk, "v", "tried", trial_end_action="cancel_subscription").subscription
    assert by_plan.status == "in_trial"
    travel(sdk, 32)
    assert held(sdk, "v").status == "cancelled"


def test_a_future_start_can_be_changed_and_moved(sdk: Any) -> None:
    made = subscribe(sdk, start_date=NOW + 5 * DAY)
    assert (made.subscription.status, made.invoice) == ("future", None)
    change(sdk, 2, start_date=NOW + 6 * DAY)
    travel(sdk, 7)
    assert held(sdk).status == "active" and invoices(sdk)[0].total == 62_000
    assert invoices(sdk)[0].date == NOW + 6 * DAY


def test_a_change_in_the_past_is_prorated_from_its_day(sdk: Any) -> None:
    subscribe(sdk)
    travel(sdk, 20)
    changed = change(sdk, 2, change_option="specific_date", changes_scheduled_at=NOW + 10 * DAY)
    assert changed.credit_notes[0].total == 21_000 and changed.invoice.total == 42_000
    assert changed.invoice.line_items[0].date_from == NOW - 9 * 3_600 + 10 * DAY
    assert "subscription_changed_with_backdating" in event_types(sdk)
    early = {"change_option": "specific_date", "changes_scheduled_at": NOW + 5 * DAY}
    items = {"subscription_items": [{"item_price_id": "month", "quantity": 3}]}
    refused("param_wrong_value", "changes_scheduled_at", sdk.Subscription.update_for_items, "s", items | early)


def test_a_plan_of_another_period_begins_a_new_term(sdk: Any) -> None:
    subscribe(sdk, billing_cycles=12, contract_term={"action_at_term_end": "renew"})
    travel(sdk, 10)
    changed = change(sdk, 1, "platform-USD-yearly")
    after = changed.subscription
    assert (after.billing_period_unit, after.current_term_start) == ("year", NOW - 9 * 3_600 + 10 * DAY)
    assert changed.credit_notes[0].total == 21_000 and changed.invoice.total == 1_200_000
    terms = [row.contract_term.status for row in sdk.Subscription.contract_terms_for_subscription("s").list]
    assert terms == ["cancelled"] and after.contract_term is None
    travel(sdk, 5)
    again = change(sdk, 2, "platform-USD-yearly", force_term_reset=True)
    assert again.subscription.current_term_start == NOW - 9 * 3_600 + 15 * DAY
    assert again.invoice.total == 2_400_000


def test_a_change_may_wait_in_unbilled_charges(sdk: Any) -> None:
    subscribe(sdk)
    travel(sdk, 10)
    changed = change(sdk, 2, invoice_immediately=False)
    assert changed.invoice is None and changed.credit_notes[0].total == 21_000
    assert [one.amount for one in changed.unbilled_charges] == [42_000]
    assert sdk.Customer.retrieve("acme").customer.unbilled_charges == 42_000
    back = change(sdk, 1, invoice_immediately=False)
    kept = sdk.UnbilledCharge.list({"subscription_id": {"is": "s"}}).list
    assert sorted((row.unbilled_charge.amount, row.unbilled_charge.is_voided) for row in kept) == [
        (21_000, False), (42_000, True),
    ]  # fmt: skip
    assert back.subscription.subscription_items[0].quantity == 1
    travel(sdk, 22)
    assert invoices(sdk)[1].sub_total == 31_000 + 21_000


def test_changes_wait_for_the_term_and_can_be_looked_at(sdk: Any) -> None:
    subscribe(sdk)
    later = change(sdk, 3, change_option="end_of_term").subscription
    assert later.has_scheduled_changes and later.raw_data["cmrr"] == 93_000
    future = sdk.Subscription.retrieve_with_scheduled_changes("s").subscription
    assert (future.subscription_items[0].quantity, future.mrr) == (3, 93_000)
    sdk.Subscription.remove_scheduled_changes("s")
    change(sdk, 2, change_option="specific_date", changes_scheduled_at=NOW + 10 * DAY)
    travel(sdk, 32)
    assert [one.total for one in invoices(sdk)] == [31_000, 42_000, 62_000]


def test_pausing_bills_nothing_and_a_late_resumption_begins_anew(sdk: Any) -> None:
    subscribe(sdk)
    paused = sdk.Subscription.pause("s", {"pause_option": "immediately"}).subscription
    assert (paused.status, paused.next_billing_at) == ("paused", None)
    refused("invalid_state_for_request", None, change, sdk, 2)
    refused("invalid_state_for_request", None, sdk.Subscription.pause, "s", {})
    back = sdk.Subscription.resume("s", {"resume_option": "immediately"})
    assert back.subscription.status == "active" and back.invoice is None
    sdk.Subscription.pause("s", {"pause_option": "end_of_term"})
    assert held(sdk).pause_date == NOW - 9 * 3_600 + JANUARY * DAY - 1
    travel(sdk, 40)
    assert held(sdk).status == "paused" and len(invoices(sdk)) == 1
    again = sdk.Subscription.resume("s", {"charges_handling": "add_to_unbilled_charges"})
    assert [one.amount for one in again.unbilled_charges] == [31_000]
    assert again.subscription.current_term_start == NOW - 9 * 3_600 + 40 * DAY
    sdk.Subscription.pause("s", {"pause_option": "specific_date", "pause_date": NOW + 41 * DAY})
    sdk.Subscription.remove_scheduled_pause("s")
    sdk.Subscription.pause("s", {"pause_date": NOW + 41 * DAY, "pause_option": "specific_date",
                                 "resume_date": NOW + 45 * DAY})  # fmt: skip
    travel(sdk, 2)
    assert held(sdk).status == "paused"
    sdk.Subscription.remove_scheduled_resumption("s")
    sdk.Subscription.resume("s", {"resume_option": "specific_date", "resume_date": NOW + 44 * DAY})
    travel(sdk, 3)
    assert held(sdk).status == "active"
    skipped = sdk.Subscription.pause("s", {"pause_option": "billing_cycles", "skip_billing_cycles": 2}).subscription
    assert skipped.resume_date > skipped.pause_date + 50 * DAY


@pytest.mark.parametrize(
    ("options", "status", "credited"),
    [
        ({}, "cancelled", 0),
        ({"credit_option_for_current_term_charges": "prorate"}, "cancelled", 21_000),
        ({"credit_option_for_current_term_charges": "full"}, "cancelled", 31_000),
        ({"cancel_option": "specific_date", "cancel_at": NOW + 5 * DAY,
          "credit_option_for_current_term_charges": "prorate"}, "cancelled", 26_000),
        ({"cancel_option": "specific_date", "cancel_at": NOW + 15 * DAY,
          "credit_option_for_current_term_charges": "prorate"}, "non_renewing", 16_000),
        ({"cancel_option": "end_of_billing_term"}, "non_renewing", 0),
        ({"end_of_term": True}, "non_renewing", 0),
    ],
)  # fmt: skip
def test_every_way_to_cancel(sdk: Any, options: dict[str, Any], status: str, credited: int) -> None:
    subscribe(sdk)
    travel(sdk, 10)
    gone = sdk.Subscription.cancel_for_items("s", {"cancel_reason_code": "moved", **options}).subscription
    assert gone.status == status and gone.cancel_reason_code == "moved"
    travel(sdk, 30)
    assert held(sdk).status == "cancelled" and len(invoices(sdk)) == 1
    notes = [row.credit_note.total for row in sdk.CreditNote.list().list]
    assert sum(notes) == credited
    refused("invalid_state_for_request", None, sdk.Subscription.cancel_for_items, "s", {})


def test_cancelling_settles_what_is_left(sdk: Any) -> None:
    subscribe(sdk)
    sdk.UnbilledCharge.create({"subscription_id": "s", "charges": [{"amount": 500, "description": "Help"}]})
    fee = [{"item_price_id": "onboarding-USD", "quantity": 1, "unit_price": 700}]
    gone = sdk.Subscription.cancel_for_items("s", {
        "unbilled_charges_option": "delete", "account_receivables_handling": "write_off", "subscription_items": fee,
    })  # fmt: skip
    assert gone.invoice.sub_total == 700 and sdk.Customer.retrieve("acme").customer.unbilled_charges == 0
    assert all(one.amount_due == 0 for one in invoices(sdk))
    assert held(sdk).due_invoices_count == 0


def test_a_scheduled_cancellation_is_taken_back_and_a_dead_subscription_revived(sdk: Any) -> None:
    subscribe(sdk)
    sdk.Subscription.cancel_for_items("s", {"cancel_option": "specific_date", "cancel_at": NOW + 50 * DAY})
    assert held(sdk).status == "active" and held(sdk).raw_data["cmrr"] == 0
    travel(sdk, 35)
    assert held(sdk).status == "non_renewing" and len(invoices(sdk)) == 2
    sdk.Subscription.remove_scheduled_cancellation("s", {"billing_cycles": 1})
    travel(sdk, 80)
    assert held(sdk).status == "cancelled" and len(invoices(sdk)) == 3
    back = sdk.Subscription.reactivate("s", {"reactivate_from": NOW + 110 * DAY, "invoice_immediately": False})
    assert back.subscription.current_term_start == NOW - 9 * 3_600 + 110 * DAY
    assert [one.amount for one in back.unbilled_charges] == [31_000]
    sdk.Subscription.cancel_for_items("s", {})
    tried = sdk.Subscription.reactivate("s", {"trial_end": NOW + 200 * DAY}).subscription
    assert tried.status == "in_trial"
    refused("invalid_state_for_request", None, sdk.Subscription.reactivate, "s", {})


def test_the_terms_end_moves_and_subscriptions_end_together(sdk: Any) -> None:
    subscribe(sdk, billing_cycles=12, contract_term={"action_at_term_end": "renew"})
    longer = sdk.Subscription.change_term_end("s", {"term_ends_at": NOW + 41 * DAY})
    assert longer.invoice.total == 10_000  # price / days of a period that starts now x the ten days added
    assert longer.subscription.current_term_end == NOW - 9 * 3_600 + 41 * DAY - 1
    assert longer.subscription.contract_term.contract_end > longer.subscription.current_term_end
    shorter = sdk.Subscription.change_term_end("s", {"term_ends_at": NOW + 21 * DAY})
    assert sum(note.total for note in shorter.credit_notes) == 20_000 and shorter.invoice is None
    travel(sdk, 22)
    assert held(sdk).current_term_start == NOW - 9 * 3_600 + 21 * DAY and invoices(sdk)[-1].total == 31_000
    refused("param_wrong_value", "term_ends_at", sdk.Subscription.change_term_end, "s", {"term_ends_at": NOW})


def test_terms_are_billed_ahead_and_not_twice(sdk: Any) -> None:
    made = subscribe(sdk, terms_to_charge=2, billing_cycles=5)
    assert made.invoice.has_advance_charges and made.invoice.total == 62_000
    more = {"terms_to_charge": 4}
    refused("param_wrong_value", "terms_to_charge", sdk.Subscription.charge_future_renewals, "s", more)
    ahead = sdk.Subscription.charge_future_renewals("s", {"terms_to_charge": 1}).invoice
    assert ahead.total == 31_000 and ahead.line_items[0].date_from > NOW + 50 * DAY
    travel(sdk, 91)
    assert [one.total for one in invoices(sdk)] == [62_000, 31_000, 31_000]
    travel(sdk, 92)
    assert held(sdk).status == "cancelled" and sum(one.total for one in invoices(sdk)) == 5 * 31_000


def test_advance_invoices_follow_schedules(sdk: Any) -> None:
    subscribe(sdk)
    dates = [{"date": NOW + 3 * DAY, "terms_to_charge": 1}, {"date": NOW + 6 * DAY, "terms_to_charge": 2}]
    planned = sdk.Subscription.charge_future_renewals(
        "s", {"schedule_type": "specific_dates", "specific_dates_schedule": dates}
    )
    assert len(planned.advance_invoice_schedules) == 2 and planned.subscription.has_scheduled_advance_invoices
    travel(sdk, 7)
    assert [one.total for one in invoices(sdk)] == [31_000, 31_000, 62_000]
    assert not held(sdk).has_scheduled_advance_invoices
    sdk.Subscription.charge_future_renewals("s", {
        "schedule_type": "fixed_intervals", "fixed_interval_schedule": {
            "days_before_renewal": 10, "end_schedule_on": "after_number_of_intervals", "number_of_occurrences": 2,
        },
    })  # fmt: skip
    shown = sdk.Subscription.retrieve_advance_invoice_schedule("s").advance_invoice_schedules
    assert shown[0].fixed_interval_schedule.days_before_renewal == 10
    sdk.Subscription.edit_advance_invoice_schedule("s", {
        "schedule_type": "fixed_intervals", "fixed_interval_schedule": {
            "days_before_renewal": 12, "end_schedule_on": "subscription_end",
        },
    })  # fmt: skip
    travel(sdk, 105)
    assert [one.total for one in invoices(sdk)] == [31_000, 31_000, 62_000, 31_000]
    sdk.Subscription.remove_advance_invoice_schedule("s", {})
    assert not held(sdk).has_scheduled_advance_invoices


def test_ramps_are_applied_by_the_clock(sdk: Any) -> None:
    extra = addon(sdk)
    subscribe(sdk)
    first = sdk.Ramp.create_for_subscription("s", {
        "effective_from": NOW + 10 * DAY, "description": "more seats",
        "items_to_update": [{"item_price_id": "month", "quantity": 2}],
    }).ramp  # fmt: skip
    second = sdk.Ramp.create_for_subscription("s", {
        "effective_from": NOW + 20 * DAY, "items_to_add": [{"item_price_id": extra, "quantity": 1}],
    }).ramp  # fmt: skip
    assert (first.status, first.items_to_update[0].quantity) == ("scheduled", 2)
    assert held(sdk).has_scheduled_changes
    listed = sdk.Ramp.list({"subscription_id": {"is": "s"}, "sort_by": {"asc": "effective_from"}}).list
    assert [row.ramp.id for row in listed] == [first.id, second.id]
    travel(sdk, 11)
    assert sdk.Ramp.retrieve(first.id).ramp.status == "succeeded" and held(sdk).mrr == 62_000
    sdk.Subscription.change_term_end("s", {"term_ends_at": NOW + 40 * DAY})
    draft = sdk.Ramp.retrieve(second.id).ramp
    assert draft.status == "draft" and draft.status_transition_reason.message
    sdk.Ramp.update(second.id, {"effective_from": NOW + 25 * DAY})
    travel(sdk, 15)
    assert {item.item_price_id for item in held(sdk).subscription_items} == {"month", extra}
    third = sdk.Ramp.create_for_subscription("s", {
        "effective_from": NOW + 39 * DAY, "items_to_remove": [extra],
    }).ramp  # fmt: skip
    assert sdk.Ramp.delete(third.id).ramp.deleted
    refused("param_wrong_value", "effective_from", sdk.Ramp.create_for_subscription, "s", {
        "effective_from": NOW, "items_to_remove": [extra],
    })  # fmt: skip
    assert "subscription_ramp_applied" in event_types(sdk)


def test_unbilled_charges_are_added_deleted_and_billed(sdk: Any) -> None:
    subscribe(sdk)
    made = sdk.UnbilledCharge.create({
        "subscription_id": "s", "item_prices": [{"item_price_id": "onboarding-USD", "unit_price": 900}],
        "charges": [{"amount": 100, "description": "Help"}],
    }).unbilled_charges  # fmt: skip
    assert [one.amount for one in made] == [900, 100]
    assert sdk.UnbilledCharge.delete(made[1].id).unbilled_charge.deleted
    estimate = sdk.UnbilledCharge.invoice_now_estimate({"subscription_id": "s"}).estimate
    billed = sdk.UnbilledCharge.invoice_unbilled_charges({"subscription_id": "s"}).invoices
    assert [one.total for one in billed] == [900] == [one.total for one in estimate.invoice_estimates]
    refused("invalid_state_for_request", None, sdk.UnbilledCharge.invoice_unbilled_charges, {"customer_id": "acme"})
    told = sdk.Subscription.add_charge_at_term_end("s", {"amount": 77, "description": "Late"}).estimate
    assert told.invoice_estimate.sub_total == 31_077
    travel(sdk, 32)
    assert invoices(sdk)[-1].sub_total == 31_077


def test_a_voided_bill_of_the_term_is_made_again(sdk: Any) -> None:
    first = subscribe(sdk).invoice
    refused("invalid_state_for_request", None, sdk.Subscription.regenerate_invoice, "s", {})
    sdk.Invoice.void_invoice(first.id)
    guess = sdk.Estimate.regenerate_invoice_estimate("s", {}).estimate.invoice_estimate
    again = sdk.Subscription.regenerate_invoice("s", {}).invoice
    assert again.total == guess.total == 31_000 and again.id != first.id


def test_subscriptions_come_from_elsewhere(sdk: Any) -> None:
    made = sdk.Subscription.import_for_items("acme", {
        "id": "old", "status": "active", "current_term_start": NOW - 10 * DAY, "current_term_end": NOW + 21 * DAY,
        "started_at": NOW - 200 * DAY, "subscription_items": [{"item_price_id": "month", "quantity": 2}],
        "contract_term": {"billing_cycle": 6, "contract_start": NOW - 10 * DAY, "total_amount_raised": 100,
                          "total_amount_raised_before_tax": 100},
    })  # fmt: skip
    assert made.invoice is None and made.subscription.contract_term.total_contract_value == 100 + 5 * 62_000
    travel(sdk, 22)
    assert [one.total for one in invoices(sdk, "old")] == [62_000]
    sdk.Subscription.import_for_items("acme", {
        "id": "dead", "status": "cancelled", "started_at": NOW - 90 * DAY, "cancelled_at": NOW - DAY,
        "subscription_items": [{"item_price_id": "month"}],
    })  # fmt: skip
    past = sdk.Subscription.import_contract_term("old", {"contract_term": {
        "status": "completed", "billing_cycle": 6, "contract_start": NOW - 300 * DAY, "contract_end": NOW - 11 * DAY,
        "total_contract_value": 5, "action_at_term_end": "renew",
    }}).contract_term  # fmt: skip
    assert past.status == "completed"
    charge = [{"entity_type": "adhoc", "amount": 12, "description": "Old help", "date_from": NOW, "date_to": NOW}]
    kept = sdk.Subscription.import_unbilled_charges("old", {"unbilled_charges": charge}).unbilled_charges
    assert kept[0].amount == 12
    own = sdk.Subscription.override_billing_profile("old", {"auto_collection": "on"}).subscription
    assert own.auto_collection == "on"

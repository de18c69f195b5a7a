"""Documents, payments and credits by the vendor's own Python client: each operation, and what it leaves behind."""

from typing import Any

import httpx
import pytest
from chargebee import api_error

from tests.simulators.subscriptions.site import CONTROL, DAY, GENESIS, NEW_YORK

pytestmark = pytest.mark.live

CARD = {"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031}


@pytest.fixture
def acme(sdk: Any) -> Any:
    """A customer who is not collected from automatically."""
    return sdk.Customer.create(
        {"id": "acme", "company": "Acme", "auto_collection": "off", "billing_address": {**NEW_YORK, "state_code": "TX"}}
    ).customer


def act(port: int, name: str, **arguments: Any) -> Any:
    answer = httpx.post(f"http://127.0.0.1:{port}/_control/act/{name}", json=arguments, headers=CONTROL)
    assert answer.status_code == 200, answer.text
    return answer.json()


def bill(sdk: Any, amount: int = 10_000, customer: str = "acme", **more: Any) -> Any:
    return sdk.Invoice.create_for_charge_items_and_charges(
        {"customer_id": customer, "charges": [{"amount": amount, "description": "Work"}], **more}
    ).invoice


def pay(sdk: Any, invoice: Any, amount: int, **more: Any) -> Any:
    transaction = {"amount": amount, "payment_method": "bank_transfer", "date": int(GENESIS), **more}
    return sdk.Invoice.record_payment(invoice.id, {"transaction": transaction})


def travel(sdk: Any, days: float) -> None:
    now = sdk.TimeMachine.retrieve("delorean").time_machine
    begun = getattr(now, "destination_time", None) or int(GENESIS)
    machine = sdk.TimeMachine.travel_forward("delorean", {"destination_time": int(begun + days * DAY)}).time_machine
    assert sdk.TimeMachine.wait_for_time_travel_completion(machine).time_machine.time_travel_status == "succeeded"


def events(sdk: Any, *types: str) -> list[str]:
    page = sdk.Event.list({"limit": 100, "sort_by": {"asc": "occurred_at"}, "event_type": {"in": list(types)}})
    return [row.event.event_type for row in page.list]


def refused(code: str, call: Any, *arguments: Any) -> Any:
    with pytest.raises(api_error.APIError) as caught:
        call(*arguments)
    assert caught.value.api_error_code == code, caught.value
    return caught.value


def test_one_off_charges_and_the_lines_of_a_pending_invoice(sdk: Any, acme: Any) -> None:
    made = sdk.Invoice.charge({"customer_id": acme.id, "amount": 700, "description": "Travel", "po_number": "P1"})
    assert (made.invoice.total, made.invoice.status, made.invoice.po_number) == (700, "payment_due", "P1")
    item = sdk.Invoice.create_for_charge_item(
        {"customer_id": acme.id, "item_price": {"item_price_id": "onboarding-USD", "quantity": 2}}
    )
    assert item.invoice.line_items[0].entity_type == "charge_item_price" and item.invoice.total == 1_000_000
    draft = bill(sdk, create_pending_invoice=True)
    assert draft.status == "pending"
    span = {"date_from": int(GENESIS), "date_to": int(GENESIS) + DAY}
    more = sdk.Invoice.add_charge(draft.id, {"amount": 50, "description": "Late fee", "line_item": span}).invoice
    assert more.total == 10_050 and more.line_items[1].date_to == span["date_to"]
    more = sdk.Invoice.add_charge_item(draft.id, {"item_price": {"item_price_id": "onboarding-USD"}}).invoice
    assert more.total == 510_050
    less = sdk.Invoice.delete_line_items(draft.id, {"line_items": [{"id": more.line_items[2].id}]}).invoice
    assert less.total == 10_050
    closed = sdk.Invoice.close(draft.id, {"invoice_note": "Thank you", "comment": "c"}).invoice
    assert closed.id != draft.id and closed.status == "payment_due" and closed.notes[0].note == "Thank you"
    refused("invalid_state_for_request", sdk.Invoice.add_charge, closed.id, {"amount": 1, "description": "x"})
    assert events(sdk, "pending_invoice_created", "pending_invoice_updated", "invoice_generated") == [
        "invoice_generated", "invoice_generated", "pending_invoice_created", *["pending_invoice_updated"] * 3,
        "invoice_generated",
    ]  # fmt: skip


def test_tax_withheld_settles_part_of_an_invoice(sdk: Any, acme: Any) -> None:
    invoice = bill(sdk)
    held = sdk.Invoice.record_tax_withheld(invoice.id, {"tax_withheld": {"amount": 1_000, "reference_number": "TDS"}})
    assert held.invoice.amount_due == 9_000
    pay(sdk, invoice, 9_000)
    assert sdk.Invoice.retrieve(invoice.id).invoice.status == "paid"
    entry = held.invoice.raw_data["linked_taxes_withheld"][0]
    freed = sdk.Invoice.remove_tax_withheld(invoice.id, {"tax_withheld": {"id": entry["id"]}}).invoice
    assert (freed.amount_due, freed.status) == (1_000, "payment_due")
    refused("resource_not_found", sdk.Invoice.remove_tax_withheld, invoice.id, {"tax_withheld": {"id": entry["id"]}})


def test_credit_notes_of_every_kind(sdk: Any, acme: Any) -> None:
    invoice = bill(sdk)
    adjusted = sdk.CreditNote.create(
        {"reference_invoice_id": invoice.id, "type": "adjustment", "total": 4_000, "reason_code": "waiver"}
    )
    assert (adjusted.credit_note.status, adjusted.invoice.amount_due) == ("adjusted", 6_000)
    refused("invalid_state_for_request", sdk.CreditNote.void_credit_note, adjusted.credit_note.id)
    assert sdk.CreditNote.update(adjusted.credit_note.id, {"comment": "why"}).credit_note.total == 4_000
    sdk.CreditNote.delete(adjusted.credit_note.id)
    assert sdk.Invoice.retrieve(invoice.id).invoice.amount_due == 10_000
    pay(sdk, invoice, 10_000)
    refused("param_wrong_value", sdk.CreditNote.create, {
        "reference_invoice_id": invoice.id, "type": "refundable", "total": 10_001, "reason_code": "other",
    })  # fmt: skip
    first, second = (
        sdk.CreditNote.create(
            {"reference_invoice_id": invoice.id, "type": "refundable", "total": 5_000, "create_reason_code": "Goodwill"}
        ).credit_note
        for _ in range(2)
    )
    assert sdk.CreditNote.void_credit_note(first.id).credit_note.status == "voided"
    store = sdk.CreditNote.create(
        {"customer_id": acme.id, "type": "store", "total": 300, "currency_code": "USD", "reason_code": "other"}
    ).credit_note
    assert (store.status, store.amount_available) == ("refund_due", 300)
    refused("invalid_state_for_request", sdk.CreditNote.record_refund, store.id, {
        "transaction": {"payment_method": "cash", "date": int(GENESIS)},
    })  # fmt: skip
    assert sdk.Customer.retrieve(acme.id).customer.refundable_credits == 5_300
    follow = bill(sdk, 5_200)  # uses both, the oldest first
    assert (follow.status, follow.credits_applied) == ("paid", 5_200)
    assert [entry.cn_id for entry in follow.applied_credits] == [second.id, store.id]
    loose = sdk.Invoice.remove_credit_note(follow.id, {"credit_note": {"id": store.id}})
    assert loose.invoice.amount_due == 200 and loose.credit_note.amount_available == 300
    assert sdk.Invoice.apply_credits(follow.id, {"credit_notes": [{"id": store.id}]}).invoice.status == "paid"
    listed = sdk.CreditNote.credit_notes_for_customer(acme.id)
    assert len(listed.list) == 3


def test_write_off_and_void(sdk: Any, acme: Any) -> None:
    lost = sdk.Invoice.write_off(bill(sdk).id)
    assert (lost.invoice.status, lost.invoice.write_off_amount, lost.credit_note.reason_code) == (
        "paid",
        10_000,
        "write_off",
    )
    refused("invalid_state_for_request", sdk.Invoice.void_invoice, lost.invoice.id)
    voided = sdk.Invoice.void_invoice(bill(sdk).id, {"void_reason_code": "Wrong"}).invoice
    assert (voided.status, voided.amount_due, voided.void_reason_code) == ("voided", 0, "Wrong")
    gone = sdk.Invoice.delete(bill(sdk).id).invoice
    assert gone.deleted
    assert [int(bill(sdk).id.removeprefix("US-")) for _ in range(2)] == [4, 5]  # no number twice, none left out


def test_promotional_credits(sdk: Any, acme: Any) -> None:
    given = sdk.PromotionalCredit.add({"customer_id": acme.id, "amount": 2_500, "description": "Welcome"})
    assert given.promotional_credit.closing_balance == given.customer.promotional_credits == 2_500
    sdk.PromotionalCredit.deduct({"customer_id": acme.id, "amount": 500, "description": "Back"})
    assert sdk.PromotionalCredit.set({"customer_id": acme.id, "amount": 3_000, "description": "Set"}).customer
    refused("param_wrong_value", sdk.PromotionalCredit.deduct, {
        "customer_id": acme.id, "amount": 3_001, "description": "Too much",
    })  # fmt: skip
    invoice = bill(sdk)
    assert (invoice.sub_total, invoice.amount_due) == (7_000, 7_000)
    assert (invoice.discounts[0].entity_type, invoice.discounts[0].amount) == ("promotional_credits", 3_000)
    assert invoice.line_item_discounts[0].discount_amount == 3_000
    assert sdk.Customer.retrieve(acme.id).customer.promotional_credits == 0
    sdk.Invoice.void_invoice(invoice.id)
    assert sdk.Customer.retrieve(acme.id).customer.promotional_credits == 3_000
    rows = sdk.PromotionalCredit.list({"customer_id": {"is": acme.id}, "type": {"is": "decrement"}}).list
    assert [row.promotional_credit.amount for row in rows] == [3_000, 500]
    assert sdk.PromotionalCredit.retrieve(rows[0].promotional_credit.id).promotional_credit.reference == invoice.id
    assert sdk.Customer.set_promotional_credits(acme.id, {"amount": 10, "description": "Less"}).customer
    draft = bill(sdk, create_pending_invoice=True)
    assert draft.total == 10_000
    assert sdk.Invoice.close(draft.id).invoice.total == 9_990


def test_payments_that_no_invoice_uses(sdk: Any, acme: Any) -> None:
    invoice = bill(sdk)
    over = pay(sdk, invoice, 12_000)
    assert (over.invoice.status, over.transaction.amount_unused) == ("paid", 2_000)
    back = sdk.Transaction.record_refund(over.transaction.id, {
        "amount": 500, "payment_method": "bank_transfer", "date": int(GENESIS),
    })  # fmt: skip
    assert (back.transaction.type, back.transaction.refunded_txn_id) == ("refund", over.transaction.id)
    assert sdk.Customer.retrieve(acme.id).customer.excess_payments == 1_500
    follow = bill(sdk, 1_000)
    assert (follow.status, follow.amount_paid) == ("paid", 1_000)
    loose = sdk.Invoice.remove_payment(follow.id, {"transaction": {"id": over.transaction.id}})
    assert (loose.invoice.amount_due, loose.transaction.amount_unused) == (1_000, 1_500)
    chosen = {"transactions": [{"id": over.transaction.id, "amount": 600}]}
    assert sdk.Invoice.apply_payments(follow.id, chosen).invoice.amount_due == 400
    assert sdk.Invoice.apply_payments(follow.id).invoice.status == "paid"
    assert len(sdk.Transaction.payments_for_invoice(follow.id).list) == 1
    refused("invalid_state_for_request", sdk.Transaction.refund, over.transaction.id)
    cash = sdk.Customer.record_excess_payment(acme.id, {
        "transaction": {"amount": 5, "payment_method": "cash", "date": int(GENESIS)},
    }).transaction  # fmt: skip
    assert sdk.Transaction.delete_offline_transaction(cash.id).transaction.deleted


def test_authorizations(sdk: Any, acme: Any) -> None:
    source = sdk.PaymentSource.create_card({"customer_id": acme.id, "card": CARD}).payment_source
    block = {"customer_id": acme.id, "amount": 10_000, "payment_source_id": source.id}
    held = sdk.Transaction.create_authorization(block).transaction
    assert (held.type, held.amount_capturable) == ("authorization", 10_000)
    assert sdk.Transaction.void_transaction(held.id).transaction.status == "voided"
    held = sdk.Transaction.create_authorization(block).transaction
    taken = sdk.Invoice.collect_payment(bill(sdk).id, {"authorization_transaction_id": held.id})
    assert taken.transaction.reference_authorization_id == held.id and taken.invoice.status == "paid"
    refused("invalid_state_for_request", sdk.Transaction.void_transaction, held.id)


def test_a_bank_debit_clears_after_days_or_bounces(sdk: Any, acme: Any) -> None:
    account = {"account_number": "000123456789", "routing_number": "110000000", "first_name": "Ann", "last_name": "Lee",
               "account_type": "checking"}  # fmt: skip
    good = sdk.PaymentSource.create_bank_account({"customer_id": acme.id, "bank_account": account}).payment_source
    assert (good.type, good.bank_account.last4, good.bank_account.name_on_account) == (
        "direct_debit",
        "6789",
        "Ann Lee",
    )
    changed = sdk.PaymentSource.update_bank_account(good.id, {"bank_account": {"email": "ann@acme.test"}})
    assert changed.payment_source.bank_account.email == "ann@acme.test"
    begun = sdk.Invoice.collect_payment(bill(sdk).id)
    assert (begun.transaction.status, begun.invoice.amount_due, begun.invoice.amount_to_collect) == (
        "in_progress", 10_000, 0,
    )  # fmt: skip
    refused("invalid_state_for_request", sdk.Invoice.collect_payment, begun.invoice.id)
    refused("invalid_state_for_request", sdk.Invoice.void_invoice, begun.invoice.id)
    travel(sdk, 4)
    assert sdk.Invoice.retrieve(begun.invoice.id).invoice.status == "paid"
    assert sdk.Invoice.refund(begun.invoice.id, {"refund_amount": 1_000}).transaction.payment_method == "direct_debit"
    assert events(sdk, "refund_initiated", "payment_refunded") == ["refund_initiated", "payment_refunded"]
    bad = sdk.PaymentSource.create_bank_account({
        "customer_id": acme.id, "bank_account": {**account, "account_number": "000222222227"},
    }).payment_source  # fmt: skip
    lost = sdk.Invoice.collect_payment(bill(sdk).id, {"payment_source_id": bad.id})
    travel(sdk, 4)
    assert sdk.Transaction.retrieve(lost.transaction.id).transaction.status == "failure"
    dunned = sdk.Invoice.retrieve(lost.invoice.id).invoice
    assert (dunned.status, dunned.dunning_status) == ("payment_due", "in_progress")
    assert events(sdk, "payment_initiated", "payment_succeeded", "payment_failed") == [
        "payment_initiated", "payment_succeeded", "payment_initiated", "payment_failed",
    ]  # fmt: skip


def test_a_payment_that_nobody_knows_the_end_of(sdk: Any, acme: Any, port: int) -> None:
    sdk.PaymentSource.create_card({"customer_id": acme.id, "card": CARD})
    act(port, "gateway", outcome="no_answer")
    unsure = sdk.Invoice.collect_payment(bill(sdk).id)
    assert (unsure.transaction.status, unsure.invoice.amount_due) == ("needs_attention", 10_000)
    known = sdk.Transaction.reconcile(unsure.transaction.id, {"id_at_gateway": "ch_1", "status": "success"})
    assert (known.transaction.status, known.transaction.id_at_gateway) == ("success", "ch_1")
    assert sdk.Invoice.retrieve(unsure.invoice.id).invoice.status == "paid"


def test_a_chargeback_credits_the_invoice_and_records_the_refund(sdk: Any, acme: Any, port: int) -> None:
    sdk.PaymentSource.create_card({"customer_id": acme.id, "card": CARD})
    paid = sdk.Invoice.collect_payment(bill(sdk).id)
    done = act(port, "chargeback", transaction_id=paid.transaction.id)
    note = sdk.CreditNote.retrieve(done["credit_notes"][0]).credit_note
    assert (note.reason_code, note.status, note.amount_refunded) == ("chargeback", "refunded", 10_000)
    refund = sdk.Transaction.retrieve(done["transaction"]).transaction
    assert (refund.type, refund.payment_method, refund.refunded_txn_id) == ("refund", "chargeback", paid.transaction.id)
    assert sdk.Invoice.retrieve(paid.invoice.id).invoice.issued_credit_notes[0].cn_status == "refunded"
    again = {"transaction_id": paid.transaction.id}
    url = f"http://127.0.0.1:{port}/_control/act/chargeback"
    assert httpx.post(url, json=again, headers=CONTROL).status_code == 422  # nothing is left of it


def test_tokens_and_payment_intents(sdk: Any, acme: Any, port: int) -> None:
    kept = sdk.PaymentSource.create_using_permanent_token(
        {"customer_id": acme.id, "type": "card", "reference_id": "cus_1/tok_4000000000000002"}
    ).payment_source
    assert kept.card.last4 == "0002"
    refused("payment_processing_failed", sdk.Invoice.collect_payment, bill(sdk).id)
    intent = sdk.PaymentIntent.create({"customer_id": acme.id, "amount": 100, "currency_code": "USD"}).payment_intent
    assert (intent.status, sdk.PaymentIntent.update(intent.id, {"amount": 200}).payment_intent.amount) == (
        "inited",
        200,
    )
    spend = {"customer_id": acme.id, "payment_intent": {"id": intent.id}, "replace_primary_payment_source": True}
    refused("invalid_state_for_request", sdk.PaymentSource.create_using_payment_intent, spend)
    assert act(port, "pay_intent", payment_intent_id=intent.id) == {"status": "authorized"}
    made = sdk.PaymentSource.create_using_payment_intent(spend)
    assert made.customer.primary_payment_source_id == made.payment_source.id
    assert sdk.PaymentIntent.retrieve(intent.id).payment_intent.status == "consumed"
    idle = sdk.PaymentIntent.create({"amount": 100, "currency_code": "USD"}).payment_intent
    travel(sdk, 1)
    assert sdk.PaymentIntent.retrieve(idle.id).payment_intent.status == "expired"
    card = sdk.PaymentSource.update_card(made.payment_source.id, {"card": {"first_name": "Ann", "expiry_year": 2040}})
    assert (card.payment_source.card.expiry_year, card.payment_source.card.first_name) == (2040, "Ann")
    both = sdk.Customer.collect_payment(acme.id, {
        "invoice_allocations": [{"invoice_id": bill(sdk).id}, {"invoice_id": bill(sdk).id, "allocation_amount": 4_000}],
        "amount": 15_000,
    })  # fmt: skip
    assert (both.transaction.amount, both.transaction.amount_unused, both.customer.excess_payments) == (
        15_000,
        1_000,
        1_000,
    )


def test_dunning_is_paused_resumed_and_stopped(sdk: Any, acme: Any, port: int) -> None:
    sdk.PaymentSource.create_card({"customer_id": acme.id, "card": {**CARD, "number": "4000000000000002"}})
    invoice = bill(sdk, auto_collection="on")
    assert sdk.Invoice.retrieve(invoice.id).invoice.dunning_status == "in_progress"
    promised = int(GENESIS) + 20 * DAY
    paused = sdk.Invoice.pause_dunning(invoice.id, {"expected_payment_date": promised}).invoice
    assert (paused.expected_payment_date, paused.next_retry_at) == (promised, promised)
    travel(sdk, 10)
    assert len(sdk.Invoice.retrieve(invoice.id).invoice.dunning_attempts) == 1
    sdk.Invoice.resume_dunning(invoice.id)
    travel(sdk, 2)
    assert len(sdk.Invoice.retrieve(invoice.id).invoice.dunning_attempts) == 2
    stopped = sdk.Invoice.stop_dunning(invoice.id).invoice
    assert (stopped.dunning_status, stopped.status) == ("stopped", "not_paid")
    travel(sdk, 30)
    assert len(sdk.Invoice.retrieve(invoice.id).invoice.dunning_attempts) == 2
    refused("invalid_state_for_request", sdk.Invoice.resume_dunning, invoice.id)
    assert pay(sdk, invoice, 10_000).invoice.status == "paid"


def test_an_invoice_paid_by_schedule(sdk: Any, acme: Any) -> None:
    scheme = sdk.PaymentScheduleScheme.create(
        {"name": "Thirds", "number_of_schedules": 3, "period_unit": "month", "period": 1}
    ).payment_schedule_scheme
    assert sdk.PaymentScheduleScheme.retrieve(scheme.id).payment_schedule_scheme.number_of_schedules == 3
    assert len(sdk.PaymentScheduleScheme.list().list) == 1
    sdk.PaymentSource.create_card({"customer_id": acme.id, "card": CARD})
    sdk.Customer.update(acme.id, {"auto_collection": "on"})
    invoice = bill(sdk, auto_collection="off", net_term_days=60)
    sdk.Invoice.apply_payment_schedule_scheme(invoice.id, {"scheme_id": scheme.id})
    plan = sdk.Invoice.payment_schedules(invoice.id).payment_schedules[0]
    assert [entry.scheduled_amount for entry in plan.schedule_entries] == [3_334, 3_333, 3_333]
    travel(sdk, 1)
    plan = sdk.Invoice.payment_schedules(invoice.id).payment_schedules[0]
    assert [entry.status for entry in plan.schedule_entries] == ["paid", "posted", "posted"]
    travel(sdk, 62)
    assert sdk.Invoice.retrieve(invoice.id).invoice.status == "paid"
    assert sdk.PaymentScheduleScheme.delete(scheme.id).payment_schedule_scheme.id == scheme.id
    refused("resource_not_found", sdk.PaymentScheduleScheme.retrieve, scheme.id)

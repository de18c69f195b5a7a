"""A subscription goes to another customer, by the vendor's own client: what goes with it, what stands against it."""

from typing import Any

import pytest

from tests.simulators.subscriptions.driving import (
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

pytestmark = pytest.mark.live
MINUTE = 61 / 86_400
CARD = {"number": "4111111111111111", "expiry_month": 1, "expiry_year": 2031, "cvv": "100"}


@pytest.fixture
def two(sdk: Any) -> Any:
    """Acme with a monthly subscription, begun yesterday and paid too much for, and a bill of its own; Globex."""
    monthly(sdk)
    customer(sdk)
    customer(sdk, "globex", company="Globex")
    subscribe(sdk, quantity=2)
    (bill,) = invoices(sdk)
    sdk.Invoice.create_for_charge_items_and_charges(
        {"customer_id": "acme", "charges": [{"amount": 700, "description": "its own"}]}
    )
    sdk.Invoice.record_payment(bill.id, {"transaction": {"amount": 62_500, "payment_method": "bank_transfer"}})
    travel(sdk, 1)
    return bill


def test_all_that_is_the_subscriptions_goes_with_it(sdk: Any, two: Any) -> None:
    sdk.Subscription.update_for_items(
        "s", {"subscription_items": [{"item_price_id": addon(sdk), "quantity": 1}], "invoice_immediately": False}
    )
    answer = sdk.Subscription.move("s", {"to_customer_id": "globex"}).subscription
    assert (answer.id, answer.customer_id) == ("s", "acme")  # as it is: the move comes afterwards
    travel(sdk, MINUTE)
    assert held(sdk).customer_id == "globex"
    moved = sdk.Invoice.retrieve(two.id).invoice
    assert (moved.customer_id, {line.customer_id for line in moved.line_items}) == ("globex", {"globex"})
    (paid,) = sdk.Transaction.list({"customer_id": {"is": "globex"}}).list
    assert paid.transaction.amount_unused == 500
    (charge,) = sdk.UnbilledCharge.list({"subscription_id": {"is": "s"}}).list
    assert charge.unbilled_charge.customer_id == "globex"
    assert [row.invoice.total for row in sdk.Invoice.list({"customer_id": {"is": "acme"}}).list] == [700]
    before, after = (sdk.Customer.retrieve(name).customer for name in ("acme", "globex"))
    assert (before.excess_payments, after.excess_payments) == (0, 500)
    assert (before.unbilled_charges, after.unbilled_charges) == (0, charge.unbilled_charge.amount)
    (comment,) = sdk.Comment.list({"entity_type": "customer", "entity_id": "acme"}).list
    assert "globex" in comment.comment.notes and two.id in comment.comment.notes
    assert event_types(sdk)[-1] == "subscription_changed"
    travel(sdk, 31)  # the next bill is the new customer's, and what it had too much pays for it
    assert (invoices(sdk)[-1].customer_id, invoices(sdk)[-1].amount_paid) == ("globex", 500)


def test_while_it_is_moved_nothing_of_it_is_changed(sdk: Any, two: Any) -> None:
    sdk.Subscription.move("s", {"to_customer_id": "globex"})
    for call in (
        lambda: sdk.Subscription.update_for_items("s", {"po_number": "1"}),
        lambda: sdk.Customer.update("acme", {"company": "A"}),
        lambda: subscribe(sdk, "t", who="globex"),
        lambda: sdk.Subscription.move("s", {"to_customer_id": "globex"}),
    ):
        refused("lock_timeout", None, call)
    assert held(sdk).customer_id == "acme"
    travel(sdk, MINUTE)
    assert subscribe(sdk, "t", who="globex").subscription.status == "active"


def test_what_stands_against_a_move(sdk: Any, two: Any) -> None:
    refused("resource_not_found", "to_customer_id", sdk.Subscription.move, "s", {"to_customer_id": "nobody"})
    refused("param_wrong_value", "to_customer_id", sdk.Subscription.move, "s", {"to_customer_id": "acme"})
    customer(sdk, "tokyo", business_entity_id="SG")
    refused("invalid_state_for_request", "to_customer_id", sdk.Subscription.move, "s", {"to_customer_id": "tokyo"})
    customer(sdk, "child")
    above = {"parent_id": "globex", "payment_owner_id": "child", "invoice_owner_id": "child"}
    sdk.Customer.relationships("child", above)
    refused("invalid_state_for_request", None, sdk.Subscription.move, "s", {"to_customer_id": "globex"})
    sdk.Customer.delete_relationship("child")
    note = {"reference_invoice_id": two.id, "type": "refundable", "total": 100, "reason_code": "waiver"}
    owed = sdk.CreditNote.create(note).credit_note
    refused("invalid_state_for_request", None, sdk.Subscription.move, "s", {"to_customer_id": "globex"})
    sdk.CreditNote.void_credit_note(owed.id)
    travel(sdk, 30)  # the day of the renewal, and a bill that nobody has paid yet
    refused("invalid_state_for_request", None, sdk.Subscription.move, "s", {"to_customer_id": "globex"})
    travel(sdk, 1)
    refused("invalid_state_for_request", None, sdk.Subscription.move, "s", {"to_customer_id": "globex"})
    assert held(sdk).customer_id == "acme"


def test_a_card_is_copied_when_asked_for(sdk: Any, two: Any) -> None:
    sdk.PaymentSource.create_card({"customer_id": "acme", "card": CARD})
    sdk.Subscription.move("s", {"to_customer_id": "globex", "copy_payment_source": True})
    travel(sdk, MINUTE)
    sources = [sdk.PaymentSource.list({"customer_id": {"is": name}}).list for name in ("acme", "globex")]
    assert [len(rows) for rows in sources] == [1, 1]
    assert sdk.Customer.retrieve("globex").customer.primary_payment_source_id == sources[1][0].payment_source.id

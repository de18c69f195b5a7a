"""Consolidated invoices by the vendor's own Python client: who shares a bill, who does not, what such a bill is."""

from typing import Any

import httpx
import pytest

from tests.simulators.subscriptions.driving import NOW, addon, customer, event_types, held, invoices, monthly, travel
from tests.simulators.subscriptions.driving import subscribe as begin
from tests.simulators.subscriptions.site import CONTROL, DAY

pytestmark = pytest.mark.live
CARD = {"number": "4111111111111111", "expiry_month": 12, "expiry_year": 2030, "cvv": "100"}


@pytest.fixture(autouse=True)
def site(sdk: Any, port: int) -> None:
    settings(port, consolidated_invoicing=True)
    monthly(sdk)
    customer(sdk)


def settings(port: int, **site: Any) -> None:
    seed = {"site": {"name": "acme-test", "timezone": "UTC", "proration": "day", **site}}
    assert httpx.post(f"http://127.0.0.1:{port}/_control/seed", json=seed, headers=CONTROL).status_code == 200


def shared(sdk: Any, who: str = "acme") -> list[list[tuple[str, int]]]:
    """The customer's renewal bills, oldest first: whose line each has, and its amount."""
    rows = sdk.Invoice.list({"customer_id": {"is": who}, "sort_by": {"asc": "date"}, "limit": 100}).list
    return [
        sorted((line.subscription_id, line.amount) for line in row.invoice.line_items)
        for row in rows if not row.invoice.first_invoice
    ]  # fmt: skip


def test_renewals_of_one_day_are_one_invoice_and_first_bills_are_not(sdk: Any) -> None:
    for key, quantity in (("s", 1), ("t", 2)):
        begin(sdk, key, quantity=quantity)
    assert [[one.total for one in invoices(sdk, key)] for key in ("s", "t")] == [[31_000], [62_000]]
    travel(sdk, 31)
    assert shared(sdk) == [[("s", 31_000), ("t", 62_000)]]
    bill = next(row.invoice for row in sdk.Invoice.list({"limit": 9}).list if len(row.invoice.line_items) == 2)
    assert (bill.total, bill.status, bill.recurring) == (93_000, "payment_due", True)
    assert "subscription_id" not in bill.raw_data
    assert [line.date_from for line in bill.line_items] == [NOW - 9 * 3_600 + 31 * DAY] * 2
    assert held(sdk, "s").due_invoices_count == 2 and held(sdk, "t").total_dues == 62_000 + 93_000
    sdk.Invoice.record_payment(bill.id, {"transaction": {"amount": 93_000, "payment_method": "cash"}})
    assert [held(sdk, key).total_dues for key in ("s", "t")] == [31_000, 62_000]
    travel(sdk, 28)
    assert shared(sdk)[1:] == [[("s", 31_000), ("t", 62_000)]]
    happened = event_types(sdk)
    assert happened.count("subscription_renewed") == 4 and happened.count("invoice_generated") == 4


def test_numbers_have_no_gap_and_customers_and_sites_may_want_it_otherwise(sdk: Any, port: int) -> None:
    customer(sdk, "alone", consolidated_invoicing=False)
    for who in ("acme", "alone"):
        for key in ("s", "t"):
            begin(sdk, f"{who}-{key}", who=who)
    travel(sdk, 31)
    assert [len(shared(sdk, who)) for who in ("acme", "alone")] == [1, 2]
    settings(port, consolidated_invoicing=False)
    travel(sdk, 28)
    assert [len(shared(sdk, who)) for who in ("acme", "alone")] == [3, 4]
    numbers = [int(row.invoice.id.removeprefix("US-")) for row in sdk.Invoice.list({"limit": 100}).list]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_only_what_is_alike_shares_a_bill(sdk: Any, port: int) -> None:
    sdk.PaymentSource.create_card({"customer_id": "acme", "card": CARD})
    monthly(sdk, "euro", currency_code="EUR")
    begin(sdk, "s", po_number="P1")
    begin(sdk, "t", po_number="P2")
    begin(sdk, "card", auto_collection="on")
    begin(sdk, "euro", "euro")
    begin(sdk, "weekly", monthly(sdk, "week", period_unit="week"))
    travel(sdk, 31)
    whose = sorted([key for key, _ in lines] for lines in shared(sdk))
    assert whose == [["card"], ["euro"], ["s", "t"], *[["weekly"]] * 4]
    settings(port, consolidated_invoicing=True, consolidation_separates=["po_number"])
    travel(sdk, 28)
    whose = sorted([key for key, _ in lines] for lines in shared(sdk)[7:])
    assert [one for one in whose if one != ["weekly"]] == [["card"], ["euro"], ["s"], ["t"]]


def test_a_shared_bill_is_collected_once_from_the_card(sdk: Any) -> None:
    sdk.PaymentSource.create_card({"customer_id": "acme", "card": CARD})
    for key in ("s", "t", "u"):
        begin(sdk, key, auto_collection="on")
    travel(sdk, 31)
    bill = next(row.invoice for row in sdk.Invoice.list({"limit": 9}).list if len(row.invoice.line_items) == 3)
    assert (bill.status, bill.amount_paid) == ("paid", 93_000) and len(bill.linked_payments) == 1


def test_a_change_in_mid_term_credits_its_own_lines_of_a_shared_bill(sdk: Any) -> None:
    begin(sdk, "s", quantity=2)
    begin(sdk, "t", quantity=2)
    travel(sdk, 31)
    travel(sdk, 14)
    items = {"subscription_items": [{"item_price_id": "month", "quantity": 1}]}
    changed = sdk.Subscription.update_for_items("t", items)
    (note,) = changed.credit_notes
    assert (note.type, note.total) == ("adjustment", 31_000 // 2)
    bill = sdk.Invoice.retrieve(note.reference_invoice_id).invoice
    assert len(bill.line_items) == 2 and bill.amount_due == 124_000 - 15_500
    assert [held(sdk, key).total_dues for key in ("s", "t")] == [62_000 + 108_500] * 2


def test_what_waits_goes_with_it_and_what_ends_does_not(sdk: Any) -> None:
    price = addon(sdk)
    for key in ("s", "t", "gone"):
        begin(sdk, key)
    sdk.Subscription.charge_addon_at_term_end("t", {"addon_id": price, "addon_quantity": 1})
    sdk.Subscription.cancel_for_items("gone", {"end_of_term": True})
    begin(sdk, "contract", billing_cycles=1, contract_term={"action_at_term_end": "cancel"})
    travel(sdk, 31)
    assert shared(sdk) == [[("s", 31_000), ("t", 3_100), ("t", 31_000)]]
    assert held(sdk, "gone").status == held(sdk, "contract").status == "cancelled"
    assert not sdk.UnbilledCharge.list({"limit": 10}).list


def test_one_that_is_left_alone_has_its_bill_to_itself(sdk: Any) -> None:
    begin(sdk, "s")
    begin(sdk, "t")
    sdk.Subscription.pause("t", {"pause_option": "end_of_term"})
    travel(sdk, 31)
    assert [one.total for one in invoices(sdk, "s")] == [31_000, 31_000]
    assert held(sdk, "t").status == "paused" and len(invoices(sdk, "t")) == 1


def test_terms_that_begin_at_other_hours_of_the_day_share_the_last_one_s_bill(sdk: Any, port: int) -> None:
    settings(port, consolidated_invoicing=True, proration="millisecond")
    begin(sdk, "s")
    travel(sdk, 0.25)
    begin(sdk, "t")
    travel(sdk, 31)
    (bill,) = [row.invoice for row in sdk.Invoice.list({"limit": 9}).list if len(row.invoice.line_items) == 2]
    assert bill.date == NOW + 31.25 * DAY
    assert sorted(line.date_from for line in bill.line_items) == [NOW + 31 * DAY, NOW + 31.25 * DAY]

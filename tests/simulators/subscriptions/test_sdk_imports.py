"""Documents of another system brought in by the vendor's own client: their ids, taxes, payments and uses."""

from typing import Any

import pytest

from tests.simulators.subscriptions.site import DAY, GENESIS
from tests.simulators.subscriptions.test_sdk import customer
from tests.simulators.subscriptions.test_sdk_money import bill, refused

pytestmark = pytest.mark.live

THEN = int(GENESIS) - 40 * DAY
LINES = [
    {"description": "Seats", "unit_amount": 1_000, "quantity": 3, "tax1_name": "VAT", "tax1_amount": 570},
    {"description": "Travel", "amount": 430},
]


def imported(sdk: Any, key: str, **more: Any) -> Any:
    return sdk.Invoice.import_invoice({
        "id": key, "customer_id": "acme", "date": THEN, "total": 4_000, "line_items": LINES,
        "taxes": [{"name": "VAT", "rate": 19.0}], **more,
    }).invoice  # fmt: skip


def test_an_invoice_keeps_its_number_taxes_and_payments(sdk: Any) -> None:
    customer(sdk)
    paid = {"amount": 4_000, "payment_method": "bank_transfer", "date": THEN + DAY, "reference_number": "R1"}
    made = imported(sdk, "OLD-1", payments=[paid])
    assert (made.id, made.status, made.tax, made.sub_total, made.amount_paid) == ("OLD-1", "paid", 570, 3_430, 4_000)
    assert (made.line_items[0].tax_rate, made.line_item_taxes[0].taxable_amount) == (19.0, 3_000)
    opened = imported(sdk, "OLD-2", status="payment_due", net_term_days=14)
    assert (opened.status, opened.amount_due, opened.due_date) == ("payment_due", 4_000, THEN + 14 * DAY)
    assert imported(sdk, "OLD-3", status="voided").status == "voided"
    refused("duplicate_entry", imported, sdk, "OLD-1")
    refused("param_wrong_value", imported, sdk, "OLD-4")  # said to be paid, and is not
    with pytest.raises(Exception, match="make 4000"):
        imported(sdk, "OLD-5", total=4_001, status="payment_due")
    assert bill(sdk).id == "US-000001"  # the series of this site begins where it begins


def test_a_credit_note_comes_with_what_it_was_used_for(sdk: Any) -> None:
    customer(sdk)
    paid = {"amount": 4_000, "payment_method": "cash"}
    imported(sdk, "OLD-1", payments=[paid])
    imported(sdk, "OLD-2", status="payment_due")
    note = sdk.CreditNote.import_credit_note({
        "id": "CN-7", "reference_invoice_id": "OLD-1", "type": "refundable", "create_reason_code": "Old", "date": THEN,
        "total": 3_000, "allocations": [{"invoice_id": "OLD-2", "allocated_amount": 1_000, "allocated_at": THEN}],
        "linked_refunds": [{"amount": 500, "payment_method": "cash", "date": THEN}],
    }).credit_note  # fmt: skip
    assert (note.id, note.status, note.amount_available) == ("CN-7", "refund_due", 1_500)
    assert sdk.Invoice.retrieve("OLD-2").invoice.amount_due == 3_000
    assert sdk.Customer.retrieve("acme").customer.refundable_credits == 1_500
    refused("param_wrong_value", sdk.CreditNote.import_credit_note, {
        "id": "CN-8", "reference_invoice_id": "OLD-1", "type": "refundable", "create_reason_code": "Old", "date": THEN,
        "total": 1_001,
    })  # fmt: skip

"""Who pays, by the vendor's own client: contacts, hierarchy, merged and forgotten customers, cards of old."""

from typing import Any

import pytest

from tests.simulators.subscriptions.site import NEW_YORK
from tests.simulators.subscriptions.test_sdk_money import CARD, bill, pay, refused

pytestmark = pytest.mark.live


@pytest.fixture
def acme(sdk: Any) -> Any:
    """A customer who is not collected from automatically."""
    return sdk.Customer.create(
        {"id": "acme", "company": "Acme", "auto_collection": "off", "billing_address": {**NEW_YORK, "state_code": "TX"}}
    ).customer


def test_contacts_and_hierarchy(sdk: Any, acme: Any) -> None:
    sdk.Customer.add_contact(acme.id, {"contact": {"id": "c1", "email": "cfo@acme.test", "enabled": True}})
    sdk.Customer.update_contact(acme.id, {"contact": {"id": "c1", "label": "CFO", "send_billing_email": True}})
    assert sdk.Customer.contacts_for_customer(acme.id).list[0].contact.label == "CFO"
    assert not sdk.Customer.delete_contact(acme.id, {"contact": {"id": "c1"}}).customer.contacts
    sdk.PaymentSource.create_card({"customer_id": acme.id, "card": CARD})
    for child in ("east", "west"):
        sdk.Customer.create({"id": child, "company": child, "auto_collection": "on"})
        above = {"parent_id": acme.id, "payment_owner_id": acme.id, "invoice_owner_id": child}
        related = sdk.Customer.relationships(
            child, {**above, "child_account_access": {"portal_download_invoices": "no"}}
        )
        assert related.customer.relationship.payment_owner_id == acme.id
        assert related.customer.child_account_access.portal_download_invoices == "no"
    refused("param_wrong_value", sdk.Customer.relationships, acme.id, {
        "parent_id": "east", "payment_owner_id": "east", "invoice_owner_id": "acme",
    })  # fmt: skip
    tree = sdk.Customer.hierarchy("west", {"hierarchy_operation_type": "complete_hierarchy"}).hierarchies
    assert [(one.customer_id, one.children_ids) for one in tree] == [
        ("acme", ["east", "west"]),
        ("east", []),
        ("west", []),
    ]
    path = sdk.Customer.list_hierarchy_detail("west", {"hierarchy_operation_type": "path_to_root"})
    assert [row.hierarchy.customer_id for row in path.list] == ["west", "acme"]
    bought = bill(sdk, customer="east")
    assert bought.payment_owner == acme.id
    settled = sdk.Invoice.retrieve(bought.id).invoice
    assert settled.status == "paid"  # by the parent's card
    sdk.Customer.update_hierarchy_settings("east", {"use_default_hierarchy_settings": True})
    assert sdk.Customer.delete_relationship("east").customer.relationship is None


def test_customers_merged_and_forgotten(sdk: Any, acme: Any) -> None:
    sdk.Customer.create({"id": "acme2", "company": "Acme Inc", "auto_collection": "off"})
    invoice = bill(sdk, customer="acme2")
    pay(sdk, invoice, 10_100)
    merged = sdk.Customer.merge({"from_customer_id": "acme2", "to_customer_id": "acme"}).customer
    assert (merged.id, merged.excess_payments) == ("acme", 100)
    assert sdk.Invoice.retrieve(invoice.id).invoice.customer_id == "acme"
    refused("resource_not_found", sdk.Customer.retrieve, "acme2")
    dated = sdk.Customer.change_billing_date("acme", {"billing_date": 15, "billing_date_mode": "manually_set"}).customer
    assert (dated.billing_date, dated.billing_date_mode) == (15, "manually_set")
    due = bill(sdk)
    refused("invalid_state_for_request", sdk.Customer.clear_personal_data, "acme")
    pay(sdk, due, due.amount_due)
    cleared = sdk.Customer.clear_personal_data("acme").customer
    assert (cleared.pii_cleared, cleared.company, cleared.billing_address) == ("cleared", None, None)


def test_the_one_card_of_old_and_virtual_accounts(sdk: Any, acme: Any) -> None:
    refused("resource_not_found", sdk.Card.retrieve, acme.id)
    first = sdk.Card.update_card_for_customer(acme.id, CARD)
    assert (first.card.last4, first.customer.card_status) == ("1111", "valid")
    second = sdk.Card.update_card_for_customer(acme.id, {**CARD, "number": "4242424242424242"})
    assert second.card.last4 == "4242" and len(sdk.PaymentSource.list({"customer_id": {"is": acme.id}}).list) == 1
    assert sdk.Card.retrieve(acme.id).card.card_type == "visa"
    assert sdk.Card.delete_card_for_customer(acme.id).customer.card_status == "no_card"
    by_token = {"payment_method": {"type": "card", "reference_id": "tok_4000000000009995"}}
    assert sdk.Customer.update_payment_method(acme.id, by_token).card.last4 == "9995"
    account = sdk.VirtualBankAccount.create({"customer_id": acme.id, "email": "pay@acme.test"}).virtual_bank_account
    assert sdk.VirtualBankAccount.retrieve(account.id).virtual_bank_account.email == "pay@acme.test"
    assert len(sdk.VirtualBankAccount.list({"customer_id": {"is": acme.id}}).list) == 1
    assert sdk.VirtualBankAccount.delete(account.id).virtual_bank_account.deleted

"""Upsert by external id: created, changed, ambiguous, and references by external id."""

import pytest

from tests.simulators.salesforce.org import ROOT, Org


@pytest.fixture
def org() -> Org:
    return Org().login()


KEY = "sobjects/Invoice__c/Invoice_Number__c/US-000001"


def test_first_created_then_changed_with_bodies_from_version_46(org: Org):
    first = org.rest("PATCH", KEY, {"Gross__c": 10})
    assert first.status == 201 and first.json["created"] is True
    second = org.rest("PATCH", KEY, {"Gross__c": 11})
    assert (second.status, second.json) == (
        200, {"id": first.json["id"], "success": True, "errors": [], "created": False},
    )  # fmt: skip
    old = org.call("PATCH", f"/services/data/v45.0/{KEY}", {"Gross__c": 12})
    assert (old.status, old.content) == (204, b"")
    assert org.get("Invoice__c", first.json["id"])["Gross__c"] == 12.0
    assert org.call("PATCH", f"/services/data/v45.0/{KEY}2", {"Gross__c": 12}).status == 201


def test_the_external_id_compares_without_case_and_may_hold_a_slash(org: Org):
    first = org.rest("PATCH", "sobjects/Invoice__c/Invoice_Number__c/a%201%2Fb", {}).json["id"]
    assert org.rest("PATCH", "sobjects/invoice__c/invoice_number__c/A%201/B", {}).json["id"] == first
    assert org.rest("GET", "sobjects/Invoice__c/Invoice_Number__c/a%201%2Fb").json["Invoice_Number__c"] == "a 1/b"
    assert org.rest("DELETE", "sobjects/Invoice__c/Invoice_Number__c/a%201%2Fb").status == 204
    assert org.rest("GET", "sobjects/Invoice__c/Invoice_Number__c/a%201%2Fb").status == 404


def test_a_plus_in_a_path_is_a_plus(org: Org):
    org.rest("PATCH", "sobjects/Invoice__c/Invoice_Number__c/A+1", {})
    assert org.rows("SELECT Invoice_Number__c FROM Invoice__c")[0]["Invoice_Number__c"] == "A+1"


def test_several_matches_are_listed(org: Org):
    ids = [org.create("Product2", Name="P", ProductCode="SAME") for _ in range(2)]
    for method in ("GET", "PATCH", "DELETE"):
        reply = org.rest(
            method, "sobjects/Product2/ProductCode/same", {"Family": "Services"} if method == "PATCH" else None
        )
        assert (reply.status, reply.json) == (300, [f"{ROOT}/sobjects/Product2/{one}" for one in ids])


def test_update_only_refuses_to_insert(org: Org):
    assert org.rest("PATCH", f"{KEY}?updateOnly=true", {}).status == 404


def test_the_key_must_not_be_in_the_body(org: Org):
    reply = org.rest("PATCH", KEY, {"Invoice_Number__c": "US-000001"})
    assert reply.code == "INVALID_FIELD"
    assert reply.message == "The Invoice_Number__c field should not be specified in the sobject data."


def test_upsert_by_id_changes_and_posting_to_it_inserts(org: Org):
    record_id = org.create("Account", Name="Acme")
    assert org.rest("PATCH", f"sobjects/Account/Id/{record_id}", {"Site": "HQ"}).status == 200
    assert org.rest("POST", "sobjects/Account/Id", {"Name": "New"}).status == 201
    assert org.rest("POST", "sobjects/Account/Name", {"Name": "New"}).status == 405


def test_parents_are_found_by_external_id(org: Org):
    account = org.create("Account", Name="Acme", Billing_Customer_Id__c="cb_1")
    reply = org.rest("PATCH", KEY, {"Account__r": {"Billing_Customer_Id__c": "CB_1"}})
    assert org.get("Invoice__c", reply.json["id"])["Account__c"] == account
    missed = org.rest("PATCH", KEY, {"Account__r": {"Billing_Customer_Id__c": "cb_2"}})
    assert missed.status == 400 and missed.code == "INVALID_FIELD"
    assert missed.message == (
        "Foreign key external ID: cb_2 not found for field Billing_Customer_Id__c in entity Account"
    )


def test_a_unique_value_names_its_holder_in_fifteen_characters(org: Org):
    first = org.create("Account", Name="A", Billing_Customer_Id__c="cb_1")
    reply = org.rest("POST", "sobjects/Account", {"Name": "B", "Billing_Customer_Id__c": "CB_1"})
    assert reply.json == [{
        "message": f"duplicate value found: Billing_Customer_Id__c duplicates value on record with id: {first[:15]}",
        "errorCode": "DUPLICATE_VALUE", "fields": [],
    }]  # fmt: skip
    org.rest("DELETE", f"sobjects/Account/{first}")
    assert org.create("Account", Name="B", Billing_Customer_Id__c="CB_1")

"""A user's own set-up: the metadata catalog of their account, and lists as the vendor's pages export them."""

from typing import Any

import pytest

from simulators.kit.system import SeedError
from tests.simulators.erp_cloud.world import SEED, World, invoice_body

INVOICE = "/record/v1/invoice"
STRICT = {"X_NetSuite_PropertyNameValidation": "error"}
CATALOG: dict[str, Any] = {"openapi": "3.0.1", "components": {"schemas": {
    "nsLink": {"type": "object", "properties": {"rel": {"type": "string"}}},
    "nsResource": {"type": "object", "properties": {"id": {"type": "string"}, "refName": {"type": "string"}}},
    "customer": {"type": "object", "properties": {
        "companyName": {"type": "string"}, "custentity_crm_id": {"type": "string", "title": "CRM ID"},
    }, "required": ["custentity_crm_id"]},
    "invoice": {"type": "object", "properties": {
        "entity": {"$ref": "#/components/schemas/nsResource"}, "tranId": {"type": "string"},
        "tranDate": {"type": "string", "format": "date"},
        "item": {"$ref": "#/components/schemas/invoice-itemCollection"},
        "custbody_region": {"$ref": "#/components/schemas/nsResource"}, "custbody_seats": {"type": "integer"},
        "custbody_live": {"type": "string", "format": "date"},
    }},
    "invoice-itemCollection": {"type": "object", "properties": {
        "items": {"type": "array", "items": {"$ref": "#/components/schemas/invoice-itemElement"}},
    }},
    "invoice-itemElement": {"type": "object", "properties": {
        "item": {"$ref": "#/components/schemas/nsResource"}, "custcol_term": {"type": "number"},
    }},
    "vendorBill": {"type": "object", "properties": {"memo": {"type": "string"}}},
}}}  # fmt: skip


def own_fields(**more: Any) -> dict[str, Any]:
    body = invoice_body(custbody_region={"id": "7"}, custbody_seats=5, custbody_live="2026-02-01", **more)
    body["item"]["items"][0]["custcol_term"] = 1.5
    return body


def test_the_fields_of_a_users_account_are_known_checked_and_asked_for() -> None:
    world = World()
    assert world.call("POST", "/record/v1/customer", {"companyName": "A", "subsidiary": "1"}).status == 204
    done = world.act("import_catalog", catalog=CATALOG)
    assert done == {"fields": {"customer": 1, "invoice": 4}, "unknownRecords": ["vendorBill"]}
    missing = world.call("POST", "/record/v1/customer", {"companyName": "B", "subsidiary": "1"})
    assert missing.path == "custentity_crm_id" and "CRM ID" in missing.detail
    world.customer(custentity_crm_id="001A")
    assert world.call("POST", INVOICE, own_fields(custbody_other=1), **STRICT).path == "custbody_other"
    assert world.call("POST", INVOICE, own_fields() | {"custbody_seats": "many"}).path == "custbody_seats"
    shown = world.get("invoice", world.call("POST", INVOICE, own_fields(), **STRICT).id)
    assert (shown["custbody_region"]["id"], shown["custbody_live"]) == ("7", "2026-02-01")
    assert shown["item"]["items"][0]["custcol_term"] == 1.5
    schema = world.call("GET", "/record/v1/metadata-catalog/invoice").json
    assert schema["properties"]["custbody_seats"]["type"] == "integer"
    assert world.call("GET", "/record/v1/invoice?q=custbody_seats EQUAL 5").json["totalResults"] == 1


def test_only_what_the_catalog_has_is_there() -> None:
    world = World()
    world.customer()
    world.act("import_catalog", catalog=CATALOG, only=True)
    assert world.call("POST", INVOICE, invoice_body(otherRefNum="PO-1"), **STRICT).path == "otherRefNum"
    assert world.call("POST", INVOICE, invoice_body(), **STRICT).status == 204


def test_our_own_catalog_can_be_imported_into_another_account() -> None:
    one, other = World(), World()
    one.act("define_field", id="custbody_x", record="invoice")
    one.act("define_field", id="custbody_x", record="creditMemo", type="integer")
    catalog = one.call("GET", "/record/v1/metadata-catalog?select=invoice,creditMemo",
                       accept="application/swagger+json").json  # fmt: skip
    assert other.act("import_catalog", catalog=catalog)["fields"] == {"invoice": 1, "creditMemo": 1}
    other.customer()
    assert other.call("POST", INVOICE, invoice_body(custbody_x="a"), **STRICT).status == 204
    assert other.call("POST", "/record/v1/creditMemo", invoice_body("CN", custbody_x="a")).path == "custbody_x"


def test_lists_come_as_the_vendors_pages_export_them() -> None:
    world = World()
    accounts = "Internal ID,Number,Account,Type\n77,4200,Usage Income,Income\n78,2600,Deferred,Deferred Revenue\n"
    assert world.act("import_list", what="account", csv=accounts) == {"account": 2}
    items = (
        "External ID,Item Name/Number,Type,Income Account,Deferred Revenue Account,Subsidiary\n"
        "USG,Usage,Service for Sale,4200,2600,Windtunnel US Inc|Windtunnel GmbH\n"
    )
    world.act("import_list", what="items", csv=items)
    world.act("import_list", what="taxCodes", rows=[
        {"Tax Code": "US-5", "Tax Rate": "5.0%", "Nexus": "US", "Tax Type": "US Sales Tax"},
    ])  # fmt: skip
    world.customer()
    line = {"item": {"externalId": "USG"}, "amount": 10, "taxDetailsReference": "1"}
    detail = {
        "taxDetailsReference": "1",
        "taxCode": {"refName": "US-5"},
        "taxBasis": 10,
        "taxRate": 5,
        "taxAmount": 0.5,
    }
    key = world.call("POST", INVOICE, {
        "entity": {"externalId": "CB-c1"}, "item": {"items": [line]}, "taxDetailsOverride": True,
        "taxDetails": {"items": [detail]},
    }).id  # fmt: skip
    rows = world.rows(
        "SELECT a.acctnumber, a.accttype FROM transactionaccountingline l JOIN account a ON a.id = l.account "
        "WHERE l.transaction = ? AND l.credit = 10", key,
    )  # fmt: skip
    assert rows == [{"acctnumber": "2600", "accttype": "DeferRevenue"}]


@pytest.mark.parametrize(("arguments", "words"), [
    ({"what": "vendors", "rows": []}, "no list vendors"),
    ({"what": "account", "csv": "Number"}, "no rows"),
    ({"what": "account", "csv": "Number,Colour\n1,red\n"}, "row 1: nothing is known of the heading Colour"),
    ({"what": "items", "csv": "Item Name/Number,Income Account\nX,9999\n"}, "no account 9999"),
])  # fmt: skip
def test_a_bad_list_names_its_place_and_changes_nothing(arguments: dict[str, Any], words: str) -> None:
    world = World()
    before = world.system.store.find("account"), world.system.store.find("item")
    with pytest.raises(ValueError, match=words):
        world.act("import_list", **arguments)
    assert (world.system.store.find("account"), world.system.store.find("item")) == before


def test_what_is_no_catalog_is_refused_also_in_a_seed() -> None:
    with pytest.raises(ValueError, match=r"components\.schemas"):
        World().act("import_catalog", catalog={"items": []})
    with pytest.raises(SeedError, match="catalog"):
        World(seed=SEED | {"catalog": {}})
    assert World(seed=SEED | {"catalog": CATALOG}).system.state.preferences["mandatory"]["customer"]

"""Orders, quotes, assets and tasks."""

import pytest

from tests.simulators.salesforce.org import Org, a_deal


@pytest.fixture
def org() -> Org:
    return Org().login()


def an_order(org: Org, deal: dict[str, str], **fields: object) -> str:
    values = {"AccountId": deal["account"], "EffectiveDate": "2026-01-05", "Status": "Draft"}
    return org.create("Order", **values | {"Pricebook2Id": deal["book"]} | fields)


def test_an_order_is_drafted_filled_activated_and_locked(org: Org):
    deal = a_deal(org)
    order = an_order(org, deal)
    assert org.get("Order", order)["OrderNumber"] == "00000001"
    reply = org.update("Order", order, Status="Activated")
    assert (reply.code, reply.message) == ("FAILED_ACTIVATION", "An order must have at least one product.")
    item = org.create("OrderItem", OrderId=order, PricebookEntryId=deal["entry"], Quantity=3, UnitPrice=9.5)
    line = org.get("OrderItem", item)
    assert (line["TotalPrice"], line["ListPrice"], line["Product2Id"]) == (28.5, 12000, deal["product"])
    assert org.get("Order", order)["TotalAmount"] == 28.5
    assert org.update("Order", order, Status="Activated").status == 204
    found = org.get("Order", order)
    assert (found["StatusCode"], found["ActivatedDate"]) == ("Activated", "2026-01-05T09:00:00.000+0000")
    more = {"OrderId": order, "PricebookEntryId": deal["entry"], "Quantity": 1, "UnitPrice": 1}
    assert org.rest("POST", "sobjects/OrderItem", more).code == "INVALID_OPERATION"
    assert org.update("OrderItem", item, Quantity=4).code == "INVALID_OPERATION"
    assert org.rest("DELETE", f"sobjects/OrderItem/{item}").code == "INVALID_OPERATION"
    assert org.update("Order", order, EffectiveDate="2026-02-01").code == "FIELD_INTEGRITY_EXCEPTION"
    assert org.update("Order", order, PoNumber="PO-1").status == 204
    for path in (f"Order/{order}", f"Account/{deal['account']}"):
        assert org.rest("DELETE", f"sobjects/{path}").code == "DELETE_FAILED"


def test_an_order_is_not_born_activated_and_waits_for_its_contract(org: Org):
    deal = a_deal(org)
    values = {"AccountId": deal["account"], "EffectiveDate": "2026-01-05", "Status": "Activated"}
    assert org.rest("POST", "sobjects/Order", values).code == "FAILED_ACTIVATION"
    contract = org.create("Contract", AccountId=deal["account"])
    order = an_order(org, deal, ContractId=contract)
    org.create("OrderItem", OrderId=order, PricebookEntryId=deal["entry"], Quantity=1, UnitPrice=1)
    assert org.update("Order", order, Status="Activated").code == "FAILED_ACTIVATION"
    org.update("Contract", contract, Status="Activated")
    assert org.update("Order", order, Status="Activated").status == 204


def test_order_products_come_from_the_orders_book_and_currency(org: Org):
    deal = a_deal(org)
    line = {"PricebookEntryId": deal["entry"], "Quantity": 1, "UnitPrice": 1}
    for fields in ({"Pricebook2Id": None}, {"CurrencyIsoCode": "EUR"}):
        order = an_order(org, deal, **fields)
        assert org.rest("POST", "sobjects/OrderItem", line | {"OrderId": order}).code == "FIELD_INTEGRITY_EXCEPTION"
    order = an_order(org, deal)
    item = org.create("OrderItem", **line, OrderId=order)
    assert org.update("Order", order, Pricebook2Id=None).code == "FIELD_INTEGRITY_EXCEPTION"
    assert org.rest("DELETE", f"sobjects/OrderItem/{item}").status == 204
    assert org.get("Order", order)["TotalAmount"] == 0


def test_a_quote_adds_up(org: Org):
    deal = a_deal(org)
    quote = org.create("Quote", Name="Q", OpportunityId=deal["opportunity"], Tax=5, ShippingHandling=1)
    org.create("QuoteLineItem", QuoteId=quote, PricebookEntryId=deal["entry"], Quantity=2, UnitPrice=100, Discount=10)
    org.create("QuoteLineItem", QuoteId=quote, PricebookEntryId=deal["entry"], Quantity=1)
    found = org.get("Quote", quote)
    assert (found["Subtotal"], found["TotalPrice"], found["GrandTotal"], found["LineItemCount"]) == (
        12200, 12180, 12186, 2,
    )  # fmt: skip
    assert (found["Discount"], found["AccountId"], found["Pricebook2Id"]) == (0.16, deal["account"], deal["book"])
    org.rest("DELETE", f"sobjects/Opportunity/{deal['opportunity']}")
    assert org.rows("SELECT Id FROM QuoteLineItem") == []


def test_an_asset_needs_somebody_to_belong_to(org: Org):
    reply = org.rest("POST", "sobjects/Asset", {"Name": "Box"})
    assert (reply.code, reply.message) == (
        "FIELD_INTEGRITY_EXCEPTION", "Every asset needs an account, a contact, or both.",
    )  # fmt: skip
    account = org.create("Account", Name="Acme")
    top = org.create("Asset", Name="Rack", AccountId=account)
    part = org.create("Asset", Name="Box", AccountId=account, ParentId=top)
    assert org.get("Asset", part)["RootAssetId"] == top == org.get("Asset", top)["RootAssetId"]

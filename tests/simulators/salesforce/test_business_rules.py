"""What the org derives and guards: stages, lines, price books, contracts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.salesforce.rules import contract, opportunity
from tests.simulators.salesforce.org import Org, a_deal


@pytest.fixture
def org() -> Org:
    return Org().login()


def line(org: Org, deal: dict[str, str], **fields: object):
    body = {"OpportunityId": deal["opportunity"], "PricebookEntryId": deal["entry"], **fields}
    return org.rest("POST", "sobjects/OpportunityLineItem", body)


def test_the_stage_decides_probability_forecast_and_whether_it_is_won(org: Org):
    deal = a_deal(org)["opportunity"]
    found = org.get("Opportunity", deal)
    assert (found["Probability"], found["ForecastCategoryName"], found["IsClosed"]) == (10.0, "Pipeline", False)
    org.time.now += 5
    org.update("Opportunity", deal, StageName="Closed Won", Amount=100)
    found = org.get("Opportunity", deal)
    assert (found["Probability"], found["ForecastCategory"], found["IsClosed"], found["IsWon"]) == (
        100.0,
        "Closed",
        True,
        True,
    )
    assert found["ExpectedRevenue"] == 100.0 and found["LastStageChangeDate"] == "2026-01-05T09:00:05.000+0000"
    org.update("Opportunity", deal, StageName="Prospecting", Probability=35)
    found = org.get("Opportunity", deal)
    assert (found["Probability"], found["ExpectedRevenue"], found["IsWon"]) == (35.0, 35.0, False)
    org.update("Opportunity", deal, StageName="Our Own Stage")
    assert org.get("Opportunity", deal)["Probability"] == 0.0
    assert (found["Fiscal"], found["FiscalQuarter"], found["FiscalYear"]) == ("2026 1", 1, 2026)


def test_lines_decide_amount_and_price_book(org: Org):
    deal = a_deal(org)
    assert line(org, deal, Quantity=3, UnitPrice=100.10, Discount=10).status == 201
    second = line(org, deal, Quantity=2, TotalPrice=500).json["id"]
    found = org.get("Opportunity", deal["opportunity"])
    assert found["Amount"] == 770.27 and found["TotalOpportunityQuantity"] == 5.0
    assert found["Pricebook2Id"] == deal["book"] and found["HasOpportunityLineItem"] is True
    shown = org.get("OpportunityLineItem", second)
    assert (shown["UnitPrice"], shown["ListPrice"], shown["Subtotal"]) == (250.0, 12000.0, 500.0)
    assert (shown["Name"], shown["ProductCode"]) == ("Acme 2026 Platform", "PLAT-ANNUAL")
    assert org.update("Opportunity", deal["opportunity"], Amount=1, NextStep="call").status == 204
    found = org.get("Opportunity", deal["opportunity"])
    assert found["Amount"] == 770.27 and found["NextStep"] == "call"
    org.update("OpportunityLineItem", second, Quantity=4)
    assert org.get("Opportunity", deal["opportunity"])["Amount"] == 1270.27
    org.rest("DELETE", f"sobjects/OpportunityLineItem/{second}")
    assert org.get("Opportunity", deal["opportunity"])["Amount"] == 270.27


def test_a_line_takes_one_price_and_needs_one(org: Org):
    deal = a_deal(org)
    assert line(org, deal, Quantity=1, UnitPrice=1, TotalPrice=1).code == "INVALID_FIELD"
    assert line(org, deal, Quantity=1).message == "Required fields are missing: [TotalPrice]"
    assert line(org, deal, UnitPrice=1).message == "Required fields are missing: [Quantity]"
    assert org.get("Opportunity", deal["opportunity"])["HasOpportunityLineItem"] is False


def test_a_line_may_name_its_product_instead_of_the_price(org: Org):
    deal = a_deal(org)
    body = {"OpportunityId": deal["opportunity"], "Product2Id": deal["product"], "Quantity": 1, "UnitPrice": 5}
    made = org.rest("POST", "sobjects/OpportunityLineItem", body).json["id"]
    assert org.get("OpportunityLineItem", made)["PricebookEntryId"] == deal["entry"]


def test_a_line_from_another_price_book_or_currency_is_refused(org: Org):
    deal = a_deal(org)
    line(org, deal, Quantity=1, UnitPrice=1)
    other = org.create("Pricebook2", Name="Partners", IsActive=True)
    entry = org.create("PricebookEntry", Pricebook2Id=other, Product2Id=deal["product"], UnitPrice=1, IsActive=True)
    reply = line(org, {**deal, "entry": entry}, Quantity=1, UnitPrice=1)
    assert reply.code == "FIELD_INTEGRITY_EXCEPTION" and "different pricebook" in reply.message
    assert org.update("Opportunity", deal["opportunity"], Pricebook2Id=other).code == "FIELD_INTEGRITY_EXCEPTION"
    sgd = org.create(
        "PricebookEntry", Pricebook2Id=deal["book"], Product2Id=deal["product"], UnitPrice=1, IsActive=True,
        CurrencyIsoCode="SGD",
    )  # fmt: skip
    assert line(org, {**deal, "entry": sgd}, Quantity=1, UnitPrice=1).code == "FIELD_INTEGRITY_EXCEPTION"


def test_price_book_entries_need_the_standard_price_and_exist_once(org: Org):
    deal = a_deal(org)
    product = org.create("Product2", Name="Other")
    other = org.create("Pricebook2", Name="Partners", IsActive=True)
    body = {"Pricebook2Id": other, "Product2Id": product, "UnitPrice": 1}
    assert org.rest("POST", "sobjects/PricebookEntry", body).message == "No standard price defined for this product"
    body = {"Pricebook2Id": deal["book"], "Product2Id": deal["product"], "UnitPrice": 1}
    reply = org.rest("POST", "sobjects/PricebookEntry", body)
    assert (reply.code, reply.message) == ("DUPLICATE_VALUE", "This price definition already exists in this price book")


def test_a_renamed_product_renames_its_prices(org: Org):
    deal = a_deal(org)
    org.update("Product2", deal["product"], Name="Platform 2", ProductCode="P2")
    found = org.get("PricebookEntry", deal["entry"])
    assert (found["Name"], found["ProductCode"]) == ("Platform 2", "P2")


def test_a_contract_is_born_as_draft_and_activated_once(org: Org):
    account = org.create("Account", Name="Acme")
    reply = org.rest("POST", "sobjects/Contract", {"AccountId": account, "Status": "Activated"})
    assert reply.code == "FAILED_ACTIVATION"
    made = org.create("Contract", AccountId=account, StartDate="2026-01-31", ContractTerm=13)
    found = org.get("Contract", made)
    assert (found["Status"], found["ContractNumber"], found["EndDate"]) == ("Draft", "00000001", "2027-02-27")
    org.time.now += 60
    assert org.update("Contract", made, Status="Activated").status == 204
    found = org.get("Contract", made)
    assert found["ActivatedDate"] == "2026-01-05T09:01:00.000+0000" and found["StatusCode"] == "Activated"
    assert org.update("Contract", made, Status="Draft").code == "FAILED_ACTIVATION"
    assert org.rest("DELETE", f"sobjects/Contract/{made}").code == "DELETE_FAILED"
    assert org.update("Contract", made, Status="Nope").code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"


@pytest.mark.parametrize(
    ("start", "term", "end"),
    [
        ("2026-01-01", 12, "2026-12-31"),
        ("2024-02-29", 12, "2025-02-27"),
        ("2026-10-31", 1, "2026-11-29"),
        (None, 12, None),
    ],
)
def test_a_contract_ends_a_day_before_start_plus_term(start: str | None, term: int, end: str | None):
    assert contract.end_date(start, term) == end


@given(st.lists(st.tuples(st.integers(1, 99_999), st.integers(1, 10**7), st.integers(0, 10_000)), max_size=6))
@settings(max_examples=50, deadline=None)
def test_the_roll_up_is_the_sum_of_the_lines_to_the_cent(rows: list[tuple[int, int, int]]):
    deal = {"Amount": None, "Probability": 50.0}
    lines = []
    for quantity, cents, discount in rows:
        line = {"Quantity": quantity / 100, "UnitPrice": cents / 100, "Discount": discount / 100}
        assert opportunity.price_line(line, None, {"UnitPrice"}) is None
        lines.append(line)
    rolled = opportunity.roll_up(deal, lines)
    if lines:
        assert round(rolled["Amount"] * 100) == sum(round(line["TotalPrice"] * 100) for line in lines)
    assert rolled["HasOpportunityLineItem"] is bool(lines)

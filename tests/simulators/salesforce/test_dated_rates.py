"""Advanced currency management: amounts of deals by the rate of the day on which they close."""

from typing import Any

import pytest

from tests.simulators.salesforce.org import Org, a_deal


@pytest.fixture
def org() -> Org:
    org = Org().login()
    for start, rate in (("2026-03-01", 0.5), ("2026-01-01", 0.8)):
        org.create("DatedConversionRate", IsoCode="EUR", StartDate=start, ConversionRate=rate)
    for name, day in (("Before", "2025-12-31"), ("Winter", "2026-02-28"), ("Spring", "2026-03-01")):
        org.create("Opportunity", Name=name, StageName="Prospecting", CloseDate=day, Amount=92, CurrencyIsoCode="EUR")
    return org


def shown(org: Org, query: str) -> list[tuple[Any, ...]]:
    return [tuple(value for key, value in row.items() if key != "attributes") for row in org.rows(query)]


def test_a_deal_is_converted_by_the_rate_of_its_close_date_and_an_account_by_the_present_one(org: Org):
    found = shown(org, "SELECT Name, convertCurrency(Amount) c FROM Opportunity ORDER BY CloseDate")
    assert found == [("Before", 100.0), ("Winter", 115.0), ("Spring", 184.0)]
    assert shown(org, "SELECT Name, SUM(Amount) s FROM Opportunity GROUP BY Name ORDER BY Name") == [
        ("Before", 100.0), ("Spring", 184.0), ("Winter", 115.0),
    ]  # fmt: skip
    for name, amount in (("Dollars", 120), ("Yen", 18_000)):
        org.create("Opportunity", Name=name, StageName="Prospecting", CloseDate="2026-02-28", Amount=amount,
                   CurrencyIsoCode="USD" if amount == 120 else "JPY")  # fmt: skip
    found = shown(org, "SELECT Name FROM Opportunity ORDER BY Amount DESC, Name")
    assert found == [("Spring",), ("Dollars",), ("Yen",), ("Winter",), ("Before",)]
    org.create("Account", Name="Acme", AnnualRevenue=92, CurrencyIsoCode="EUR")
    assert shown(org, "SELECT convertCurrency(AnnualRevenue) c FROM Account") == [(100.0,)]
    assert shown(org, "SELECT SUM(AnnualRevenue) s FROM Account") == [(100.0,)]


def test_history_and_lines_follow_the_close_date_too(org: Org):
    [deal] = org.rows("SELECT Id FROM Opportunity WHERE Name = 'Winter'")
    org.update("Opportunity", deal["Id"], CloseDate="2026-03-05")
    rows = shown(
        org, "SELECT CloseDate, convertCurrency(Amount) c FROM OpportunityHistory "
        f"WHERE OpportunityId = '{deal['Id']}' ORDER BY CloseDate",
    )  # fmt: skip
    assert rows == [("2026-02-28", 115.0), ("2026-03-05", 184.0)]
    made = a_deal(org)
    org.create("PricebookEntry", Pricebook2Id=made["book"], Product2Id=made["product"], UnitPrice=10, IsActive=True,
               CurrencyIsoCode="EUR")  # fmt: skip
    [entry] = org.rows("SELECT Id FROM PricebookEntry WHERE CurrencyIsoCode = 'EUR'")
    org.create("OpportunityLineItem", OpportunityId=deal["Id"], PricebookEntryId=entry["Id"], Quantity=1, UnitPrice=10)
    lines = "FROM OpportunityLineItem"
    assert shown(org, f"SELECT convertCurrency(TotalPrice) c {lines}") == [(20.0,)]
    assert shown(org, f"SELECT SUM(TotalPrice) s {lines}") == [(20.0,)]
    assert shown(org, f"SELECT SUM(Opportunity.Amount) s {lines}") == [(20.0,)]


def test_an_amount_in_a_currency_is_compared_at_the_deals_own_rate(org: Org):
    org.create("Opportunity", Name="Dollars", StageName="Prospecting", CloseDate="2026-03-02", Amount=184)
    assert shown(org, "SELECT Name FROM Opportunity WHERE Amount = EUR92 ORDER BY Name") == [
        ("Before",), ("Dollars",), ("Spring",), ("Winter",),
    ]  # fmt: skip
    assert shown(org, "SELECT Name FROM Opportunity WHERE Amount > USD114 AND Amount < USD184") == [("Winter",)]
    assert org.query("SELECT MAX(Amount) FROM Opportunity GROUP BY Name HAVING MAX(Amount) > USD1").code == (
        "MALFORMED_QUERY"
    )


def test_the_user_of_another_currency_sees_deals_at_their_days_rate(org: Org):
    org.update("User", org.system.org.user_id, DefaultCurrencyIsoCode="EUR")
    org.create("Opportunity", Name="Dollars", StageName="Prospecting", CloseDate="2026-03-02", Amount=184)
    found = shown(org, "SELECT convertCurrency(Amount) c FROM Opportunity ORDER BY Name")
    assert found == [(92.0,)] * 4


def test_rates_form_a_chain_that_closes_again_when_one_is_deleted(org: Org):
    org.create("DatedConversionRate", IsoCode="EUR", StartDate="2026-02-01", ConversionRate=0.9)
    org.create("DatedConversionRate", IsoCode="JPY", StartDate="2026-02-15", ConversionRate=100)
    query = "SELECT Id, StartDate, NextStartDate FROM DatedConversionRate WHERE IsoCode = 'EUR' ORDER BY StartDate"
    rows = org.rows(query)
    assert [(row["StartDate"], row["NextStartDate"]) for row in rows] == [
        ("2026-01-01", "2026-02-01"), ("2026-02-01", "2026-03-01"), ("2026-03-01", None),
    ]  # fmt: skip
    assert org.rest("DELETE", f"sobjects/DatedConversionRate/{rows[1]['Id']}").status == 204
    assert [row["NextStartDate"] for row in org.rows(query)] == ["2026-03-01", None]
    rate = "SELECT convertCurrency(Amount) c FROM Opportunity WHERE Name = 'Winter'"
    assert shown(org, rate) == [(115.0,)]
    assert org.update("DatedConversionRate", rows[0]["Id"], ConversionRate=1.0).status == 204
    assert shown(org, rate) == [(92.0,)]

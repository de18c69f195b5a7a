"""A world goes in by aliases, and the books come out with exact decimals."""

import pytest

from simulators.kit.system import SeedError
from tests.simulators.salesforce.org import Org

WORLD = {
    "Product2": [
        {"@": "plat", "Name": "Platform", "ProductCode": "PLAT-ANNUAL", "IsActive": True},
        {"@": "onb", "Name": "Onboarding", "ProductCode": "ONBOARD", "IsActive": True},
    ],
    "PricebookEntry": [
        {"@": f"{code}-{money}", "Pricebook2Id": "@standard_pricebook", "Product2Id": f"@{code}", "UnitPrice": price,
         "CurrencyIsoCode": money, "IsActive": True}
        for code, money, price in (("plat", "USD", 12000), ("plat", "SGD", 16000), ("onb", "USD", 5000))
    ],
    "Account": [
        {"@": "acme", "Name": "Acme", "Selling_Entity__c": "US", "BillingCity": "New York"},
        {"@": "temasek", "Name": "Merlion", "Selling_Entity__c": "SG", "CurrencyIsoCode": "SGD"},
    ],
    "Opportunity": [
        {"@": "deal", "Name": "Acme 2026", "AccountId": "@acme", "StageName": "Negotiation/Review",
         "CloseDate": "2026-01-05", "CurrencyIsoCode": "USD", "Contract_Term_Months__c": 12,
         "CreatedDate": "2025-12-01T08:00:00Z"},
        {"@": "sg", "Name": "Merlion 2026", "AccountId": "@temasek", "StageName": "Prospecting",
         "CloseDate": "2026-01-05", "CurrencyIsoCode": "SGD"},
    ],
    "OpportunityLineItem": [
        {"OpportunityId": "@deal", "PricebookEntryId": "@plat-USD", "Quantity": 10, "UnitPrice": 11999.99},
        {"OpportunityId": "@deal", "PricebookEntryId": "@onb-USD", "Quantity": 1, "UnitPrice": 5000},
        {"OpportunityId": "@sg", "PricebookEntryId": "@plat-SGD", "Quantity": 3, "UnitPrice": 16000},
    ],
    "Contract": [{"AccountId": "@acme", "Status": "Activated", "StartDate": "2025-01-05", "ContractTerm": 12}],
    "Invoice__c": [{"Invoice_Number__c": "US-000001", "Account__c": "@acme", "Gross__c": 1234.5},
                   {"Invoice_Number__c": "JP-000001", "CurrencyIsoCode": "JPY", "Gross__c": 1234}],
}  # fmt: skip


def test_a_world_is_seeded_by_aliases_under_the_ordinary_rules():
    org = Org().login()
    assert org.seed(WORLD)["OpportunityLineItem"] == 3
    deal = org.rows(
        "SELECT Amount, Account.Name, CreatedDate, CurrencyIsoCode FROM Opportunity WHERE Name = 'Acme 2026'"
    )[0]
    assert (deal["Amount"], deal["Account"]["Name"]) == (124999.9, "Acme")
    assert deal["CreatedDate"] == "2025-12-01T08:00:00.000+0000"
    assert org.rows("SELECT EndDate FROM Contract")[0]["EndDate"] == "2026-01-04"


def test_the_books_show_live_rows_with_exact_decimals():
    org = Org().login()
    org.seed(WORLD)
    gone = org.create("Account", Name="Gone")
    org.rest("DELETE", f"sobjects/Account/{gone}")
    books = org.system.books()
    assert set(books) == {"party", "contract", "document", "line"}
    assert [row["Name"] for row in books["party"]] == ["Acme", "Merlion"]
    assert [(row["object"], row.get("Amount")) for row in books["contract"]] == [
        ("Opportunity", "124999.90"), ("Opportunity", "48000.00"),
        *(("OpportunityHistory", amount) for amount in (None, None, "119999.90", "124999.90", "48000.00")),
        ("Contract", None),
    ]  # fmt: skip
    assert [(row["ProductCode"], row["Quantity"], row["TotalPrice"]) for row in books["line"]] == [
        ("PLAT-ANNUAL", "10", "119999.90"), ("ONBOARD", "1", "5000.00"), ("PLAT-ANNUAL", "3", "48000.00"),
    ]  # fmt: skip
    assert [(row["object"], row["Gross__c"]) for row in books["document"]] == [
        ("Invoice__c", "1234.50"), ("Invoice__c", "1234"),
    ]  # fmt: skip
    assert not [value for rows in books.values() for row in rows for value in row.values() if isinstance(value, float)]


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"Nope": []}, "Nope"),
        ({"Account": {}}, "Account"),
        ({"Account": [{"Name": "a"}, {"Site": "x"}]}, r"Account\[1\]"),
        ({"Account": [{"Name": "a", "ParentId": "@nobody"}]}, "@nobody"),
        ({"Account": ["x"]}, r"Account\[0\]"),
    ],
)
def test_bad_seed_data_name_their_place_and_leave_nothing(data: dict, place: str):
    org = Org().login()
    with pytest.raises(SeedError, match=place):
        org.seed(data)
    assert org.rows("SELECT Id FROM Account") == []


def test_the_same_seed_gives_the_same_ids_after_a_reset_and_in_another_org():
    first, second = Org(seed="s1"), Org(seed="s1")
    tokens = [first.login().token, second.login().token]
    first.seed(WORLD)
    once = first.system.books()
    first.system.reset()
    tokens.append(first.login().token)
    first.seed(WORLD)
    second.seed(WORLD)
    assert first.system.books() == once == second.system.books()
    assert len(set(tokens)) == 1
    first.system.reset(seed="s2")
    assert first.login().token != tokens[0]


def test_reset_returns_to_the_remembered_world():
    org = Org().login()
    org.seed(WORLD)
    org.system.remember()
    before = org.system.books()
    account = org.login().create("Account", Name="Extra")
    org.system.reset()
    assert org.login().rest("GET", f"sobjects/Account/{account}").status == 404
    assert org.system.books() == before

"""Roll-up summary fields: kept with the master, saved with the detail, written by nobody."""

from typing import Any

import pytest

from tests.simulators.salesforce.bus import told
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_import import MEMBERSHIP, field

DEAL = {"StageName": "Prospecting", "CloseDate": "2026-03-31"}
MONEY = {"type": "currency", "precision": 18, "scale": 2}
COUNT = {"type": "double", "precision": 18, "scale": 0}
OF_DEALS = {"of": "Opportunity", "through": "AccountId"}
WON = {**MONEY, "summary": {**OF_DEALS, "operation": "sum", "field": "Amount", "where": [["IsWon", "equals", "True"]]}}


@pytest.fixture
def org() -> Org:
    org = Org().login()
    add(org, "Won__c", WON)
    add(org, "Deals__c", {**COUNT, "summary": {**OF_DEALS, "operation": "count"}})
    add(org, "Next__c", {"type": "date", "summary": {**OF_DEALS, "operation": "min", "field": "CloseDate"}})
    return org


def add(org: Org, name: str, spec: dict[str, Any], sobject: str = "Account") -> None:
    org.act("alter_schema", change="add_field", object=sobject, field=name, definition=spec)


def shown(org: Org, account: str) -> tuple[Any, ...]:
    row = org.get("Account", account)
    return row["Deals__c"], row["Won__c"], row["Next__c"]


def test_it_follows_its_details_through_every_kind_of_save(org: Org):
    acme, bolt = (org.create("Account", Name=name) for name in ("Acme", "Bolt"))
    assert shown(org, acme) == (0.0, 0.0, None)
    first = org.create("Opportunity", Name="A", AccountId=acme, Amount=100.1, **DEAL)
    second = org.create(
        "Opportunity", Name="B", AccountId=acme, Amount=20, StageName="Closed Won", CloseDate="2026-01-31"
    )
    assert shown(org, acme) == (2.0, 20.0, "2026-01-31")
    org.update("Opportunity", first, StageName="Closed Won")
    assert shown(org, acme) == (2.0, 120.1, "2026-01-31")
    org.update("Opportunity", second, AccountId=bolt)
    assert (shown(org, acme), shown(org, bolt)) == ((1.0, 100.1, "2026-03-31"), (1.0, 20.0, "2026-01-31"))
    org.rest("DELETE", f"sobjects/Opportunity/{first}")
    assert shown(org, acme) == (0.0, 0.0, None)
    org.act("undelete", ids=[first])
    assert shown(org, acme) == (1.0, 100.1, "2026-03-31")
    org.act("merge", master=bolt, losers=[acme])
    assert shown(org, bolt) == (2.0, 120.1, "2026-01-31")
    rows = org.rows("SELECT Name FROM Account WHERE Won__c > 120 AND Next__c < 2026-02-01")
    assert [row["Name"] for row in rows] == ["Bolt"]


def test_nobody_writes_it_and_describe_says_so(org: Org):
    refused = org.rest("POST", "sobjects/Account", {"Name": "Acme", "Won__c": 5})
    assert (refused.status, refused.code) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
    fields = {one["name"]: one for one in org.rest("GET", "sobjects/Account/describe").json["fields"]}
    told_of = fields["Won__c"]
    assert (told_of["calculated"], told_of["calculatedFormula"]) == (True, None)
    assert (told_of["createable"], told_of["updateable"], told_of["filterable"]) == (False, False, True)


def test_the_masters_rules_can_refuse_a_detail_and_nothing_of_it_stays(org: Org):
    org.act("alter_schema", change="put_validation", object="Account", rule="Cap",
            definition={"when": "Won__c > 50", "message": "too much for one account"})  # fmt: skip
    acme = org.create("Account", Name="Acme")
    deal = org.create("Opportunity", Name="A", AccountId=acme, Amount=60, **DEAL)
    refused = org.update("Opportunity", deal, StageName="Closed Won")
    assert (refused.status, refused.code, refused.message) == (
        400, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "too much for one account"
    )  # fmt: skip
    assert (org.get("Opportunity", deal)["StageName"], shown(org, acme)[1]) == ("Prospecting", 0.0)


def test_a_change_event_of_the_master_tells_it(org: Org):
    acme = org.create("Account", Name="Acme")
    org.create("Opportunity", Name="A", AccountId=acme, Amount=60, **DEAL)
    created, changed = told(org, "/data/AccountChangeEvent")
    assert (created["header"]["changeType"], changed["header"]["changeType"]) == ("CREATE", "UPDATE")
    assert changed["values"]["Deals__c"] == 1.0 and changed["header"]["recordIds"] == [acme]
    assert {"Deals__c", "Next__c", "LastModifiedDate"} >= changed["changed"] > {"Deals__c"}


def test_amounts_of_other_currencies_are_converted_to_the_masters(org: Org):
    rates = {
        row["IsoCode"]: row["ConversionRate"] for row in org.rows("SELECT IsoCode, ConversionRate FROM CurrencyType")
    }
    acme = org.create("Account", Name="Acme", CurrencyIsoCode="USD")
    for code, amount in (("USD", 10), ("EUR", 100)):
        org.create("Opportunity", Name=code, AccountId=acme, CurrencyIsoCode=code, Amount=amount,
                   StageName="Closed Won", CloseDate="2026-01-31")  # fmt: skip
    wanted = 10 + 100 / rates["EUR"] * rates["USD"]
    assert wanted != 110 and shown(org, acme)[1] == pytest.approx(wanted, abs=0.005)


def test_a_new_one_knows_the_details_that_are_there(org: Org):
    acme = org.create("Account", Name="Acme")
    org.create("Opportunity", Name="A", AccountId=acme, Amount=60, **DEAL)
    before = org.get("Account", acme)["LastModifiedDate"]
    add(org, "Largest__c", {**MONEY, "summary": {**OF_DEALS, "operation": "max", "field": "Amount"}})
    row = org.get("Account", acme)
    assert (row["Largest__c"], row["LastModifiedDate"]) == (60.0, before)


@pytest.mark.parametrize(("summary", "says"), [
    ({"operation": "average", **OF_DEALS, "field": "Amount"}, "the operation is count, sum, min, max"),
    ({"operation": "sum", "of": "Nothing__c", "through": "X"}, "no object Nothing__c"),
    ({"operation": "sum", "of": "Opportunity", "through": "OwnerId", "field": "Amount"}, "does not lead to Account"),
    ({"operation": "sum", "of": "Account", "through": "ParentId", "field": "AnnualRevenue"}, "is a look-up"),
    ({"operation": "sum", **OF_DEALS, "field": "Name"}, "makes no currency"),
    ({"operation": "count", **OF_DEALS, "field": "Amount"}, "a count has no field"),
    ({"operation": "sum", **OF_DEALS, "field": "Amount", "where": [["Amount", "like", "5"]]}, "not 'like'"),
    ({"operation": "sum", **OF_DEALS, "field": "Amount", "where": [["Amount", "equals", "much"]]}, "is no number"),
    ({"operation": "sum", **OF_DEALS, "field": "Amount", "where": "IsWon"}, "Account.Odd__c"),
    ("sum", "a summary takes operation"),
])  # fmt: skip
def test_one_that_makes_no_sense_is_refused_with_its_place(org: Org, summary: Any, says: str):
    with pytest.raises(ValueError, match=says):
        add(org, "Odd__c", {**MONEY, "summary": summary})
    assert "Odd__c" not in org.get("Account", org.create("Account", Name="Acme"))


def test_an_imported_orgs_roll_ups_are_kept_as_its_metadata_tells():
    org = Org().login()
    master = [one if one["name"] != "Account__c" else {**one, "cascadeDelete": True} for one in MEMBERSHIP["fields"]]
    account = org.rest("GET", "sobjects/Account/describe").json
    for name in ("Seats__c", "Odd__c"):
        account["fields"].append(
            field(name, "double", precision=18, scale=0, calculated=True, createable=False, updateable=False)
        )
    account["childRelationships"].append(
        {"childSObject": "Membership__c", "field": "Account__c", "relationshipName": "Memberships__r",
         "cascadeDelete": True}
    )  # fmt: skip
    metadata = {
        "type": "Summary", "summaryOperation": "sum", "summarizedField": "Membership__c.Seats__c",
        "summaryForeignKey": "Membership__c.Account__c",
        "summaryFilterItems": [{"field": "Membership__c.Level__c", "operation": "equals", "value": "Gold, Silver"}],
    }  # fmt: skip
    odd = {**metadata, "summaryFilterItems": [{"field": "Membership__c.Level__c", "operation": "equals",
                                               "valueField": "Membership__c.Member_Key__c"}]}  # fmt: skip
    done = org.act("import_schema", describes=[account, {**MEMBERSHIP, "fields": master}], rules=[
        {"FullName": "Account.Seats__c", "Metadata": metadata}, {"FullName": "Account.Odd__c", "Metadata": odd},
    ])  # fmt: skip
    said = [note for note in done["notes"] if "Seats__c" in note or "Odd__c" in note]
    assert said == [
        "Account.Odd__c is calculated there from other records: here it is read only and empty",
        "Account.Odd__c stays empty: it is filtered by another field",
    ]
    acme = org.create("Account", Name="Acme")
    for level, seats in (("Gold", 3), ("Silver", 4)):
        org.create("Membership__c", Level__c=level, Account__c=acme, Seats__c=seats)
    row = org.get("Account", acme)
    assert (row["Seats__c"], row["Odd__c"]) == (7.0, None)


def test_dated_rates_end_the_roll_ups_of_money_and_no_others(org: Org):
    acme = org.create("Account", Name="Acme")
    deal = {"AccountId": acme, "StageName": "Closed Won", "CloseDate": "2026-01-31"}
    org.create("Opportunity", Name="A", Amount=20, **deal)
    rate = org.create("DatedConversionRate", IsoCode="EUR", StartDate="2026-01-01", ConversionRate=0.8)
    org.create("Opportunity", Name="B", Amount=100, **deal)
    assert shown(org, acme) == (2.0, 20.0, "2026-01-31")
    add(org, "Late__c", {**MONEY, "summary": {**OF_DEALS, "operation": "max", "field": "Amount"}})
    assert org.get("Account", acme)["Late__c"] is None
    org.rest("DELETE", f"sobjects/DatedConversionRate/{rate}")
    org.create("Opportunity", Name="C", Amount=1, **deal)
    assert shown(org, acme) == (3.0, 121.0, "2026-01-31")
    assert org.get("Account", acme)["Late__c"] == 100.0

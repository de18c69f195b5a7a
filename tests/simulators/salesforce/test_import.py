"""A user's own schema: what describe results tell is what the org enforces."""

import copy
from typing import Any

import pytest

from tests.simulators.salesforce.org import Org


def described(org: Org) -> list[dict[str, Any]]:
    names = [one["name"] for one in org.rest("GET", "sobjects").json["sobjects"] if one["queryable"]]
    return [org.rest("GET", f"sobjects/{name}/describe").json for name in names]


def field(name: str, kind: str = "string", **more: Any) -> dict[str, Any]:
    return {
        "name": name, "type": kind, "label": name, "length": 40, "createable": True, "updateable": True,
        "nillable": True, "defaultedOnCreate": False, "filterable": True, "sortable": True, "picklistValues": [],
        **more,
    }  # fmt: skip


def picklist(*values: str) -> list[dict[str, Any]]:
    return [{"value": value, "label": value, "active": True, "defaultValue": False} for value in values]


MEMBERSHIP = {
    "name": "Membership__c", "label": "Membership", "labelPlural": "Memberships", "keyPrefix": "a0X", "custom": True,
    "createable": True, "updateable": True, "childRelationships": [],
    "fields": [
        field("Id", "id", createable=False, updateable=False),
        field("Name", nameField=True, length=80, autoNumber=True, createable=False, updateable=False),
        field("Member_Key__c", unique=True, externalId=True, idLookup=True),
        field("Level__c", "picklist", restrictedPicklist=True, nillable=False,
              picklistValues=picklist("Gold", "Silver")),
        field("Account__c", "reference", referenceTo=["Account"], relationshipName="Account__r", length=18),
        field("Region__c", "reference", referenceTo=["Region__c"], relationshipName="Region__r", length=18),
        field("Seats__c", "double", precision=4, scale=0),
        field("Place__c", "location"),
        field("Score__c", "double", precision=5, scale=1, createable=False, updateable=False, calculated=True),
        field("CurrencyIsoCode", "picklist", picklistValues=picklist("USD", "CHF")),
        field("OwnerId", "reference", referenceTo=["User"], relationshipName="Owner"),
        field("SystemModstamp", "datetime", createable=False, updateable=False),
    ],
}  # fmt: skip


def test_our_own_describes_imported_give_the_same_org():
    here, there = Org().login(), Org().login()
    before = described(here)
    done = there.act("import_schema", describes=before)
    assert "Account" in done["objects"] and done["notes"] == []
    assert described(there) == before
    account = there.create("Account", Name="Acme", BillingCity="Graz")
    assert there.get("Account", account)["BillingAddress"]["city"] == "Graz"
    deal = there.create("Opportunity", Name="x", AccountId=account, StageName="Prospecting", CloseDate="2026-03-31")
    assert there.get("Opportunity", deal)["Probability"] == 10.0
    assert there.rest("POST", "sobjects/Opportunity", {"Name": "x"}).message == (
        "Required fields are missing: [StageName, CloseDate]"
    )
    assert there.rest("DELETE", f"sobjects/Account/{account}").status == 204
    assert there.rows("SELECT Id FROM Opportunity") == []
    assert there.rows("SELECT Name, (SELECT Id FROM Contacts) FROM Account") == []


def test_objects_of_another_org_are_enforced_as_described():
    org = Org().login()
    account = org.create("Account", Name="Acme")
    done = org.act("import_schema", describes=[MEMBERSHIP])
    assert done["objects"] == ["Membership__c"]
    assert done["notes"] == [
        "Membership__c.Region__c refers to Region__c, which is not here: kept as text",
        "Membership__c.Place__c is left out: the type 'location' is not there",
        "Membership__c.Score__c is calculated there from other records: here it is read only and empty",
    ]
    made = org.create("Membership__c", Member_Key__c="M1", Level__c="Gold", Account__c=account, CurrencyIsoCode="CHF")
    assert made.startswith("a0X")
    shown = org.rows("SELECT Name, Account__r.Name, Score__c FROM Membership__c")[0]
    assert (shown["Name"], shown["Account__r"]["Name"]) == ("00000001", "Acme")
    assert org.rest("PATCH", "sobjects/Membership__c/Member_Key__c/M1", {"Seats__c": 5}).status == 200
    for fields, code in (
        ({"Member_Key__c": "M2"}, "REQUIRED_FIELD_MISSING"),
        ({"Level__c": "Bronze"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ({"Level__c": "Gold", "Member_Key__c": "M1"}, "DUPLICATE_VALUE"),
        ({"Level__c": "Gold", "Member_Key__c": "x" * 41}, "STRING_TOO_LONG"),
        ({"Level__c": "Gold", "Seats__c": 12_345}, "NUMBER_OUTSIDE_VALID_RANGE"),
        ({"Level__c": "Gold", "Score__c": 1}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ({"Level__c": "Gold", "Place__c": "x"}, "INVALID_FIELD"),
        ({"Level__c": "Gold", "Account__c": made}, "MALFORMED_ID"),
    ):
        assert org.rest("POST", "sobjects/Membership__c", fields).code == code, fields
    assert org.rows("SELECT IsoCode FROM CurrencyType WHERE IsoCode = 'CHF'")


def rule(name: str, formula: str, **more: Any) -> dict[str, Any]:
    return {
        "FullName": name,
        "Metadata": {"active": True, "errorConditionFormula": formula, "errorMessage": "No", **more},
    }


def test_record_types_and_validation_rules_of_another_org_are_enforced():
    org = Org().login()
    kinds = [
        {
            "name": "Partner",
            "developerName": "Partner",
            "recordTypeId": "012Wt0000000077",
            "active": True,
            "master": False,
        },
        {"name": "Lost", "developerName": "Lost", "active": True, "master": False},
        {
            "name": "Master",
            "developerName": "Master",
            "recordTypeId": "012000000000000AAA",
            "active": True,
            "master": True,
        },
    ]
    fields = [*MEMBERSHIP["fields"], field("RecordTypeId", "reference", referenceTo=["RecordType"], length=18),
              field("Worth__c", "currency", calculated=True, calculatedFormula="VLOOKUP(Seats__c)", createable=False,
                    updateable=False, precision=18, scale=2)]  # fmt: skip
    rules = [
        rule("Membership__c.Some", "Seats__c < 1", errorDisplayField="Seats__c", errorMessage="At least one"),
        rule("Membership__c.Off", "TRUE", active=False), rule("Membership__c.Odd", "VLOOKUP(a, b, c)"),
        rule("Nothing__c.Rule", "TRUE"),
    ]  # fmt: skip
    done = org.act("import_schema", describes=[{**MEMBERSHIP, "fields": fields, "recordTypeInfos": kinds}], rules=rules)
    assert (
        "Membership__c.Worth__c is calculated there by a formula (VLOOKUP(Seats__c)): here it is read only and empty, "
        "because Function VLOOKUP may not be used in this type of formula in 'VLOOKUP(Seats__c)'" in done["notes"]
    )
    for text in ("rule Membership__c.Off is left out: it is not active", "rule Membership__c.Odd is left out",
                 "rule Nothing__c.Rule is left out", "record type 'Lost' is left out: it has no id"):  # fmt: skip
        assert any(text in note for note in done["notes"]), (text, done["notes"])
    infos = org.rest("GET", "sobjects/Membership__c/describe").json["recordTypeInfos"]
    assert [(one["name"], one["recordTypeId"][:15]) for one in infos] == [
        ("Partner", "012Wt0000000077"), ("Master", "012000000000000")
    ]  # fmt: skip
    good = {"Level__c": "Gold", "Seats__c": 2, "RecordTypeId": infos[0]["recordTypeId"]}
    assert org.rest("POST", "sobjects/Membership__c", good).status == 201
    refused = org.rest("POST", "sobjects/Membership__c", {**good, "Seats__c": 0})
    assert (refused.code, refused.message) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", "At least one")
    more = org.act("import_schema", describes=[MEMBERSHIP])
    assert "Membership__c: our own rule Some is gone, a describe result tells no rules" in more["notes"]
    assert org.act("import_schema", describes=[], rules=[rule("Account.A", "FALSE")]) == {"objects": [], "notes": []}


def test_stages_and_prefixes_that_clash_are_told():
    org = Org().login()
    describes = {one["name"]: one for one in described(org)}
    deal = copy.deepcopy(describes["Opportunity"])
    next(one for one in deal["fields"] if one["name"] == "StageName")["picklistValues"] = picklist(
        "Prospecting", "Verbal", "Signed (won)", "Closed Lost"
    )
    clash = {**MEMBERSHIP, "keyPrefix": "001"}
    notes = org.act("import_schema", describes=[deal, clash])["notes"]
    assert "Opportunity stage 'Verbal' is taken as Pipeline, 50 %" in notes
    assert "Opportunity stage 'Signed (won)' is taken as Closed, 100 %" in notes
    assert any(note.startswith("Membership__c has the key prefix a") for note in notes)
    won = org.create("Opportunity", Name="x", StageName="Signed (won)", CloseDate="2026-03-31")
    assert org.get("Opportunity", won)["IsWon"] is True
    stages = [row["ApiName"] for row in org.rows("SELECT ApiName FROM OpportunityStage")]
    assert "Verbal" in stages


@pytest.mark.parametrize(
    ("describes", "problem"),
    [
        ([], "no describe result"),
        ([{"fields": []}], "describe result 1 has no name"),
        ([{"name": "Account"}], "Account has no fields"),
        ([{**MEMBERSHIP, "fields": [field("Bad Name__c")]}], "Bad Name__c is no legal name"),
        ([{**MEMBERSHIP, "fields": [field("A__c"), field("a__c")]}], "two fields have the same name"),
        ([{**MEMBERSHIP, "fields": [{}]}], "a field has no name"),
        ([{**MEMBERSHIP, "fields": [field("A__c", "picklist", picklistValues=["x"])]}], "is no describe result"),
        ([{**MEMBERSHIP, "fields": [field("A__c", length="long")]}], "invalid literal"),
    ],
)
def test_what_cannot_be_imported_is_named_and_changes_nothing(describes: list[Any], problem: str):
    org = Org().login()
    before = described(org)
    with pytest.raises(ValueError, match=problem):
        org.act("import_schema", describes=describes)
    assert described(org) == before

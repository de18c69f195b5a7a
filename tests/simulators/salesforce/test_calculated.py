"""Calculated fields: read like any other field, written by nobody, and taken over with an imported schema."""

from typing import Any

import orjson
import pytest

from tests.simulators.salesforce.bus import told
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_bulk import query, settle
from tests.simulators.salesforce.test_import import MEMBERSHIP, field

DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-03-31"}
MONEY = {"type": "currency", "precision": 18, "scale": 2}
TEXT = {"type": "string", "length": 80}


@pytest.fixture
def org() -> Org:
    return Org().login()


def add(org: Org, sobject: str, name: str, formula: str, **spec: Any) -> None:
    spec = {**(spec or TEXT), "formula": formula}
    org.act("alter_schema", change="add_field", object=sobject, field=name, definition=spec)


def test_a_formula_is_reckoned_for_whoever_reads_it_over_the_record_as_it_is(org: Org):
    add(org, "Opportunity", "Share__c", "Amount * Probability", **MONEY)
    add(org, "Opportunity", "Where__c", 'Account.Name & " " & TEXT(YEAR(CloseDate))')
    add(org, "Opportunity", "Sure__c", "Probability", type="percent", precision=5, scale=1)
    add(org, "Opportunity", "Link__c", 'HYPERLINK("/" & Id, "here")', type="string", length=200)
    account = org.create("Account", Name="Acme")
    deal = org.create("Opportunity", **DEAL, AccountId=account, Amount=1000.55)
    shown = org.get("Opportunity", deal)
    assert (shown["Share__c"], shown["Where__c"], shown["Sure__c"]) == (100.06, "Acme 2026", 10.0)
    assert shown["Link__c"] == f'<a href="/{deal}" target="_blank">here</a>'
    org.update("Account", account, Name="Bolt")
    org.update("Opportunity", deal, StageName="Closed Won")
    some = org.rest("GET", f"sobjects/Opportunity/{deal}?fields=Share__c,Where__c").json
    assert (some["Share__c"], some["Where__c"]) == (1000.55, "Bolt 2026")
    read = org.rest("GET", f"composite/sobjects/Opportunity?ids={deal}&fields=Share__c").json
    assert read[0]["Share__c"] == 1000.55
    assert org.rows("SELECT FIELDS(CUSTOM) FROM Opportunity LIMIT 1")[0]["Where__c"] == "Bolt 2026"
    line = org.rows("SELECT Share__c, FORMAT(Share__c) f FROM Opportunity WHERE Where__c LIKE 'bolt%' AND Share__c > 9")
    assert (line[0]["Share__c"], line[0]["f"]) == (1000.55, "USD 1,000.55")
    job = query(org, "SELECT Where__c, Share__c FROM Opportunity")
    settle(org)
    assert org.rest("GET", f"jobs/query/{job}/results").content.splitlines()[1] == b'"Bolt 2026","1000.55"'


def test_parents_children_and_rules_see_it(org: Org):
    add(org, "Account", "Grade__c", 'IF(NumberOfEmployees > 10, "large", "small")')
    add(org, "Contact", "Greeting__c", 'FirstName + " of " & Account.Grade__c')
    large, small = (org.create("Account", Name=str(count), NumberOfEmployees=count) for count in (11, 5))
    org.create("Contact", LastName="L", FirstName="A", AccountId=large)
    org.create("Contact", LastName="S", AccountId=small)
    rows = org.rows("SELECT Greeting__c, Account.Grade__c FROM Contact WHERE Account.Grade__c = 'large'")
    assert [(row["Greeting__c"], row["Account"]["Grade__c"]) for row in rows] == [("A of large", "large")]
    children = org.rows("SELECT Grade__c, (SELECT Greeting__c FROM Contacts) FROM Account ORDER BY Grade__c DESC")
    assert children[0]["Contacts"]["records"][0]["Greeting__c"] == " of small"
    assert [row["g"] for row in org.rows("SELECT Grade__c g FROM Account GROUP BY Grade__c")] == ["large", "small"]
    org.act("alter_schema", change="put_validation", object="Account", rule="Small", definition={
        "when": 'Grade__c = "small" && ISBLANK(Site)', "message": "Small ones have a site"})  # fmt: skip
    assert org.update("Account", small, Phone="1").message == "Small ones have a site"
    assert org.update("Account", large, Phone="1").status == 204


def test_nobody_writes_it_it_is_described_and_never_told(org: Org):
    add(org, "Account", "Grade__c", "TEXT(NumberOfEmployees)")
    spec = {one["name"]: one for one in org.rest("GET", "sobjects/Account/describe").json["fields"]}["Grade__c"]
    assert (spec["calculated"], spec["calculatedFormula"]) == (True, "TEXT(NumberOfEmployees)")
    assert not (spec["createable"] or spec["updateable"] or spec["defaultedOnCreate"]) and spec["nillable"]
    refused = org.rest("POST", "sobjects/Account", {"Name": "A", "Grade__c": "x"})
    assert (refused.code, refused.json[0]["fields"]) == ("INVALID_FIELD_FOR_INSERT_UPDATE", ["Grade__c"])
    account = org.create("Account", Name="A", NumberOfEmployees=3)
    org.seed({"Account": [{"Name": "Exported", "NumberOfEmployees": 4, "Grade__c": "old"}]})
    assert [row["Grade__c"] for row in org.rows("SELECT Grade__c FROM Account ORDER BY Name")] == ["3", "4"]
    (event,) = told(org, "/data/AccountChangeEvent")
    schema = org.rest("GET", "sobjects/AccountChangeEvent/eventSchema").json
    assert event["header"]["recordIds"] == [account]
    assert "Grade__c" not in {one["name"] for one in schema["fields"]}
    kept = next(org.system.store.rows("SELECT doc FROM Account"))[0]
    assert "Grade__c" not in orjson.loads(kept)


@pytest.mark.parametrize(("formula", "problem"), [
    ("Loop__c & Name", "its formula needs its own value"), ("Nothing__c", "Field Nothing__c does not exist"),
    ("ISCHANGED(Name)", "Function ISCHANGED may not be used"), ("1 +", "Syntax error"),
])  # fmt: skip
def test_a_formula_that_makes_no_sense_is_refused_by_name(org: Org, formula: str, problem: str):
    with pytest.raises(ValueError, match=problem):
        add(org, "Account", "Loop__c", formula)
    with pytest.raises(ValueError, match="a formula makes no reference"):
        add(org, "Account", "Owner__c", "OwnerId", type="reference", to="User")


@pytest.mark.parametrize(("zero", "shown"), [(False, None), (True, 5.0)])
def test_blank_numbers_are_zero_where_the_field_says_so(org: Org, zero: bool, shown: float | None):
    add(org, "Account", "More__c", "NumberOfEmployees + AnnualRevenue + 5", **MONEY, blank_as_zero=zero)
    add(org, "Account", "Odd__c", "1 / NumberOfEmployees", **MONEY, blank_as_zero=zero)
    found = org.get("Account", org.create("Account", Name="A"))
    assert (found["More__c"], found["Odd__c"]) == (shown, None)


def calculated(name: str, kind: str, formula: str | None, **more: Any) -> dict[str, Any]:
    known = {"calculated": True, "calculatedFormula": formula, "createable": False, "updateable": False}
    return field(name, kind, **{**known, **more})


def test_formulas_of_an_imported_org_are_reckoned_and_what_is_not_understood_is_said(org: Org):
    fields = [
        *MEMBERSHIP["fields"],
        calculated("Worth__c", "currency", "Seats__c * 10", precision=18, scale=2, formulaTreatNullNumberAsZero=True),
        calculated("Twice__c", "double", "Worth__c * 2", precision=18, scale=0),
        calculated("Where__c", "string", 'Account__r.Name & ", " & TEXT(Level__c)', length=1300),
        calculated("Me__c", "string", "$Api.Session_ID", length=1300),
        calculated("Also__c", "string", 'Me__c & "!"', length=1300),
        calculated("Rated__c", "double", "Score__c + 1", precision=18, scale=0),
    ]
    done = org.act("import_schema", describes=[{**MEMBERSHIP, "fields": fields}])
    said = {note.partition(" is calculated")[0].partition(".")[2]: note.rpartition("because ")[2]
            for note in done["notes"] if "by a formula" in note}  # fmt: skip
    assert set(said) == {"Me__c", "Also__c", "Rated__c"}
    assert said["Also__c"] == "it needs Membership__c.Me__c, which is empty here"
    assert said["Rated__c"] == "it needs Membership__c.Score__c, which is empty here"
    account = org.create("Account", Name="Acme")
    made = org.create("Membership__c", Level__c="Gold", Account__c=account, Seats__c=3)
    org.create("Membership__c", Level__c="Gold", Account__c=account)
    rows = org.rows(
        "SELECT Worth__c, Twice__c, Where__c, Me__c, Also__c, Rated__c FROM Membership__c ORDER BY Worth__c"
    )
    shown = [tuple(value for name, value in row.items() if name != "attributes") for row in rows]
    assert shown == [(0.0, 0.0, "Acme, Gold", None, None, None), (30.0, 60.0, "Acme, Gold", None, None, None)]
    assert org.get("Membership__c", made)["Twice__c"] == 60.0
    again = org.rest("GET", "sobjects/Membership__c/describe").json
    assert Org().login().act("import_schema", describes=[again])["objects"] == ["Membership__c"]

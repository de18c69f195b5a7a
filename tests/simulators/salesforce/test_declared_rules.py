"""Validation rules and field updates: declared in the schema, switched on and off while the org runs."""

import pytest

from tests.simulators.salesforce.org import Org

DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-03-31"}
NEEDS_PO = {
    "when": 'AND(ISPICKVAL(StageName, "Closed Won"), ISBLANK(PO_Number__c))', "message": "A won deal needs a PO number",
    "field": "PO_Number__c",
}  # fmt: skip


@pytest.fixture
def org() -> Org:
    return Org().login()


def declare(org: Org, kind: str, name: str, rule: dict, sobject: str = "Opportunity") -> None:
    org.act("alter_schema", change=f"put_{kind}", object=sobject, rule=name, definition=rule)


def test_a_rule_refuses_with_its_message_at_its_field_until_it_is_removed(org: Org):
    deal = org.create("Opportunity", **DEAL)
    declare(org, "validation", "PO", NEEDS_PO)
    reply = org.update("Opportunity", deal, StageName="Closed Won")
    assert (reply.status, reply.json) == (400, [{
        "message": "A won deal needs a PO number", "errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "fields": ["PO_Number__c"],
    }])  # fmt: skip
    assert org.get("Opportunity", deal)["StageName"] == "Prospecting"
    assert org.update("Opportunity", deal, StageName="Closed Won", PO_Number__c="PO-1").status == 204
    assert org.rest("POST", "sobjects/Opportunity", DEAL | {"StageName": "Closed Won"}).status == 400
    org.act("alter_schema", change="remove_validation", object="Opportunity", rule="PO")
    assert org.rest("POST", "sobjects/Opportunity", DEAL | {"StageName": "Closed Won"}).status == 201


def test_all_rules_that_fail_are_named_at_once_and_inactive_ones_are_silent(org: Org):
    declare(org, "validation", "A", {"when": "Amount < 0", "message": "negative"})
    declare(org, "validation", "B", {"when": "CloseDate < TODAY()", "message": "past", "field": "closedate"})
    declare(org, "validation", "C", {"when": "true", "message": "never", "active": False})
    reply = org.rest("POST", "sobjects/Opportunity", DEAL | {"Amount": -1, "CloseDate": "2025-01-01"})
    assert [(row["message"], row["fields"]) for row in reply.json] == [("negative", []), ("past", ["CloseDate"])]
    rows = [{"attributes": {"type": "Opportunity"}, **DEAL, "Amount": amount} for amount in (1, -1)]
    found = org.rest("POST", "composite/sobjects", {"records": rows}).json
    assert [row["success"] for row in found] == [True, False]
    assert found[1]["errors"][0]["statusCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"


def test_a_field_update_sees_what_is_saved_and_what_it_sets_counts_as_given(org: Org):
    declare(org, "update", "Term", {
        "on": ["create"], "when": "ISBLANK(Contract_Term_Months__c)", "set": {"Contract_Term_Months__c": "12"},
    })  # fmt: skip
    declare(org, "update", "Won", {
        "when": 'ISCHANGED(StageName) && ISPICKVAL(StageName, "Closed Won")',
        "set": {"NextStep": '"was " & TEXT(PRIORVALUE(StageName))', "Probability": "42", "CloseDate": "TODAY()"},
    })  # fmt: skip
    deal = org.create("Opportunity", **DEAL)
    assert org.get("Opportunity", deal)["Contract_Term_Months__c"] == 12
    assert org.update("Opportunity", deal, StageName="Closed Won", Contract_Term_Months__c=None).status == 204
    found = org.get("Opportunity", deal)
    assert (found["NextStep"], found["Probability"], found["CloseDate"]) == ("was Prospecting", 42, "2026-01-05")
    assert found["Contract_Term_Months__c"] is None, "not on update"
    assert (found["FiscalQuarter"], found["IsWon"]) == (1, True), "what follows from a set field follows"


def test_a_field_of_percent_gets_what_a_formula_comes_to_and_not_a_hundred_times_as_much(org: Org):
    """A formula reads ten percent as 0.1, and what it comes to is stored as if a client had written it."""
    org.act("alter_schema", change="add_field", object="Opportunity", field="Share__c",
            definition={"type": "percent", "precision": 5, "scale": 2})  # fmt: skip
    declare(org, "update", "Copied", {"set": {"Share__c": "Probability"}})
    deal = org.create("Opportunity", **DEAL, Probability=10)
    assert org.get("Opportunity", deal)["Share__c"] == 0.1
    declare(org, "update", "Copied", {"set": {"Share__c": "100 * Probability"}})
    org.update("Opportunity", deal, NextStep="as the vendor advises")
    assert org.get("Opportunity", deal)["Share__c"] == 10


def test_an_update_runs_before_the_checks_and_a_value_that_does_not_fit_refuses_the_save(org: Org):
    declare(org, "update", "Name", {"when": "ISBLANK(Name)", "set": {"Name": '"Deal of " & TEXT(CloseDate)'}})
    made = org.create("Opportunity", StageName="Prospecting", CloseDate="2026-02-02")
    assert org.get("Opportunity", made)["Name"] == "Deal of 2026-02-02"
    declare(org, "update", "Pay", {"set": {"Payment_Method__c": '"cash"'}})
    assert org.rest("POST", "sobjects/Opportunity", DEAL).code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"
    declare(org, "update", "Pay", {"set": {"CloseDate": '"soon"'}})
    assert org.rest("POST", "sobjects/Opportunity", DEAL).code == "CANNOT_EXECUTE_FLOW_TRIGGER"


@pytest.mark.parametrize(
    ("kind", "rule", "why"),
    [("validation", {"when": "Nope = 1", "message": "x"}, "Field Nope"), ("validation", {"when": "true"}, "needs"),
     ("validation", {"when": "true", "message": "x", "field": "Nope"}, "no field Nope"),
     ("validation", {"when": "true", "message": "x", "colour": 1}, "takes"), ("update", {"set": {"Id": "1"}}, "set"),
     ("update", {"set": {"Name": '"x"'}, "on": ["delete"]}, "on"), ("update", {"set": {"Name": "FOO()"}}, "FOO")],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_is_refused_and_nothing_changes(org: Org, kind: str, rule: dict, why: str):
    with pytest.raises(ValueError, match=why):
        declare(org, kind, "R", rule)
    assert org.create("Opportunity", **DEAL)


def test_a_field_that_a_rule_names_cannot_go_away(org: Org):
    declare(org, "validation", "PO", NEEDS_PO)
    with pytest.raises(ValueError, match="PO_Number__c"):
        org.act("alter_schema", change="remove_field", object="Opportunity", field="PO_Number__c")


def test_dependent_and_labelled_picklists_are_described(org: Org):
    org.act("alter_schema", change="add_field", object="Account", field="Region__c",
            definition={"type": "picklist", "values": ["EU", "US"], "labels": {"EU": "Europe"}})  # fmt: skip
    org.act("alter_schema", change="add_field", object="Account", field="Country__c", definition={
        "type": "picklist", "values": ["AT", "CA"], "controller": "Region__c",
        "valid_for": {"AT": ["EU"], "CA": ["US"]},
    })  # fmt: skip
    fields = {item["name"]: item for item in org.rest("GET", "sobjects/Account/describe").json["fields"]}
    assert [value["label"] for value in fields["Region__c"]["picklistValues"]] == ["Europe", "US"]
    assert fields["Country__c"]["dependentPicklist"] and fields["Country__c"]["controllerName"] == "Region__c"
    assert [value["validFor"] for value in fields["Country__c"]["picklistValues"]] == ["gA==", "QA=="]

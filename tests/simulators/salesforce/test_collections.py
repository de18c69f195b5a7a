"""sObject collections: many records in a call, each by itself or all together."""

import pytest

from tests.simulators.salesforce.org import Org


@pytest.fixture
def org() -> Org:
    return Org().login()


def account(name: str | None, **more: object) -> dict:
    return {"attributes": {"type": "Account"}, **({"Name": name} if name else {}), **more}


def post(org: Org, records: list, all_or_none: bool = False):
    return org.rest("POST", "composite/sobjects", {"allOrNone": all_or_none, "records": records})


def test_good_rows_stay_when_others_fail(org: Org):
    reply = post(org, [account("A"), account(None), account("B", Nope__c=1), account("C")])
    assert reply.status == 200
    first, second, third, fourth = reply.json
    assert first == {"id": first["id"], "success": True, "errors": []} and fourth["success"]
    assert second == {"success": False, "errors": [
        {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Name]", "fields": ["Name"]},
    ]}  # fmt: skip
    assert third["errors"][0]["statusCode"] == "INVALID_FIELD"
    assert [row["Name"] for row in org.rows("SELECT Name FROM Account")] == ["A", "C"]


def test_all_or_none_rolls_good_rows_back_and_says_so(org: Org):
    reply = post(org, [account("A"), account(None)], all_or_none=True)
    assert [row["errors"][0]["statusCode"] for row in reply.json] == [
        "ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING",
    ]  # fmt: skip
    assert reply.json[0]["errors"][0]["message"] == (
        "Record rolled back because not all records were valid and the request was using AllOrNone header"
    )
    assert org.rows("SELECT Id FROM Account") == []


def test_changes_and_deletes_by_id(org: Org):
    ids = [org.create("Account", Name=name) for name in ("A", "B")]
    rows = [{"attributes": {"type": "Account"}, "id": one, "Site": "HQ"} for one in (*ids, "001Wt0000000009IAA")]
    reply = org.rest("PATCH", "composite/sobjects", {"records": rows})
    assert [row["success"] for row in reply.json] == [True, True, False]
    assert reply.json[2]["errors"][0]["statusCode"] == "INVALID_CROSS_REFERENCE_KEY"
    gone = org.rest("DELETE", f"composite/sobjects?ids={ids[0]},nonsense&allOrNone=true").json
    assert [row["success"] for row in gone] == [False, False]
    gone = org.rest("DELETE", f"composite/sobjects?ids={ids[0]},nonsense,{ids[0]}").json
    assert [row.get("errors") and row["errors"][0]["statusCode"] for row in gone] == [
        [],
        "MALFORMED_ID",
        "ENTITY_IS_DELETED",
    ]


def test_upsert_by_external_id_says_what_is_new_and_refuses_doubles(org: Org):
    org.rest("PATCH", "sobjects/Invoice__c/Invoice_Number__c/N1", {})
    records = [{"attributes": {"type": "Invoice__c"}, "Invoice_Number__c": key} for key in ("N1", "N2", "N3", "n3")]
    reply = org.rest(
        "PATCH", "composite/sobjects/invoice__c/invoice_number__c", {"records": [*records, {"attributes": {}}]}
    )
    assert [row.get("created") for row in reply.json] == [False, True, None, None, None]
    assert reply.json[2]["errors"][0]["statusCode"] == "DUPLICATE_VALUE"
    assert reply.json[4]["errors"][0]["statusCode"] == "MISSING_ARGUMENT"


def test_reading_keeps_order_and_shows_misses_as_null(org: Org):
    ids = [org.create("Account", Name=name) for name in ("A", "B")]
    wanted = {"ids": [ids[1], "001Wt0000000009IAA", ids[0]], "fields": ["Name"]}
    reply = org.rest("POST", "composite/sobjects/Account", wanted)
    assert [row and row["Name"] for row in reply.json] == ["B", None, "A"]
    reply = org.rest("GET", f"composite/sobjects/Account?ids={ids[0]}&fields=Name,Site")
    assert reply.json[0]["Name"] == "A" and reply.json[0]["Id"] == ids[0]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"records": [account("A")] * 201}, "EXCEEDED_ID_LIMIT"),
        ({"records": []}, "INVALID_INPUT"),
        ({}, "JSON_PARSER_ERROR"),
        ({"records": [1]}, "JSON_PARSER_ERROR"),
        ({"records": [account("A", NumberOfEmployees="x")]}, "JSON_PARSER_ERROR"),
        ({"records": [account("A") if n % 2 else {"attributes": {"type": "Contact"}} for n in range(12)]},
         "EXCEEDED_MAX_TYPES_LIMIT"),
    ],
)  # fmt: skip
def test_a_call_that_is_wrong_as_a_whole(org: Org, body: dict, code: str):
    reply = org.rest("POST", "composite/sobjects", body)
    assert (reply.status, reply.code) == (400, code)
    assert org.rows("SELECT Id FROM Account") == []


def test_an_unknown_type_is_that_rows_problem(org: Org):
    reply = post(org, [{"attributes": {"type": "Nope"}}, account("A")])
    assert [row["success"] for row in reply.json] == [False, True]


def test_operations_carry_the_object(org: Org):
    post(org, [account("A")])
    org.rest("PATCH", "sobjects/invoice__c/invoice_number__c/1", {})
    org.query("SELECT Id FROM Account")
    shown = [entry["operation"] for entry in org.system.journal.after(0)[0] if entry["kind"] == "call"]
    assert shown == ["token", "collections.create:Account", "record.upsert:Invoice__c", "query"]

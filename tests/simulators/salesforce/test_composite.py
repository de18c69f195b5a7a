"""Composite, batch and tree requests: several steps in one call, tied by references."""

import pytest

from tests.simulators.salesforce.org import ROOT, Org


@pytest.fixture
def org() -> Org:
    return Org().login()


def step(reference: str, method: str, path: str, body: dict | None = None) -> dict:
    found = {"referenceId": reference, "method": method, "url": f"{ROOT}/{path}"}
    return found if body is None else found | {"body": body}


def composite(org: Org, steps: list, all_or_none: bool = True):
    return org.rest("POST", "composite", {"allOrNone": all_or_none, "compositeRequest": steps})


DEAL = {"Name": "Deal", "StageName": "Prospecting", "CloseDate": "2026-01-31"}


def test_later_steps_use_what_earlier_ones_answered(org: Org):
    reply = composite(org, [
        step("a", "POST", "sobjects/Account", {"Name": "Acme"}),
        step("d", "POST", "sobjects/Opportunity", {**DEAL, "AccountId": "@{a.id}", "NextStep": "ask @{a.id}"}),
        step("q", "GET", "query?q=SELECT+Id,Name+FROM+Account+WHERE+Id='@{a.id}'"),
        step("p", "PATCH", "sobjects/Account/@{q.records[0].Id}", {"Site": "@{q.records[0].Name}"}),
    ])  # fmt: skip
    results = reply.json["compositeResponse"]
    assert [(one["referenceId"], one["httpStatusCode"]) for one in results] == [
        ("a", 201),
        ("d", 201),
        ("q", 200),
        ("p", 204),
    ]
    account = results[0]["body"]["id"]
    assert (
        results[0]["httpHeaders"] == {"Location": f"{ROOT}/sobjects/Account/{account}"} and results[3]["body"] is None
    )
    assert org.get("Account", account)["Site"] == "Acme"
    assert org.get("Opportunity", results[1]["body"]["id"])["NextStep"] == f"ask {account}"


def test_all_or_none_rolls_back_and_halts_the_innocent(org: Org):
    reply = composite(org, [
        step("a", "POST", "sobjects/Account", {"Name": "Acme"}), step("b", "POST", "sobjects/Account", {}),
        step("c", "POST", "sobjects/Account", {"Name": "Late"}),
    ])  # fmt: skip
    assert reply.status == 200
    bodies = [one["body"][0] for one in reply.json["compositeResponse"]]
    assert [body["errorCode"] for body in bodies] == [
        "PROCESSING_HALTED",
        "REQUIRED_FIELD_MISSING",
        "PROCESSING_HALTED",
    ]
    assert bodies[0]["message"] == (
        "The transaction was rolled back since another operation in the same transaction failed."
    )
    assert [one["httpStatusCode"] for one in reply.json["compositeResponse"]] == [400, 400, 400]
    assert org.rows("SELECT Id FROM Account") == []


def test_without_all_or_none_only_dependents_fail(org: Org):
    reply = composite(org, [
        step("a", "POST", "sobjects/Account", {}),
        step("d", "POST", "sobjects/Opportunity", {**DEAL, "AccountId": "@{a.id}"}),
        step("c", "POST", "sobjects/Account", {"Name": "Fine"}),
    ], all_or_none=False)  # fmt: skip
    results = reply.json["compositeResponse"]
    assert [one["httpStatusCode"] for one in results] == [400, 400, 201]
    assert results[1]["body"][0]["errorCode"] == "PROCESSING_HALTED"
    assert "Invalid reference specified. No value for a.id found in a." in results[1]["body"][0]["message"]


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [step("a", "GET", "limits"), step("a", "GET", "limits")],
        [{"method": "GET", "url": f"{ROOT}/limits"}],
        [step(str(n), "GET", "limits") for n in range(26)],
        [step(str(n), "GET", "query?q=SELECT+Id+FROM+Account") for n in range(6)],
        [{"referenceId": "a", "method": "GET", "url": "/elsewhere"}],
        ["nonsense"],
    ],
)
def test_a_malformed_composite_is_refused_whole(org: Org, steps: list):
    reply = composite(org, steps)
    assert reply.status == 400 and reply.code == "INVALID_INPUT"


def test_a_batch_runs_each_by_itself_and_may_halt(org: Org):
    requests = [
        {"method": "POST", "url": "v60.0/sobjects/Account", "richInput": {"Name": "A"}},
        {"method": "GET", "url": "v60.0/sobjects/Account/nonsense"},
        {"method": "GET", "url": "v60.0/limits"},
    ]
    reply = org.rest("POST", "composite/batch", {"batchRequests": requests}).json
    assert reply["hasErrors"] is True
    assert [one["statusCode"] for one in reply["results"]] == [201, 404, 200]
    reply = org.rest("POST", "composite/batch", {"haltOnError": True, "batchRequests": requests[1:]}).json
    assert [one["statusCode"] for one in reply["results"]] == [404, 412]
    assert reply["results"][1]["result"][0]["errorCode"] == "BATCH_PROCESSING_HALTED"


def planted(reference: str, name: str | None, **more: object) -> dict:
    found = {"attributes": {"type": "Account", "referenceId": reference}, **more}
    return found if name is None else found | {"Name": name}


def test_a_tree_is_planted_whole(org: Org):
    contact = {"attributes": {"type": "Contact", "referenceId": "c"}, "LastName": "May"}
    body = {"records": [planted("a", "Acme", Contacts={"records": [contact]}), planted("b", "Beta")]}
    reply = org.rest("POST", "composite/tree/Account", body)
    assert reply.status == 201 and reply.json["hasErrors"] is False
    ids = {one["referenceId"]: one["id"] for one in reply.json["results"]}
    assert org.get("Contact", ids["c"])["AccountId"] == ids["a"]


def test_a_tree_with_one_bad_record_is_not_planted_at_all(org: Org):
    body = {"records": [planted("a", "Acme"), planted("b", None)]}
    reply = org.rest("POST", "composite/tree/Account", body)
    assert reply.status == 400
    assert reply.json == {"hasErrors": True, "results": [{"referenceId": "b", "errors": [
        {"statusCode": "REQUIRED_FIELD_MISSING", "message": "Required fields are missing: [Name]", "fields": ["Name"]},
    ]}]}  # fmt: skip
    assert org.rows("SELECT Id FROM Account") == []
    doubled = {"records": [planted("a", "Acme"), planted("a", "Beta")]}
    assert org.rest("POST", "composite/tree/Account", doubled).code == "INVALID_INPUT"


def test_a_member_that_answers_no_json_stands_there_as_text(org: Org):
    job = org.rest("POST", "jobs/ingest", {"operation": "insert", "object": "Account"}).json["id"]
    org.rest("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"})
    url = f"v60.0/jobs/ingest/{job}/successfulResults"
    reply = org.rest("POST", "composite/batch", {"batchRequests": [{"method": "GET", "url": url}]})
    assert reply.json["results"] == [{"statusCode": 200, "result": '"sf__Id","sf__Created"\n'}]

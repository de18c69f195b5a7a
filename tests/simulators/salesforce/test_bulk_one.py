"""Bulk API 1.0: jobs and batches in three forms, and what is refused."""

import json
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.simulators.salesforce.org import Org, Reply
from tests.simulators.salesforce.test_bulk import settle

BASE = "/services/async/59.0/job"
NS = "{http://www.force.com/2009/06/asyncapi/dataload}"


@pytest.fixture
def org() -> Org:
    return Org().login()


def ask(org: Org, method: str, path: str = "", body: Any = None, kind: str = "application/json") -> Reply:
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    sent = {"content-type": kind, "x-sfdc-session": org.token, "authorization": ""}
    return org.call(method, BASE + path, data, **sent)


def job_of(org: Org, **facts: Any) -> str:
    made = ask(org, "POST", body={"operation": "insert", "object": "Account", "contentType": "JSON", **facts})
    assert made.status == 201, made.content
    return str(made.json["id"])


def batch_of(org: Org, job: str, body: Any, kind: str = "application/json") -> dict[str, Any]:
    made = ask(org, "POST", f"/{job}/batch", body, kind)
    assert made.status == 201, made.content
    settle(org)
    return told(ask(org, "GET", f"/{job}/batch/{told(made)['id']}"))


def told(reply: Reply) -> dict[str, Any]:
    """A batch in JSON, or in XML with its numbers read."""
    if reply.headers["content-type"] == "application/json":
        found: dict[str, Any] = reply.json
        return found
    texts = {child.tag.removeprefix(NS): child.text or "" for child in ElementTree.fromstring(reply.content)}
    return {name: int(text) if text.isdigit() else text for name, text in texts.items()}


def test_batches_of_jobs_of_csv_are_told_in_xml_even_to_a_client_that_speaks_json(org: Org):
    """As tap-salesforce 2.8 reads them: the job in JSON, its batches in XML."""
    job = job_of(org, operation="queryAll", contentType="CSV")
    made = ask(org, "POST", f"/{job}/batch", b"SELECT Id FROM Account", "text/csv")
    settle(org)
    for path in ("", f"/{told(made)['id']}", f"/{told(made)['id']}/result"):
        assert ask(org, "GET", f"/{job}/batch{path}").headers["content-type"] == "application/xml"
    assert ask(org, "GET", f"/{job}").headers["content-type"] == "application/json"
    refused = ask(org, "GET", "/750000000000000AAA")
    assert (refused.headers["content-type"], refused.json["exceptionCode"]) == ("application/json", "InvalidJob")


def test_json_rows_are_written_each_by_itself(org: Org):
    job = job_of(org)
    rows = [{"Name": "A", "NumberOfEmployees": 5}, {"Site": "x"}, {"name": "C", "NumberOfEmployees": "many"}]
    batch = batch_of(org, job, rows)
    assert (batch["state"], batch["numberRecordsProcessed"], batch["numberRecordsFailed"]) == ("Completed", 3, 2)
    answered = ask(org, "GET", f"/{job}/batch/{batch['id']}/result")
    results = answered.json
    assert answered.headers["content-type"] == "application/json"  # bare: salesforce-bulk compares it as a whole
    assert [one["success"] for one in results] == [True, False, False] and results[0]["created"]
    assert results[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING" and results[1]["id"] is None
    assert ask(org, "GET", f"/{job}/batch/{batch['id']}/request").json == rows
    assert ask(org, "POST", f"/{job}", {"state": "Closed"}).json["state"] == "Closed"
    shown = ask(org, "GET", f"/{job}").json
    assert (shown["numberBatchesTotal"], shown["numberRecordsFailed"], shown["apiVersion"]) == (1, 2, 59.0)
    assert ask(org, "POST", f"/{job}/batch", rows).json["exceptionCode"] == "InvalidJobState"


def test_upsert_update_and_delete_with_references_by_external_id(org: Org):
    org.create("Account", Name="Acme", Billing_Customer_Id__c="cb_1")
    job = job_of(org, operation="upsert", object="Invoice__c", externalIdFieldName="invoice_number__c")
    rows = [{"Invoice_Number__c": "N1", "Account__r": {"Billing_Customer_Id__c": "cb_1"}, "Gross__c": 5.5}]
    batch = batch_of(org, job, rows)
    found = ask(org, "GET", f"/{job}/batch/{batch['id']}/result").json[0]
    assert found["success"] and found["created"]
    update = job_of(org, operation="update", object="Invoice__c", concurrencyMode=1)
    assert ask(org, "GET", f"/{update}").json["concurrencyMode"] == "Serial"
    batch_of(org, update, [{"Id": found["id"], "Gross__c": None}])
    assert org.get("Invoice__c", found["id"])["Gross__c"] is None
    batch_of(org, job_of(org, operation="delete", object="Invoice__c"), [{"Id": found["id"]}])
    assert org.rows("SELECT Id FROM Invoice__c") == []


def test_xml_jobs_with_csv_batches_as_jsforce_sends_them(org: Org):
    made = ask(org, "POST", "", b'<?xml version="1.0"?><jobInfo xmlns="http://www.force.com/2009/06/asyncapi/dataload">'
               b"<operation>insert</operation><object>Account</object><contentType>CSV</contentType></jobInfo>",
               "application/xml; charset=utf-8")  # fmt: skip
    job = ElementTree.fromstring(made.content)
    assert (made.status, job.findtext(f"{NS}state"), job.findtext(f"{NS}apiVersion")) == (201, "Open", "59.0")
    identity = str(job.findtext(f"{NS}id"))
    batch = batch_of(org, identity, b'Name,Site\n"A, Inc.",#N/A\n,x\n', "text/csv")
    result = ask(org, "GET", f"/{identity}/batch/{batch['id']}/result", kind="")
    assert (made.headers["content-type"], result.headers["content-type"]) == ("application/xml", "text/csv")
    lines = result.content.decode().splitlines()
    assert lines[0] == '"Id","Success","Created","Error"' and lines[1].endswith('"true","true",""')
    assert lines[2] == '"","false","false","REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"'
    listed = ElementTree.fromstring(ask(org, "GET", f"/{identity}/batch", kind="").content)
    assert [one.findtext(f"{NS}state") for one in listed] == ["Completed"]


def test_xml_rows(org: Org):
    job = job_of(org, contentType="XML")
    rows = (
        b'<sObjects xmlns="http://www.force.com/2009/06/asyncapi/dataload" xmlns:xsi="http://www.w3.org/2001/'
        b'XMLSchema-instance"><sObject><Name>A &amp; B</Name><Site xsi:nil="true"/></sObject><sObject/></sObjects>'
    )
    batch = batch_of(org, job, rows, "application/xml")
    results = ElementTree.fromstring(ask(org, "GET", f"/{job}/batch/{batch['id']}/result", kind="").content)
    assert [one.findtext(f"{NS}success") for one in results] == ["true", "false"]
    assert org.rows("SELECT Name FROM Account")[0]["Name"] == "A & B"


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("JSON", b"[1]"), ("JSON", b"{}"), ("JSON", b"\xff"), ("CSV", b"Nope__c\n1\n"), ("CSV", b"Name,Site\nA\n"),
        ("XML", b"<a"), ("XML", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>'), ("JSON", b"[" + b"{}," * 10_000 + b"{}]"),
        ("JSON", b"[" * 5_000),
    ],
)  # fmt: skip
def test_a_batch_that_cannot_be_read_fails_as_a_whole(org: Org, kind: str, body: bytes):
    job = job_of(org, contentType=kind)
    batch = batch_of(org, job, body)
    assert batch["state"] == "Failed" and batch["stateMessage"]
    assert ask(org, "GET", f"/{job}/batch/{batch['id']}/result").json["exceptionCode"] == "InvalidBatch"
    assert org.system.jobs.failures == [] and org.rows("SELECT Id FROM Account") == []


@pytest.mark.parametrize("kind", ["JSON", "CSV", "XML"])
def test_query_batches_answer_in_the_form_of_the_job(org: Org, kind: str):
    org.create("Account", Name="Acme & Co")
    job = job_of(org, operation="query", contentType=kind)
    batch = batch_of(org, job, b"SELECT Name, CreatedDate, Owner.Name FROM Account")
    listed = ask(org, "GET", f"/{job}/batch/{batch['id']}/result")
    if kind == "JSON":
        (result,) = listed.json
    else:
        result = str(ElementTree.fromstring(listed.content).findtext(f"{NS}result"))
    rows = ask(org, "GET", f"/{job}/batch/{batch['id']}/result/{result}")
    if kind == "JSON":
        assert rows.json[0]["CreatedDate"] == 1_767_603_600_000 and rows.json[0]["Owner"]["Name"] == "Integration User"
    elif kind == "CSV":
        assert rows.content.decode().splitlines()[1] == '"Acme & Co","2026-01-05T09:00:00.000Z","Integration User"'
    else:
        assert b"<Name>Acme &amp; Co</Name>" in rows.content
    assert ask(org, "GET", f"/{job}/batch/{batch['id']}/result/752x").json["exceptionCode"] == "InvalidBatch"
    failed = batch_of(org, job, b"SELECT Nope FROM Account")
    assert failed["state"] == "Failed" and "No such column" in failed["stateMessage"]


def test_an_aborted_job_leaves_waiting_batches_unprocessed(org: Org):
    job = job_of(org)
    batch = ask(org, "POST", f"/{job}/batch", [{"Name": "A"}]).json["id"]
    assert ask(org, "POST", f"/{job}", {"state": "Aborted"}).json["state"] == "Aborted"
    settle(org)
    assert ask(org, "GET", f"/{job}/batch/{batch}").json["state"] == "NotProcessed"
    assert org.rows("SELECT Id FROM Account") == []
    assert ask(org, "POST", f"/{job}", {"state": "Closed"}).json["exceptionCode"] == "InvalidJobState"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"operation": "x", "object": "Account"}, "InvalidJob"),
        ({"operation": "insert", "object": "Nope"}, "InvalidJob"),
        ({"operation": "upsert", "object": "Account", "externalIdFieldName": "Site"}, "InvalidJob"),
        ({"operation": "insert", "object": "Account", "contentType": "PDF"}, "InvalidJob"),
        (b"{", "InvalidJob"),
        (b"[]", "InvalidJob"),
    ],
)
def test_jobs_that_are_refused(org: Org, body: Any, code: str):
    reply = ask(org, "POST", "", body)
    assert (reply.status, reply.json["exceptionCode"]) == (400, code)


def test_who_may_not_and_what_is_not_there(org: Org):
    job, other = job_of(org), job_of(org)
    batch = ask(org, "POST", f"/{job}/batch", [{"Name": "A"}]).json["id"]
    assert ask(org, "GET", f"/{other}/batch/{batch}").json["exceptionCode"] == "InvalidBatch"
    assert ask(org, "GET", "/750xx").json["exceptionCode"] == "InvalidJob"
    assert org.call("POST", "/services/async/19.0/job", {}).json["exceptionCode"] == "InvalidVersion"
    org.token = "00D000000000001!forged"
    reply = ask(org, "GET", f"/{job}", kind="")
    assert reply.status == 400 and b"<exceptionCode>InvalidSessionId</exceptionCode>" in reply.content

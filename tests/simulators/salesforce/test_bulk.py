"""Bulk 2.0: jobs, CSV in and out, rows that fail alone, queries in pages."""

import asyncio
import csv
import io

import pytest

from tests.simulators.salesforce.org import ROOT, Org, Reply

CSV = {"content-type": "text/csv; charset=UTF-8"}


@pytest.fixture
def org() -> Org:
    return Org().login()


def settle(org: Org) -> None:
    """Let due jobs run on the org's clock."""

    async def work() -> None:
        org.time.now += 1
        await org.system.start()
        await org.system.jobs.drained()
        await org.system.stop()

    asyncio.run(work())


def ingest(org: Org, text: str, operation: str = "insert", sobject: str = "Account", **more: str) -> dict:
    body = {"operation": operation, "object": sobject, "contentType": "CSV", **more}
    job = org.rest("POST", "jobs/ingest", body)
    assert job.status == 200, job.content
    assert job.json["state"] == "Open" and job.json["contentUrl"].startswith("services/data/v60.0/jobs/ingest/750")
    path = f"jobs/ingest/{job.json['id']}"
    upload = org.rest("PUT", f"{path}/batches", text.encode(), **CSV)
    assert (upload.status, upload.content) == (201, b"")
    assert org.rest("PATCH", path, {"state": "UploadComplete"}).json["state"] == "UploadComplete"
    assert org.rest("GET", path).json["state"] == "UploadComplete"
    assert org.rest("GET", f"{path}/successfulResults").code == "JOB_NOT_COMPLETE"
    settle(org)
    found: dict = org.rest("GET", path).json
    return found


def table(reply: Reply, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(reply.content.decode()), delimiter=delimiter))


def results(org: Org, job: dict, kind: str) -> list[list[str]]:
    return table(org.rest("GET", f"jobs/ingest/{job['id']}/{kind}"))


def test_good_rows_are_written_and_bad_ones_reported(org: Org):
    job = ingest(org, 'Name,NumberOfEmployees,Site\n"A, Inc.",5,\n,6,x\nB,many,y\nC,7,#N/A\n')
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 2)
    good = results(org, job, "successfulResults")
    assert good[0] == ["sf__Id", "sf__Created", "Name", "NumberOfEmployees", "Site"]
    assert [row[1:] for row in good[1:]] == [["true", "A, Inc.", "5", ""], ["true", "C", "7", "#N/A"]]
    bad = results(org, job, "failedResults")
    assert bad[0][:2] == ["sf__Id", "sf__Error"]
    assert bad[1][1] == "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert bad[2][1].startswith("INVALID_TYPE_ON_FIELD_IN_RECORD:")
    assert results(org, job, "unprocessedrecords") == [["Name", "NumberOfEmployees", "Site"]]
    raw = org.rest("GET", f"jobs/ingest/{job['id']}/successfulResults").content
    assert raw.startswith(b'"sf__Id","sf__Created","Name"')


def test_upsert_by_external_id_with_parents_by_external_id(org: Org):
    org.create("Account", Name="Acme", Billing_Customer_Id__c="cb_1")
    org.rest("PATCH", "sobjects/Invoice__c/Invoice_Number__c/N1", {"Gross__c": 1, "Status__c": "open"})
    text = (
        "Id,Invoice_Number__c,Account__r.Billing_Customer_Id__c,Gross__c,Status__c\n"
        ",N1,cb_1,2,#N/A\n,N2,cb_1,3,x\n,N3,cb_9,3,x\n,N4,,,\n,n4,,,\n,,cb_1,,\n"
    )
    job = ingest(org, text, "upsert", "Invoice__c", externalIdFieldName="Invoice_Number__c")
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (6, 4)
    assert [row[1] for row in results(org, job, "successfulResults")[1:]] == ["false", "true"]
    errors = [row[1] for row in results(org, job, "failedResults")[1:]]
    assert errors[0].startswith("INVALID_FIELD:Foreign key external ID: cb_9 not found")
    assert errors[1].startswith("DUPLICATE_VALUE:Duplicate external id specified: N4")
    row = org.rows("SELECT Gross__c, Status__c, Account__r.Name FROM Invoice__c WHERE Invoice_Number__c = 'N1'")[0]
    assert (row["Gross__c"], row["Status__c"], row["Account__r"]["Name"]) == (2.0, None, "Acme")


def test_changes_deletes_and_hard_deletes(org: Org):
    ids = [org.create("Account", Name=f"A{n}") for n in range(3)]
    job = ingest(org, f"Id,Name\n{ids[0]},New\n001Wt0000000009IAA,x\n,x\n", "update")
    assert job["numberRecordsFailed"] == 2 and org.get("Account", ids[0])["Name"] == "New"
    ingest(org, f"Id\n{ids[1]}\n", "delete")
    ingest(org, f"Id\n{ids[2]}\n", "hardDelete")
    shown = org.query("SELECT Id, IsDeleted FROM Account", "queryAll").json["records"]
    assert [(row["Id"], row["IsDeleted"]) for row in shown] == [(ids[0], False), (ids[1], True)]


def test_other_delimiters_line_ends_and_many_chunks(org: Org):
    rows = "".join(f"A{n}|x;y\r\n" for n in range(450))
    job = ingest(org, f"Name|Site\r\n{rows}", columnDelimiter="PIPE", lineEnding="CRLF")
    assert (job["state"], job["numberRecordsProcessed"]) == ("JobComplete", 450)
    reply = org.rest("GET", f"jobs/ingest/{job['id']}/successfulResults")
    assert reply.content.count(b"\r\n") == 451 and table(reply, "|")[450][2:] == ["A449", "x;y"]


def test_rows_of_a_long_job_are_not_dated_back_behind_what_others_wrote_meanwhile(org: Org):
    ids = [org.create("Account", Name=f"A{n}") for n in range(201)]
    job = org.rest("POST", "jobs/ingest", {"operation": "update", "object": "Account"}).json["id"]
    rows = "".join(f"{one},bulk\n" for one in ids)
    org.rest("PUT", f"jobs/ingest/{job}/batches", f"Id,Site\n{rows}".encode(), **CSV)
    org.rest("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
    path = f"{ROOT}/sobjects/Account/{ids[-1]}"

    async def beside() -> str:
        org.time.now += 1
        await org.system.start()
        while not (await org.acall("GET", f"{ROOT}/jobs/ingest/{job}")).json["numberRecordsProcessed"]:
            await asyncio.sleep(0)
        org.time.now += 60
        assert (await org.acall("PATCH", path, {"Fax": "other"})).status == 204
        found = (await org.acall("GET", path)).json["SystemModstamp"]
        await org.system.jobs.drained()
        await org.system.stop()
        return str(found)

    meanwhile = asyncio.run(beside())
    last = org.get("Account", ids[-1])
    assert (last["Site"], last["Fax"]) == ("bulk", "other")
    assert last["SystemModstamp"] >= meanwhile, "a reader that has gone past the other's write would miss the job's"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("Name,Nope__c\nA,1\n", "InvalidBatch : Field name not found : Nope__c"),
        ("Name,Site\nA\n", "InvalidBatch : The number of columns in row 1 is 1, and the header has 2"),
        ("", "InvalidBatch : The batch has no header row"),
        ("Name,name\nA,B\n", "InvalidBatch : Duplicate field name found : name"),
        ("Name\r\nA\r\n", "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is LF"),
    ],
)
def test_a_csv_that_cannot_be_read_fails_the_job(org: Org, text: str, error: str):
    job = ingest(org, text)
    assert (job["state"], job["errorMessage"]) == ("Failed", error)
    assert org.rows("SELECT Id FROM Account") == []
    assert org.rest("GET", f"jobs/ingest/{job['id']}/failedResults").status == 200


def test_states_are_kept(org: Org):
    job = org.rest("POST", "jobs/ingest", {"operation": "insert", "object": "Account"}).json["id"]
    assert org.rest("DELETE", f"jobs/ingest/{job}").code == "INVALIDJOBSTATE"
    assert org.rest("PATCH", f"jobs/ingest/{job}", {"state": "JobComplete"}).code == "INVALIDJOBSTATE"
    assert org.rest("PATCH", f"jobs/ingest/{job}", {"state": "Aborted"}).json["state"] == "Aborted"
    assert org.rest("PUT", f"jobs/ingest/{job}/batches", b"Name\nA\n", **CSV).code == "INVALIDJOBSTATE"
    assert [one["id"] for one in org.rest("GET", "jobs/ingest").json["records"]] == [job]
    assert org.rest("DELETE", f"jobs/ingest/{job}").status == 204
    assert org.rest("GET", f"jobs/ingest/{job}").status == 404
    for body in ({"operation": "x", "object": "Account"}, {"operation": "insert", "object": "Nope"},
                 {"operation": "upsert", "object": "Account", "externalIdFieldName": "Site"},
                 {"operation": "insert", "object": "Account", "columnDelimiter": "DOT"}):  # fmt: skip
        assert org.rest("POST", "jobs/ingest", body).code == "INVALIDJOB"


def test_a_job_goes_on_after_a_restart(tmp_path):
    org = Org(data=tmp_path).login()
    job = org.rest("POST", "jobs/ingest", {"operation": "insert", "object": "Account"}).json["id"]
    org.rest("PUT", f"jobs/ingest/{job}/batches", b"Name\nA\n", **CSV)
    org.rest("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
    org.system.store.close()
    again = Org(data=tmp_path)
    again.token = org.token
    settle(again)
    assert again.rest("GET", f"jobs/ingest/{job}").json["state"] == "JobComplete"
    assert [row["Name"] for row in again.rows("SELECT Name FROM Account")] == ["A"]


def query(org: Org, soql: str, operation: str = "query") -> str:
    job = org.rest("POST", "jobs/query", {"operation": operation, "query": soql}).json
    assert job["state"] == "UploadComplete"
    assert org.rest("GET", f"jobs/query/{job['id']}/results").code == "JOB_NOT_COMPLETE"
    settle(org)
    assert org.rest("GET", f"jobs/query/{job['id']}").json["state"] == "JobComplete"
    return str(job["id"])


def test_a_query_job_gives_csv_pages(org: Org):
    org.seed({"Account": [{"Name": f"A{n}", "AnnualRevenue": n} for n in range(5)]})
    job = query(org, "select name, AnnualRevenue, Owner.Name, CreatedDate, IsDeleted, Site from account order by Name")
    whole = org.rest("GET", f"jobs/query/{job}/results")
    assert (whole.headers["sforce-numberofrecords"], whole.headers["sforce-locator"]) == ("5", "null")
    assert table(whole)[:2] == [
        ["Name", "AnnualRevenue", "Owner.Name", "CreatedDate", "IsDeleted", "Site"],
        ["A0", "0.0", "Integration User", "2026-01-05T09:00:00.000Z", "false", ""],
    ]
    names, locator = [], ""
    while locator != "null":
        page = org.rest("GET", f"jobs/query/{job}/results?maxRecords=2&locator={locator}")
        names += [row[0] for row in table(page)[1:]]
        locator = page.headers["sforce-locator"]
    assert names == ["A0", "A1", "A2", "A3", "A4"]
    assert org.call("GET", f"/services/data/v59.0/jobs/query/{job}/results").status == 409
    assert org.rest("GET", f"jobs/query/{job}/results?locator=!!").code == "INVALID_QUERY_LOCATOR"


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("SELECT Nope FROM Account", "INVALID_FIELD"),
        ("SELECT COUNT(Id) FROM Account", "API_ERROR"),
        ("SELECT Id, (SELECT Id FROM Contacts) FROM Account", "API_ERROR"),
        ("SELECT Id FROM Account OFFSET 5", "API_ERROR"),
    ],
)
def test_queries_that_no_job_takes(org: Org, soql: str, code: str):
    assert org.rest("POST", "jobs/query", {"operation": "query", "query": soql}).code == code


def test_a_crlf_job_takes_no_lf_file_and_reports_its_rows_unprocessed(org: Org):
    job = ingest(org, "Name\nA\n", lineEnding="CRLF")
    assert job["errorMessage"].endswith("Current LineEnding setting is CRLF")
    assert results(org, job, "unprocessedRecords") == [["Name"], ["A"]]


def test_bytes_that_are_no_text_fail_the_job(org: Org):
    job = org.rest("POST", "jobs/ingest", {"operation": "insert", "object": "Account"}).json["id"]
    assert org.rest("PUT", f"jobs/ingest/{job}/batches", b"Name\n\xff\xfe\n", **CSV).status == 201
    org.rest("PATCH", f"jobs/ingest/{job}", {"state": "UploadComplete"})
    settle(org)
    shown = org.rest("GET", f"jobs/ingest/{job}").json
    assert (shown["state"], shown["numberRecordsProcessed"]) == ("Failed", 0)
    assert shown["errorMessage"] == "InvalidBatch : The data is not UTF-8: invalid start byte at byte 5"


def test_another_content_type_is_refused(org: Org):
    job = org.rest("POST", "jobs/ingest", {"operation": "insert", "object": "Account"}).json["id"]
    assert org.rest("PUT", f"jobs/ingest/{job}/batches", b"<a/>", **{"content-type": "application/xml"}).status == 415
    assert org.rest("PUT", f"jobs/ingest/{job}/batches", b"Name\nA\n", **CSV).status == 201


def multipart(org: Org, job: bytes, content: bytes) -> Reply:
    body = (
        b'--B\r\nContent-Type: application/json\r\nContent-Disposition: form-data; name="job"\r\n\r\n' + job + b"\r\n"
        b'--B\r\nContent-Type: text/csv\r\nContent-Disposition: form-data; name="content"; filename="content"\r\n\r\n'
        + content + b"\r\n--B--\r\n"
    )  # fmt: skip
    return org.rest("POST", "jobs/ingest", body, **{"content-type": "multipart/form-data; boundary=B"})


def test_a_job_may_bring_its_data_and_is_closed_then(org: Org):
    made = multipart(org, b'{"object":"Account","operation":"insert","contentType":"CSV"}', b"Name\nA\nB\n")
    assert (made.status, made.json["state"]) == (200, "UploadComplete")
    settle(org)
    assert org.rest("GET", f"jobs/ingest/{made.json['id']}").json["numberRecordsProcessed"] == 2
    assert multipart(org, b"{", b"Name\n").code == "JSON_PARSER_ERROR"
    assert multipart(org, b"[]", b"Name\n").code == "JSON_PARSER_ERROR"
    assert multipart(org, b'{"object":"Account","operation":"insert"}', b"x" * 100_001).code == "INVALIDJOB"
    assert org.rest("POST", "jobs/ingest", b"x", **{"content-type": "multipart/form-data"}).code == "INVALIDJOB"


def test_jobs_are_listed_a_thousand_a_page(org: Org):
    for _ in range(1_003):
        org.system.store.put("_bulk_job", JOB_LIKE | {"id": f"750{org.system.store.next('x'):015d}"})
    first = org.rest("GET", "jobs/ingest").json
    assert (first["done"], len(first["records"])) == (False, 1_000)
    rest = org.call("GET", first["nextRecordsUrl"]).json
    assert (rest["done"], len(rest["records"]), rest["nextRecordsUrl"]) == (True, 3, None)
    assert org.rest("GET", "jobs/ingest?queryLocator=x").code == "INVALID_QUERY_LOCATOR"


JOB_LIKE = {
    "type": "V2Ingest", "createdById": "x", "createdDate": "x", "systemModstamp": "x", "version": 60, "failed": 0,
    "columnDelimiter": "COMMA", "lineEnding": "LF", "processed": 0, "operation": "insert", "state": "Open",
}  # fmt: skip


def test_large_results_leave_in_blocks_and_say_the_same(org: Org):
    org.seed({"Account": [{"Name": f"A{n:04d}"} for n in range(4_500)]})
    job = query(org, "SELECT Name FROM Account ORDER BY Name")
    whole = org.rest("GET", f"jobs/query/{job}/results")
    assert "content-length" not in whole.headers and whole.headers["sforce-numberofrecords"] == "4500"
    assert [row[0] for row in table(whole)[1:]] == [f"A{n:04d}" for n in range(4_500)]
    page = org.rest("GET", f"jobs/query/{job}/results?maxRecords=2500&locator={'MTk5OQ'}")  # 1999
    assert [row[0] for row in table(page)[1:]] == [f"A{n:04d}" for n in range(1_999, 4_499)]
    past = org.rest("GET", f"jobs/query/{job}/results?locator=OTk5OTk")
    assert (past.headers["sforce-numberofrecords"], past.headers["sforce-locator"]) == ("0", "null")

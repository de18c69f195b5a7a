"""Limits and what befalls single records or fields: requests a day, long calls, locks, storage, permissions."""

import asyncio
from typing import Any

import pytest

from simulators.kit.faults import Fault
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_bulk import ingest, results, settle


@pytest.fixture
def org() -> Org:
    return Org().login()


def fault(org: Org, kind: str, operation: str, **more: Any) -> Fault:
    reply = org.call(
        "POST", "/_control/faults", {"id": kind, "kind": kind, "operation": operation, **more},
        **{"x-control-token": "control"},
    )  # fmt: skip
    assert reply.status == 201, reply.content
    return next(one for one in org.system.faults if one.id == kind)


def test_the_day_has_fifteen_thousand_requests_and_each_answer_counts():
    org = Org(profile="vendor").login()
    reply = org.rest("GET", "limits")
    used = int(reply.headers["sforce-limit-info"].partition("=")[2].partition("/")[0])
    assert reply.headers["sforce-limit-info"] == f"api-usage={used}/15000"
    assert reply.json["DailyApiRequests"] == {"Max": 15_000, "Remaining": 15_000 - used}
    assert org.rest("GET", "sobjects").headers["sforce-limit-info"] == f"api-usage={used + 1}/15000"
    org.system.meter.used_today = 15_000
    refused = org.rest("GET", "limits")
    assert (refused.status, refused.code, refused.message) == (
        403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.",
    )  # fmt: skip
    org.time.now += 86_400
    assert org.login().rest("GET", "limits").status == 200


def test_limits_have_the_documented_names_and_count_bulk_jobs_and_storage(org: Org):
    org.seed({"Account": [{"Name": f"A{n}"} for n in range(1_100)]})
    ingest(org, "Name\nB\n")
    org.rest("POST", "jobs/query", {"operation": "query", "query": "SELECT Id FROM Account"})
    shown = org.rest("GET", "limits").json
    assert len(shown) > 45 and list(shown) == sorted(shown)
    assert shown["DailyBulkV2QueryJobs"] == {"Max": 10_000, "Remaining": 9_999}
    assert shown["DailyBulkApiBatches"] == {"Max": 15_000, "Remaining": 14_999}
    assert shown["DataStorageMB"] == {"Max": 5, "Remaining": 3}
    assert shown["PermissionSets"]["CreateCustom"]["Max"] == 1_000


def test_a_sixth_call_is_refused_while_five_run_for_twenty_seconds():
    org = Org(profile="vendor").login()
    fault(org, "slow_applied", "record.create:Account", times=5, delay_s=0.05)

    async def calls() -> list[tuple[int, str]]:
        slow = [
            asyncio.ensure_future(org.acall("POST", "/services/data/v60.0/sobjects/Account", {"Name": str(n)}))
            for n in range(5)
        ]
        await asyncio.sleep(0)
        early = await org.acall("GET", "/services/data/v60.0/limits")
        org.time.now += 20
        late = await org.acall("GET", "/services/data/v60.0/limits")
        done = [await one for one in slow]
        after = await org.acall("GET", "/services/data/v60.0/limits")
        return [(one.status, one.message if one.status == 403 else "") for one in (early, late, *done, after)]

    found = asyncio.run(calls())
    assert found[0] == (200, "")
    assert found[1] == (403, "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
    assert found[2:] == [(201, "")] * 5 + [(200, "")]


def test_a_locked_row_refuses_its_write_and_no_other(org: Org):
    account = org.create("Account", Name="Acme")
    held = fault(org, "lock_row", "insert:Contact", contains="Two", times=2)
    rows = [{"attributes": {"type": "Contact"}, "LastName": name, "AccountId": account} for name in ("One", "Two")]
    reply = org.rest("POST", "composite/sobjects", {"records": rows})
    assert [one["success"] for one in reply.json] == [True, False]
    assert reply.json[1]["errors"] == [{
        "statusCode": "UNABLE_TO_LOCK_ROW", "fields": [],
        "message": f"unable to obtain exclusive access to this record or 1 records: {account}",
    }]  # fmt: skip
    alone = org.rest("POST", "sobjects/Contact", {"LastName": "Two", "AccountId": account})
    assert (alone.status, alone.code) == (400, "UNABLE_TO_LOCK_ROW")
    assert org.rest("POST", "sobjects/Contact", {"LastName": "Two", "AccountId": account}).status == 201
    assert held.hits == 2


def test_a_lock_in_a_bulk_job_fails_its_row_alone_and_on_updates_names_the_record(org: Org):
    account = org.create("Account", Name="Acme")
    fault(org, "lock_row", "*:Account", nth=2)
    job = ingest(org, "Name\nA\nB\nC\n")
    assert [row[1] for row in results(org, job, "failedResults")[1:]] == [
        "UNABLE_TO_LOCK_ROW:unable to obtain exclusive access to this record: --"
    ]
    fault(org, "lock_row", "update:Account")
    reply = org.update("Account", account, Name="New")
    assert reply.message == f"unable to obtain exclusive access to this record or 1 records: {account}"
    assert org.get("Account", account)["Name"] == "Acme"


def test_a_stamp_is_older_than_the_moment_at_which_it_can_be_read(org: Org):
    account = org.create("Account", Name="Acme")
    org.time.now += 3_600
    fault(org, "late_stamp", "*:Account", delay_s=240, times=2)
    assert org.update("Account", account, Name="New").status == 204
    late = org.create("Account", Name="Late")
    assert [row["SystemModstamp"] for row in org.rows("SELECT SystemModstamp FROM Account ORDER BY Name")] == [
        "2026-01-05T09:56:00.000+0000", "2026-01-05T09:56:00.000+0000",
    ]  # fmt: skip
    row = org.get("Account", late)
    assert row["CreatedDate"] == row["LastModifiedDate"] == row["SystemModstamp"]
    assert org.rows("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-05T09:59:00Z") == []
    assert org.update("Account", account, Name="Newer").status == 204
    assert [one["Id"] for one in org.rows("SELECT Id FROM Account WHERE SystemModstamp > 2026-01-05T09:59:00Z")] == [
        account
    ]


def test_a_slow_job_says_that_it_waits_until_it_is_worked_on(org: Org):
    org.seed({"Account": [{"Name": "A"}]})
    fault(org, "slow_job", "job:Account", delay_s=900)
    job = org.rest("POST", "jobs/query", {"operation": "query", "query": "SELECT Name FROM Account"}).json["id"]
    assert org.system.jobs.next_due() == org.time.now + 900.5
    org.time.now += 600
    assert org.rest("GET", f"jobs/query/{job}").json["state"] == "UploadComplete"
    org.time.now += 300
    settle(org)
    assert org.rest("GET", f"jobs/query/{job}").json["state"] == "JobComplete"


def test_full_storage_takes_no_new_record_but_changes(org: Org):
    account = org.create("Account", Name="Acme")
    fault(org, "storage_full", "insert:*", times=0)
    assert org.rest("POST", "sobjects/Account", {"Name": "B"}).code == "STORAGE_LIMIT_EXCEEDED"
    assert org.update("Account", account, Name="New").status == 204
    assert org.query("SELECT count() FROM Account").json["totalSize"] == 1


def test_a_field_that_the_profile_lost_is_gone_until_it_is_given_back(org: Org):
    account = org.create("Account", Name="Acme", Site="HQ")
    org.act("alter_schema", change="permit_field", object="Account", field="Site", access="none")
    assert "Site" not in org.get("Account", account)
    fields = org.rest("GET", "sobjects/Account/describe").json["fields"]
    assert "Site" not in [one["name"] for one in fields]
    assert org.query("SELECT Site FROM Account").code == "INVALID_FIELD"
    written = org.update("Account", account, Site="x")
    assert (written.code, written.message) == ("INVALID_FIELD", "No such column 'Site' on sobject of type Account")
    org.act("alter_schema", change="permit_field", object="Account", field="Site", access="read")
    assert org.get("Account", account)["Site"] == "HQ"
    refused = org.update("Account", account, Site="x")
    assert refused.code == "INVALID_FIELD_FOR_INSERT_UPDATE" and "security settings" in refused.message
    org.act("alter_schema", change="permit_field", object="Account", field="Site", access="edit")
    assert org.update("Account", account, Site="x").status == 204


@pytest.mark.parametrize(("field", "access"), [("Name", "none"), ("Nope", "read"), ("Site", "maybe")])
def test_what_no_profile_can_lose(org: Org, field: str, access: str):
    with pytest.raises(ValueError):
        org.act("alter_schema", change="permit_field", object="Account", field=field, access=access)

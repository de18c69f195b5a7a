"""The real simple-salesforce, unmodified, against the real process over a real socket."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceExpiredSession,
    SalesforceGeneralError,
    SalesforceMalformedRequest,
    SalesforceMoreThanOneRecord,
    SalesforceRefusedRequest,
    SalesforceResourceNotFound,
)

from simulators.salesforce import PRIVATE_KEY

pytestmark = pytest.mark.live


class PlainHttp(HTTPAdapter):
    """simple-salesforce says https to everything; the simulator listens on http."""

    def send(self, request, **options):
        request.url = request.url.replace("https://", "http://", 1)
        return super().send(request, **options)


@dataclass
class Server:
    port: int

    @property
    def session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("https://", PlainHttp())
        return session

    def control(self, method: str, path: str, body: object = None):
        url = f"http://127.0.0.1:{self.port}/_control/{path}"
        return requests.request(method, url, json=body, headers={"X-Control-Token": "control"}, timeout=10)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    command = [sys.executable, "-m", "simulators.salesforce", "--port", "0", "--genesis", "1767603600"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "no_proxy": "*"})
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] == "salesforce"
    yield Server(ready["port"])
    process.send_signal(signal.SIGTERM)
    process.wait(10)


@pytest.fixture
def sf(server: Server) -> Salesforce:
    server.control("POST", "reset", {})
    return Salesforce(
        consumer_key="windtunnel-core", consumer_secret="windtunnel-secret", domain=f"127.0.0.1:{server.port}/my",
        session=server.session,
    )  # fmt: skip


def test_user_name_and_password_log_in_by_soap(server: Server):
    known = {"username": "integration@windtunnel.example", "security_token": "token"}
    domain = f"127.0.0.1:{server.port}/login"
    found = Salesforce(**known, password="windtunnel", domain=domain, session=server.session)
    assert found.query("SELECT count() FROM User")["totalSize"] == 1
    with pytest.raises(SalesforceAuthenticationFailed, match="INVALID_LOGIN"):
        Salesforce(**known, password="wrong", domain=domain, session=server.session)
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        Salesforce(consumer_key="windtunnel-core", consumer_secret="x", domain=domain, session=server.session)


def test_a_signed_assertion_and_a_client_with_a_password_log_in(server: Server):
    known = {"username": "integration@windtunnel.example", "consumer_key": "windtunnel-core"}
    domain = f"127.0.0.1:{server.port}/my"
    by_key = Salesforce(**known, privatekey_file=str(PRIVATE_KEY), domain=domain, session=server.session)
    assert by_key.query("SELECT count() FROM User")["totalSize"] == 1
    by_password = Salesforce(
        **known, consumer_secret="windtunnel-secret", password="windtunnel", domain=domain, session=server.session
    )
    assert by_password.query("SELECT count() FROM User")["totalSize"] == 1
    stranger = {**known, "username": "x@y.z"}
    with pytest.warns(UserWarning, match="authorize"), pytest.raises(SalesforceAuthenticationFailed, match="approved"):
        Salesforce(**stranger, privatekey_file=str(PRIVATE_KEY), domain=domain,
                   session=server.session)  # fmt: skip


def test_the_life_of_a_record(sf: Salesforce):
    made = sf.Account.create({"Name": "Acme", "BillingCity": "Graz"})
    assert made["success"] and sf.Account.get(made["id"])["BillingAddress"]["city"] == "Graz"
    assert sf.Account.update(made["id"], {"Site": "HQ"}) == 204
    assert sf.Account.upsert("Billing_Customer_Id__c/cb_1", {"Name": "Beta"}) == 201
    assert sf.Account.upsert("Billing_Customer_Id__c/cb_1", {"Name": "Beta 2"}) == 200
    assert sf.Account.get_by_custom_id("Billing_Customer_Id__c", "cb_1")["Name"] == "Beta 2"
    assert sf.Account.delete(made["id"]) == 204
    with pytest.raises(SalesforceResourceNotFound, match="ENTITY_IS_DELETED"):
        sf.Account.get(made["id"])
    assert sf.Account.describe()["name"] == "Account"
    assert any(item["name"] == "Invoice__c" for item in sf.describe()["sobjects"])
    assert sf.api_usage["api-usage"].total == 1_500_000


def test_errors_become_the_clients_exceptions(sf: Salesforce):
    with pytest.raises(SalesforceMalformedRequest, match="REQUIRED_FIELD_MISSING"):
        sf.Opportunity.create({"Name": "x"})
    with pytest.raises(SalesforceMalformedRequest, match="No such column 'Nope'"):
        sf.query("SELECT Nope FROM Account")
    for _ in range(2):
        sf.Product2.create({"Name": "P", "ProductCode": "SAME"})
    with pytest.raises(SalesforceMoreThanOneRecord):
        sf.Product2.get_by_custom_id("ProductCode", "SAME")


def test_queries_follow_their_pages(server: Server, sf: Salesforce):
    rows = [{"Name": f"A{number:05d}"} for number in range(2_105)]
    assert server.control("POST", "seed", {"Account": rows}).json() == {"Account": 2_105}
    first = sf.query("SELECT Id, Name FROM Account ORDER BY Name")
    assert (first["totalSize"], first["done"], len(first["records"])) == (2_105, False, 2_000)
    assert sf.query_all("SELECT Id FROM Account")["totalSize"] == 2_105
    assert len(list(sf.query_all_iter("SELECT Id FROM Account WHERE Name LIKE 'A%'"))) == 2_105
    assert sf.limits()["DailyApiRequests"]["Max"] == 1_500_000


def test_a_dead_session_is_refreshed_and_limits_are_refused(server: Server, sf: Salesforce):
    server.control("POST", "act/expire_sessions", {})
    assert sf.query("SELECT count() FROM Account")["totalSize"] == 0
    server.control("POST", "faults", {"id": "f", "kind": "daily_limit", "operation": "query"})
    with pytest.raises(SalesforceRefusedRequest, match="REQUEST_LIMIT_EXCEEDED"):
        sf.query("SELECT count() FROM Account")
    stale = Salesforce(instance_url=f"http://127.0.0.1:{server.port}", session_id="00D!x", session=server.session)
    with pytest.raises(SalesforceExpiredSession):
        stale.query("SELECT count() FROM Account")


def test_an_answer_lost_on_the_way_leaves_the_record_behind(server: Server, sf: Salesforce):
    server.control("POST", "faults", {"id": "f", "kind": "lost_answer", "operation": "record.upsert:Invoice__c"})
    with pytest.raises(requests.ConnectionError):
        sf.Invoice__c.upsert("Invoice_Number__c/N1", {"Gross__c": 1})
    assert sf.Invoice__c.upsert("Invoice_Number__c/N1", {"Gross__c": 1}) == 200


def test_updated_and_deleted_records(sf: Salesforce):
    made = sf.Account.create({"Name": "Acme"})["id"]
    stamp = datetime.strptime(sf.Account.get(made)["SystemModstamp"], "%Y-%m-%dT%H:%M:%S.%f%z")
    found = sf.Account.updated(stamp - timedelta(hours=1), stamp + timedelta(hours=1))
    assert list(found) == ["ids", "latestDateCovered"]
    sf.Account.delete(made)
    assert sf.Account.deleted(stamp - timedelta(hours=1), stamp + timedelta(hours=1))["deletedRecords"] is not None


def test_searches_totals_and_conditions(sf: Salesforce):
    acme = sf.Account.create({"Name": "Acme", "Phone": "555 1234"})["id"]
    sf.Account.create({"Name": "Beta"})
    sf.Task.create({"Subject": "Call", "WhatId": acme})
    assert [row["Id"] for row in sf.quick_search("acme")["searchRecords"]] == [acme]
    assert sf.search("FIND {555} IN PHONE FIELDS RETURNING Account(Name)")["searchRecords"][0]["Name"] == "Acme"
    row = sf.query("SELECT Subject, TYPEOF What WHEN Account THEN Phone END FROM Task WHERE What.Type = 'Account'")
    assert row["records"][0]["What"]["Phone"] == "555 1234"
    totals = sf.query("SELECT Name, COUNT(Id) n FROM Account GROUP BY ROLLUP(Name)")["records"]
    assert [(row["Name"], row["n"]) for row in totals] == [("Acme", 1), ("Beta", 1), (None, 2)]
    with pytest.raises(SalesforceGeneralError, match="ENTITY_FAILED_IFLASTMODIFIED_ON_UPDATE"):
        sf.Account.update(acme, {"Phone": "1"}, headers={"If-Match": '"another"'})
    assert sf.Account.get(acme)["Phone"] == "555 1234"


def test_bulk_ingest_and_query(sf: Salesforce):
    done = sf.bulk2.Account.insert(records=[{"Name": "A"}, {"Name": "B, Inc."}, {"Name": ""}], wait=0.1)
    assert [(job["numberRecordsTotal"], job["numberRecordsFailed"]) for job in done] == [(3, 1)]
    failed = sf.bulk2.Account.get_failed_records(done[0]["job_id"])
    assert "REQUIRED_FIELD_MISSING" in failed
    pages = list(sf.bulk2.Account.query("SELECT Id, Name FROM Account ORDER BY Name", wait=0.1))
    assert len(pages) == 1 and '"B, Inc."' in pages[0] and pages[0].count("\n") == 3
    upserted = sf.bulk2.Invoice__c.upsert(
        records=[{"Invoice_Number__c": "N1", "Gross__c": "5"}], external_id_field="Invoice_Number__c", wait=0.1
    )
    assert upserted[0]["numberRecordsFailed"] == 0


def test_the_older_bulk_api(sf: Salesforce, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simple_salesforce.bulk.sleep", lambda _seconds: time.sleep(0.1))  # it would wait 5 s a batch
    made = sf.bulk.Account.insert([{"Name": "A"}, {"Site": "x"}, {"Name": "B"}], batch_size=2, use_serial=True)
    assert [one["success"] for one in made] == [True, False, True]
    assert made[1]["errors"][0]["statusCode"] == "REQUIRED_FIELD_MISSING"
    detailed = sf.bulk.Account.update([{"Id": made[0]["id"], "Site": "HQ"}], include_detailed_results=True)
    assert (detailed[0]["Site"], detailed[0]["success"]) == ("HQ", True)
    rows = sf.bulk.Account.query("SELECT Id, Name, CreatedDate FROM Account ORDER BY Name")
    assert [row["Name"] for row in rows] == ["A", "B"] and isinstance(rows[0]["CreatedDate"], int)
    keyed = sf.bulk.Account.upsert([{"Billing_Customer_Id__c": "x1", "Name": "C"}], "Billing_Customer_Id__c")
    assert keyed[0]["created"]
    assert sf.bulk.Account.delete([{"Id": made[2]["id"]}])[0]["success"]
    assert sf.query("SELECT count() FROM Account")["totalSize"] == 2


def test_generic_calls_reach_composite_resources(sf: Salesforce):
    body = {"allOrNone": True, "records": [{"attributes": {"type": "Account"}, "Name": "A"}]}
    assert sf.restful("composite/sobjects", method="POST", json=body)[0]["success"]
    assert sf.restful("limits/recordCount", params={"sObjects": "Account"})["sObjects"][0]["count"] == 1

"""Whatever a client sends, the answer is the vendor's, nothing breaks and nothing is half written."""

import asyncio
import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.simulators.salesforce.org import ROOT, Org, Reply


@pytest.fixture(scope="module")
def org() -> Org:
    return Org().login()


def state(org: Org) -> list[Any]:
    return [
        list(org.system.store.rows(f'SELECT key, doc FROM "{name}" ORDER BY key')) for name in ("Account", "Contact")
    ]


def unbroken(org: Org) -> bool:
    return not [entry for entry in org.system.journal.after(0)[0] if entry["kind"] == "note"]


NO_JSON = [
    b"", b"{", b"[]", b"null", b'{"Name": "\xff\xfe"}', b"\xff\xfe{\x00}\x00", b'{"Name": NaN}', b'{"Name": "\\ud800"}',
    b'{"Name": 1}', b'{"Name": {"a": 1}}', b'{"Name": "x", "NumberOfEmployees": 1e400}', b"{" + b'"a":[' * 5_000,
]  # fmt: skip
NO_RECORD = [
    (b'{"": 1, "Name": "x"}', "INVALID_FIELD"), (b'{"Name": "x", "Owner": 5}', "INVALID_FIELD"),
    (b'{"Name": "x", "Owner": {}}', "INVALID_FIELD"), (b'{"Name": "x", "Parent": {"Nope__c": 1}}', "INVALID_FIELD"),
    (b'{"Name": "x", "NumberOfEmployees": 99999999999999999999}', "NUMBER_OUTSIDE_VALID_RANGE"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code"), [*((body, "JSON_PARSER_ERROR") for body in NO_JSON), *NO_RECORD])
def test_bodies_that_are_no_record(org: Org, body: bytes, code: str):
    before = state(org)
    for method, path in (("POST", "Account"), ("PATCH", "Account/Billing_Customer_Id__c/x")):
        reply = org.call(method, f"{ROOT}/sobjects/{path}", body)
        assert (reply.status, reply.code) == (400, code), reply.content
    assert state(org) == before and unbroken(org)


@pytest.mark.parametrize("kind", ["application/xml", "text/csv", "multipart/form-data; boundary=x", "nonsense", "\x7f"])
def test_bodies_of_another_type(org: Org, kind: str):
    for path in (
        "sobjects/Account",
        "composite/sobjects",
        "composite",
        "composite/tree/Account",
        "parameterizedSearch",
    ):
        reply = org.call("POST", f"{ROOT}/{path}", b"<a/>", **{"content-type": kind})
        assert (reply.status, reply.code) == (415, "UNSUPPORTED_MEDIA_TYPE"), path


ODD = ["%ff%fe", "%00", "..%2f..%2fetc", "Account%3FName", "%F0%9F%92%A5", "Account;x=1", "'", "_bin"]


@pytest.mark.parametrize("path", ODD)
def test_paths_that_lead_nowhere(org: Org, path: str):
    places = ("sobjects/{}", "sobjects/{}/describe", "sobjects/Account/{}", "sobjects/Account/{}/x", "query/{}",
              "composite/sobjects/{}?ids=x", "jobs/query/{}")  # fmt: skip
    for under in places:
        reply = org.rest("GET", under.format(path))
        assert 400 <= reply.status < 500 and reply.code, under
    assert unbroken(org)


def test_ids_of_another_org_are_strangers():
    org, other = Org().login(), Org(seed="another").login()
    for _ in range(3):
        stranger = other.create("Account", Name="Elsewhere")
    own = org.create("Contact", LastName="May")
    assert org.rest("GET", f"sobjects/Account/{stranger}").code == "NOT_FOUND"
    assert org.update("Contact", own, AccountId=stranger).code == "INVALID_CROSS_REFERENCE_KEY"
    assert org.update("Account", stranger, Name="x").code == "INVALID_CROSS_REFERENCE_KEY"
    assert org.rest("DELETE", f"sobjects/Account/{stranger}").code == "INVALID_CROSS_REFERENCE_KEY"
    assert org.rows(f"SELECT Id FROM Contact WHERE AccountId = '{stranger}'") == []
    foreign = {"authorization": f"Bearer {other.token}"}
    assert org.rest("GET", f"sobjects/Contact/{own}", None, **foreign).code == "INVALID_SESSION_ID"


@pytest.mark.parametrize(
    "wrong", ["001", "x" * 18, "001Wt0000000001IAB", "003Wt0000000001IAA", "001Wt00000000é1", "", "' OR 1"]
)
def test_ids_that_are_none(org: Org, wrong: str):
    assert org.rest("POST", "sobjects/Contact", {"LastName": "x", "AccountId": wrong}).status in (201, 400)
    reply = org.query(f"SELECT Id FROM Contact WHERE AccountId = '{wrong.replace(chr(39), chr(92) + chr(39))}'")
    assert reply.status in (200, 400) and unbroken(org)


def test_writers_at_once_on_one_record_leave_one_whole_state():
    org = Org().login()
    account = org.create("Account", Name="Acme")

    async def race() -> list[Reply]:
        changes = [{"Site": str(n), "Fax": str(n), "Phone": "x" * (41 if n % 5 == 4 else 1)} for n in range(40)]
        calls = [org.acall("PATCH", f"{ROOT}/sobjects/Account/{account}", change) for change in changes]
        same = f"{ROOT}/sobjects/Account/Billing_Customer_Id__c/same"
        calls += [org.acall("PATCH", same, {"Name": "Same"}) for _ in range(5)]
        return list(await asyncio.gather(*calls))

    replies = asyncio.run(race())
    assert [reply.status for reply in replies[:40]] == [400 if n % 5 == 4 else 204 for n in range(40)]
    assert sorted(reply.status for reply in replies[40:]) == [200, 200, 200, 200, 201]
    found = org.get("Account", account)
    assert found["Site"] == found["Fax"] and int(found["Site"]) % 5 != 4
    assert len(org.rows("SELECT Id FROM Account WHERE Billing_Customer_Id__c = 'same'")) == 1


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6,
)  # fmt: skip
fields = st.sampled_from([
    "Name", "Id", "attributes", "OwnerId", "Owner", "BillingAddress", "AnnualRevenue", "IsDeleted", "Type", "x",
    "Parent", "NumberOfEmployees", "Description", "CurrencyIsoCode", "On_Stop__c", "ParentId",
])  # fmt: skip


@given(
    st.dictionaries(fields, json_values, max_size=5),
    st.sampled_from(["Account", "Task", "Order", "OpportunityHistory"]),
)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_record(org: Org, values: dict[str, Any], sobject: str):
    for method, path in (("POST", f"sobjects/{sobject}"), ("PATCH", f"sobjects/{sobject}/Id/001Wt0000000001IAA")):
        reply = org.rest(method, path, json.dumps(values).encode())
        assert reply.status in (200, 201, 204, 400, 404, 405), reply.content
    assert unbroken(org), values


@given(st.sampled_from(["q", "explain", "fields", "start", "end", "ids", "updateOnly"]), st.text(max_size=12))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_parameter(org: Org, name: str, value: str):
    paths = (
        "query", "queryAll", "search", "parameterizedSearch", "sobjects/Account/updated", "sobjects/Account/deleted",
        "composite/sobjects/Account", "sobjects/Account/001Wt0000000001IAA", "limits/recordCount",
    )  # fmt: skip
    for path in paths:
        reply = org.rest("GET", f"{path}?{name}={quote_plus(value)}")
        assert reply.status < 500, (path, value)
    assert unbroken(org)

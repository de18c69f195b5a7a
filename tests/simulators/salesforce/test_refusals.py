"""Limits and faults: each in the shape that real clients parse."""

import pytest

from simulators.kit.faults import Fault
from tests.simulators.salesforce.org import Org


def with_fault(**facts: object) -> Org:
    org = Org().login()
    org.system.faults.add(Fault.model_validate({"id": "f", **facts}))
    return org


@pytest.mark.parametrize(
    ("kind", "status", "code", "message"),
    [
        ("daily_limit", 403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
        ("limit", 403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
        (
            "server_error_before",
            503,
            "SERVER_UNAVAILABLE",
            "The server is currently unavailable. Please try again later.",
        ),
        ("expire_credentials", 401, "INVALID_SESSION_ID", "Session expired or invalid"),
    ],
)
def test_refusals_are_json_lists(kind: str, status: int, code: str, message: str):
    org = with_fault(kind=kind, operation="record.create:Account")
    reply = org.rest("POST", "sobjects/Account", {"Name": "A"})
    assert (reply.status, reply.json) == (status, [{"message": message, "errorCode": code}])
    assert org.login().rest("POST", "sobjects/Account", {"Name": "B"}).status == 201
    assert [row["Name"] for row in org.rows("SELECT Name FROM Account")] == ["B"]


def test_an_answer_lost_to_a_server_error_was_applied():
    org = with_fault(kind="server_error_after", operation="record.*", status=500)
    reply = org.rest("POST", "sobjects/Account", {"Name": "A"})
    assert (reply.status, reply.code) == (500, "UNKNOWN_EXCEPTION")
    assert len(org.rows("SELECT Id FROM Account")) == 1


def test_the_daily_quota_is_counted_shown_and_enforced():
    org = Org(profile="vendor").login()
    used = int(org.rest("GET", "limits").headers["sforce-limit-info"].removeprefix("api-usage=").partition("/")[0])
    reply = org.rest("GET", "limits")
    assert reply.headers["sforce-limit-info"] == f"api-usage={used + 1}/15000"
    assert reply.json["DailyApiRequests"] == {"Max": 15000, "Remaining": 15000 - used - 1}
    org.system.meter.used_today = 15_000
    assert org.rest("GET", "limits").code == "REQUEST_LIMIT_EXCEEDED"
    org.time.now += 86_400
    assert org.login().rest("GET", "limits").status == 200


def test_a_body_beyond_the_size_limit_is_413():
    org = Org().login()
    org.system.max_body = 100
    reply = org.rest("POST", "sobjects/Account", {"Name": "x" * 100})
    assert reply.status == 413 and isinstance(reply.json, list)


def test_record_counts():
    org = Org().login()
    org.create("Account", Name="A")
    reply = org.rest("GET", "limits/recordCount?sObjects=Account,Nope")
    assert reply.json == {"sObjects": [{"count": 1, "name": "Account"}]}

"""Clients that mean harm, or are badly broken: the vendor's refusal, the process goes on, nothing is half written."""

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote_plus

import grpc
import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from simple_salesforce import Salesforce, format_soql
from simple_salesforce.exceptions import (
    SalesforceAuthenticationFailed,
    SalesforceError,
    SalesforceExpiredSession,
    SalesforceMalformedRequest,
    SalesforceResourceNotFound,
)

from tests.node.programs import run_script
from tests.simulators.salesforce.grpc_client import Server, served
from tests.simulators.salesforce.test_live_concurrent_writers import signed_in

pytestmark = pytest.mark.live

ENDLESS = "9" * 5_000  # more digits than Python reads as a number
WHERE = "SELECT Id FROM Account WHERE "
SOAP = "/services/Soap/u/60.0"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.fixture(scope="module")
def sf(server: Server) -> Salesforce:
    client = signed_in(server, secure=True)
    client.Account.create({"Name": "a" * 255, "Site": "victim"})
    return client


@pytest.fixture(autouse=True)
def unharmed(server: Server, sf: Salesforce) -> Iterator[None]:
    """No job has failed inside, and the one account is as it was; a call that broke would have been a 500."""
    yield
    assert requests.get(f"{server.url}/_control/health", timeout=30).json()["failures"] == []
    rows = sf.query("SELECT Name, Site FROM Account")["records"]
    assert [(row["Name"], row["Site"]) for row in rows] == [("a" * 255, "victim")]


def code(act: Callable[[], Any]) -> str:
    """The code of the refusal that an act of the client ends with."""
    with pytest.raises(SalesforceError) as refused:
        act()
    return str(refused.value.content[0]["errorCode"])


def in_batch(sf: Salesforce, resource: str, text: str) -> tuple[int, Any]:
    """A query or search in the body of a batch, where it may be of any length."""
    request = {"method": "GET", "url": f"v{sf.sf_version}/{resource}?q={quote_plus(text)}"}
    found = sf.restful("composite/batch", method="POST", json={"batchRequests": [request]})["results"][0]
    return found["statusCode"], found["result"]


# -- queries ----------------------------------------------------------------------------------


ATTACKS = ["x' OR Name != '", "x' OR Id != null OR Name = '", "x'; DROP TABLE Account; --", "\\' OR Name != \\'",
           "x\\", "' UNION SELECT doc FROM _session --", "%", "x' LIMIT 1 OFFSET 0 --"]  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS)
def test_what_the_client_escapes_is_a_value_and_nothing_else(sf: Salesforce, attack: str):
    assert sf.query(format_soql("SELECT Id FROM Account WHERE Name = {}", attack))["totalSize"] == 0
    literal = attack.replace("%", "\\%").replace("_", "\\_")
    assert sf.query(format_soql("SELECT Id FROM Account WHERE Name LIKE '{:like}'", literal))["totalSize"] == 0


def test_what_it_does_not_escape_reaches_what_soql_reaches_and_no_more(sf: Salesforce):
    assert sf.query(f"{WHERE}Name = '{ATTACKS[0]}'")["totalSize"] == 1, "the program's own hole, as at the vendor"
    for attack in (ATTACKS[2], ATTACKS[4], ATTACKS[5]):
        assert code(lambda one=attack: sf.query(f"{WHERE}Name = '{one}'")) == "MALFORMED_QUERY"  # type: ignore[misc]
    for table in ("_session", "sqlite_master", "counter"):
        assert code(lambda one=table: sf.query(f"SELECT Id FROM {one}")) in ("INVALID_TYPE", "MALFORMED_QUERY")  # type: ignore[misc]


@pytest.mark.parametrize("text", [
    f"{WHERE}Name = '" + "\\'" * 49_000, f"{WHERE}Name = '" + "\\'" * 60_000, f"{WHERE}Name = '" + "\\" * 99_000,
    WHERE + "(" * 99_000, "SELECT " + "(SELECT Id, " * 8_000, WHERE + "CALENDAR_YEAR(" * 7_000, "/*" * 50_000,
    WHERE + "CreatedDate = 2026-01-01T00:00:00" + "Z" * 60_000, WHERE + "NumberOfEmployees = ٣",
    f"{WHERE}AnnualRevenue > USD٣", "SELECT Id FROM Account LIMIT ٣", WHERE + "Id IN (" * 9_000, "x" * 200_000,
], ids=lambda text: f"{text[29:45]}, {len(text)}")  # fmt: skip
def test_long_and_deep_queries(sf: Salesforce, text: str):
    status, result = in_batch(sf, "query", text)
    assert (status, result[0]["errorCode"]) == (400, "MALFORMED_QUERY")


@pytest.mark.parametrize("text", [
    "FIND {aa} RETURNING " + " " * 60_000 + "!", "FIND {aa} RETURNING a WITH " + " " * 60_000 + "!",
    "FIND {aa} RETURNING Account(Id" + " " * 60_000 + "x)", "FIND {" + "(" * 9_000 + "aa}", "FIND {" + "\\" * 90_001,
    "FIND {aa} RETURNING" + " WITH a" * 12_000 + "!", "FIND {" + "NOT " * 2_000 + "aa}", "x" * 100_001, "FIND {aa} x",
], ids=lambda text: f"{text[6:26]}, {len(text)}")  # fmt: skip
def test_long_and_deep_searches(sf: Salesforce, text: str):
    status, result = in_batch(sf, "search", text)
    assert status == 400 and result[0]["errorCode"] in ("MALFORMED_SEARCH", "JSON_PARSER_ERROR"), result


def test_wildcards_that_could_fit_in_a_million_ways_and_terms_without_end(sf: Salesforce):
    assert in_batch(sf, "search", "FIND {" + "*a" * 12 + "b} RETURNING Account") == (200, {"searchRecords": []})
    assert in_batch(sf, "search", "FIND {" + "*a" * 12 + "} RETURNING Account")[1]["searchRecords"]
    assert in_batch(sf, "search", "FIND {" + "aa " * 4_000 + "} RETURNING Account") == (200, {"searchRecords": []})


# -- numbers, headers, bodies -----------------------------------------------------------------


def test_numbers_that_nobody_can_read(sf: Salesforce):
    job = sf.restful("jobs/query", method="POST", json={"operation": "query", "query": "SELECT Id FROM Account"})["id"]
    assert code(lambda: sf.restful("jobs/query", params={"queryLocator": ENDLESS})) == "INVALID_QUERY_LOCATOR"
    assert code(lambda: sf.restful(f"query/01g000000000000AAA-{ENDLESS}")) == "INVALID_QUERY_LOCATOR"
    at = base64.b64encode(ENDLESS.encode()).decode()
    for asked in ({"maxRecords": ENDLESS}, {"locator": at}):
        reply = sf.session.get(f"{sf.base_url}jobs/query/{job}/results", params=asked, headers=sf.headers, timeout=30)
        assert reply.status_code < 500
    sized = {"Sforce-Query-Options": f"batchSize={ENDLESS}"}
    assert sf.query("SELECT Id FROM Account", headers=sized)["totalSize"] == 1
    account = sf.query("SELECT Id FROM Account")["records"][0]["Id"]
    for value in ("٣", "1_000", ENDLESS, "1e99999999", "NaN"):
        found = code(lambda one=value: sf.Account.update(account, {"NumberOfEmployees": one}))  # type: ignore[misc]
        assert found in ("JSON_PARSER_ERROR", "NUMBER_OUTSIDE_VALID_RANGE"), value


def test_composite_members_that_are_none(sf: Salesforce):
    good = {"method": "POST", "url": f"/services/data/v{sf.sf_version}/sobjects/Account", "referenceId": "a",
            "body": {"Name": "half"}}  # fmt: skip

    def sent(*members: Any) -> Any:
        return sf.restful("composite", method="POST", json={"allOrNone": True, "compositeRequest": [good, *members]})

    for broken in ({"httpHeaders": ["x"]}, {"httpHeaders": "x"}, {"method": 5}, {"url": None}, {"referenceId": []}):
        assert code(lambda one=broken: sent(good | {"referenceId": "b"} | one)) == "INVALID_INPUT"  # type: ignore[misc]
    address = f"/services/data/v{sf.sf_version}/sobjects/Account/@{{a.id[{ENDLESS}]}}"
    done = sent({"method": "GET", "url": address, "referenceId": "b"})["compositeResponse"]
    assert [one["body"][0]["errorCode"] for one in done] == ["PROCESSING_HALTED"] * 2
    nested: Any = {"compositeRequest": [good, {**good, "referenceId": "b", "body": {"Site": "nameless"}}]}
    for _ in range(40):
        url = f"/services/data/v{sf.sf_version}/composite"
        nested = {"allOrNone": True, "compositeRequest": [
            {"method": "POST", "url": url, "referenceId": "n", "body": nested},
            {**good, "referenceId": "z", "body": {"Site": "nameless"}}]}  # fmt: skip
    assert sf.restful("composite", method="POST", json=nested)["compositeResponse"][-1]["httpStatusCode"] == 400


@pytest.mark.parametrize(("kind", "body", "status"), [
    ("application/json", b'{"Name": "\xff\xfe"}', 400), ("application/json", b"\xff\xfe{\x00}\x00", 400),
    ("application/json", b'{"a":' * 60_000, 400), ("application/json", b"[" * 200_000, 400),
    ("application/xml", b"<Account><Name>x</Name></Account>", 415), ("text/csv", b"Name\nx\n", 415),
    ("application/octet-stream", bytes(range(64)), 415), ("multipart/form-data; boundary=", b"--", 415),
], ids=lambda value: repr(value)[:30])  # fmt: skip
def test_bodies_of_the_wrong_kind(sf: Salesforce, kind: str, body: bytes, status: int):
    for method, path in (("POST", "Account"), ("PATCH", "Account/Billing_Customer_Id__c/x")):
        headers = sf.headers | {"Content-Type": kind}
        reply = sf.session.request(method, f"{sf.base_url}sobjects/{path}", data=body, headers=headers, timeout=30)
        assert (reply.status_code, type(reply.json())) == (status, list), reply.text


# -- bulk -------------------------------------------------------------------------------------


def uploaded(sf: Salesforce, data: bytes, **more: Any) -> dict[str, Any]:
    """A finished ingest job of such a file."""
    job = sf.restful("jobs/ingest", method="POST", json={"operation": "insert", "object": "Contact", **more})["id"]
    url, headers = f"{sf.base_url}jobs/ingest/{job}", sf.headers | {"Content-Type": "text/csv"}
    assert sf.session.put(f"{url}/batches", data=data, headers=headers, timeout=60).status_code == 201
    sf.restful(f"jobs/ingest/{job}", method="PATCH", json={"state": "UploadComplete"})
    while (shown := sf.restful(f"jobs/ingest/{job}"))["state"] not in ("JobComplete", "Failed"):
        pass  # each question waits for its answer
    assert isinstance(shown, dict)
    return shown


@pytest.mark.parametrize(("data", "state"), [
    (b'LastName\n"' + b"y" * 17_000_000 + b'"\n', "Failed"), (b"LastName\nok\n\xff\xfe\n", "Failed"),
    ("LastName\nok\n".encode("utf-16"), "Failed"), (b",".join(b"c%d" % n for n in range(20_000)) + b"\n", "Failed"),
    (b"LastName\nok\n" + b"a,b\n", "Failed"), (b'LastName\n"' + b'"' * 400_001 + b"\n", "JobComplete"),
    (b"LastName,Description\n" + b"x" * 90 + b"," + b"y" * 2_000_000 + b"\n", "JobComplete"),
], ids=["a cell of 17 MB", "no UTF-8", "UTF-16", "20,000 columns", "ragged", "quotes", "a cell of 2 MB"])  # fmt: skip
def test_files_that_are_no_rows(sf: Salesforce, data: bytes, state: str):
    shown = uploaded(sf, data)
    assert shown["state"] == state
    if state == "JobComplete":
        assert shown["numberRecordsFailed"] == shown["numberRecordsProcessed"] == 1
        assert "STRING_TOO_LONG" in sf.bulk2.Contact.get_failed_records(shown["id"])
    assert sf.query("SELECT count() FROM Contact")["totalSize"] == 0


@pytest.mark.parametrize("more", [
    {"object": ["Account"]}, {"operation": {"a": 1}}, {"columnDelimiter": ["COMMA"]}, {"lineEnding": 5},
    {"contentType": {"a": 1}}, {"operation": "upsert", "externalIdFieldName": ["Id"]}, {"object": "_session"},
])  # fmt: skip
def test_jobs_that_are_none(sf: Salesforce, more: dict[str, Any]):
    body = {"operation": "insert", "object": "Account", **more}
    assert code(lambda: sf.restful("jobs/ingest", method="POST", json=body)) == "INVALIDJOB"


def test_older_bulk_rows_that_are_nested_without_end(sf: Salesforce, server: Server):
    url, headers = f"{server.url}/services/async/60.0/job", {"X-SFDC-Session": sf.session_id}
    xml = headers | {"Content-Type": "application/xml"}
    asked = {"operation": "insert", "object": "Account", "contentType": "XML"}
    job = requests.post(url, json=asked, headers=headers, timeout=30).json()["id"]
    deep = "<Owner><sObject>" * 3_000 + "</sObject></Owner>" * 3_000
    sent = requests.post(f"{url}/{job}/batch", data=f"<sObjects><sObject>{deep}</sObject></sObjects>", headers=xml,
                         timeout=30)  # fmt: skip
    assert sent.status_code == 201
    while "<state>Queued" in (shown := requests.get(f"{url}/{job}/batch", headers=headers, timeout=30).text) or (
        "<state>InProgress" in shown
    ):
        pass
    assert "<state>Failed</state>" in shown and "nested too deeply" in shown


# -- who one is -------------------------------------------------------------------------------


def test_forged_tokens_and_ids_of_another_org(server: Server, sf: Salesforce):
    own = sf.session_id
    account = sf.query("SELECT Id FROM Account")["records"][0]["Id"]
    org, _, rest = own.partition("!")
    forged = [own[:-1] + ("A" if own[-1] != "A" else "B"), own.lower(), f"{own}x", f"{org}!", f"00D000000000001!{rest}",
              "!", "x" * 60_000, "null", "' OR 1=1 --"]  # fmt: skip
    for token in forged:
        thief = Salesforce(instance_url=server.url, session_id=token, session=server.session)
        with pytest.raises((SalesforceExpiredSession, requests.ConnectionError, SalesforceError)) as refused:
            thief.Account.update(account, {"Site": "stolen"})
        if isinstance(refused.value, SalesforceError):
            assert refused.value.status in (400, 401, 431), token[:40]
    for stranger in ("001000000000000AAA", "001A0000006Vm9r", account[:-1] + "B" if account[-1] != "B" else "x"):
        with pytest.raises((SalesforceResourceNotFound, SalesforceMalformedRequest)):
            sf.Account.update(stranger, {"Site": "stolen"})


def test_forged_assertions(server: Server):
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    known = {"username": "integration@windtunnel.example", "consumer_key": "windtunnel-core", "privatekey": pem}
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid assertion"):
        signed_in(server, secure=False, **known)
    claims = {"iss": "windtunnel-core", "sub": known["username"], "aud": server.url, "exp": 4_000_000_000}
    unsigned = jwt.encode(claims, "", algorithm="none")
    head, body, _ = unsigned.split(".")
    for assertion in (
        unsigned, jwt.encode(claims, "windtunnel-secret" * 2, algorithm="HS256"), f"{head}.{body}.{body}", "a.b.c",
        "..", "é", "." * 100_000, f"{head}.{base64.urlsafe_b64encode(b'[' * 90_000).decode()}.x",
        jwt.encode(claims | {"sub": {"a": 1}}, key, algorithm="RS256"), "",
    ):  # fmt: skip
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        reply = server.session.post(f"{server.url}/services/oauth2/token", data=form, timeout=30)
        assert reply.status_code == 400 and reply.json()["error"] in ("invalid_grant", "invalid_client_id"), assertion


@pytest.mark.parametrize("body", [
    b"<login>" + b"<username>" * 60_000, b"", bytes(range(256)), b"<a>" * 20_000,
    b"<?xml version='1.0'?><e><Body/></e>", b'<!DOCTYPE a [<!ENTITY b "c">]><e><Body>&b;</Body></e>',
    "<e><Body><login/></Body></e>".encode("utf-16"),
    b"<e><Body><login><username>x</username><password>y</password></login></Body></e>",
    b"<e><Body><logout/></Body></e>", b"<e><Body><create><sObjects/></create></Body></e>",
], ids=lambda body: f"{body[:24]!r}, {len(body)}")  # fmt: skip
def test_soap_messages_that_are_none(server: Server, body: bytes):
    headers = {"Content-Type": "text/xml", "SOAPAction": "login"}
    reply = requests.post(f"{server.url}{SOAP}", data=body, headers=headers, timeout=60)
    assert reply.status_code == 500 and "<faultcode>sf:" in reply.text


# -- streams ----------------------------------------------------------------------------------


def test_garbage_on_the_event_bus(server: Server):
    with server.plain() as channel:
        for name in ("GetTopic", "GetSchema", "Publish"):
            ask = channel.unary_unary(f"/eventbus.v1.PubSub/{name}")
            for body in (b"\xff" * 50, b"", bytes(range(200))):
                with pytest.raises(grpc.RpcError) as refused:
                    ask(body, metadata=server.metadata, timeout=30)
                assert refused.value.code() not in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL), (name, body)
        for name in ("Subscribe", "PublishStream", "ManagedSubscribe"):
            stream = channel.stream_stream(f"/eventbus.v1.PubSub/{name}")
            with pytest.raises(grpc.RpcError) as refused:
                next(iter(stream(iter([b"\xff" * 50]), metadata=server.metadata, timeout=30)))
            assert refused.value.code() not in (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL), name


@pytest.mark.parametrize("body", [
    b"", b"{", b"5", b"[5]", b"[[]]", b'[{"channel": 5}]', b'[{"channel": "/meta/handshake", "ext": 5}]', b"[" * 50_000,
    b'[{"channel": "/meta/connect", "clientId": {"a": 1}}]', b'[{"channel": "/meta/subscribe", "subscription": 7}]',
    b'[{"channel": "/meta/subscribe", "clientId": "x", "subscription": "/data/\xff"}]',
], ids=lambda body: repr(body)[:60])  # fmt: skip
def test_garbage_on_the_streaming_api(server: Server, body: bytes):
    headers = {"Content-Type": "application/json"}
    reply = server.session.post(f"{server.url}/cometd/60.0", data=body, headers=headers, timeout=30)
    assert reply.status_code in (200, 400), reply.text


# -- by jsforce -------------------------------------------------------------------------------


def test_jsforce_with_hostile_arguments(server: Server):
    found = run_script("hostile", SALESFORCE_URL=server.url, SALESFORCE_TOKEN=server.token, http_proxy="",
                       https_proxy="")  # fmt: skip
    assert found == {
        "injected": [0, 0, 0], "like": 0, "hole": "MALFORMED_QUERY", "open": "MALFORMED_QUERY",
        "deep": "MALFORMED_QUERY", "long": "ERROR_HTTP_414", "key": "NOT_FOUND", "keys": [True, True, True, True],
        "stranger": "INVALID_CROSS_REFERENCE_KEY", "forged": "INVALID_SESSION_ID",
        "tree": ["REQUIRED_FIELD_MISSING"], "bulk": "InvalidBatch", "left": 1,
    }, json.dumps(found)  # fmt: skip

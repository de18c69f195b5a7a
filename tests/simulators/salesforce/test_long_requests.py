"""A URI or headers beyond 16,384 bytes: refused as the vendor's server does, before the API hears of the call."""

from collections.abc import Iterator

import pytest
import requests
from simple_salesforce.exceptions import SalesforceGeneralError

from tests.simulators.salesforce.grpc_client import Server, served
from tests.simulators.salesforce.org import Org
from tests.simulators.salesforce.test_live_concurrent_writers import signed_in

LIMIT = 16_384
QUERY = "SELECT Id FROM Account WHERE Name = '{}'"
TOO_LONG = "<h1>Bad Message 414</h1><pre>reason: URI Too Long</pre>"
TOO_LARGE = "<h1>Bad Message 431</h1><pre>reason: Request Header Fields Too Large</pre>"


@pytest.mark.parametrize(("path", "header", "status"), [
    (LIMIT + 1, 0, 414), (LIMIT - 20, 0, 431), (100, LIMIT, 431), (LIMIT - 500, 0, 404), (100, LIMIT - 500, 404),
    (10_000_000, 0, 414),
])  # fmt: skip
def test_uri_and_headers_are_measured_together(path: int, header: int, status: int):
    org = Org().login()
    used = org.system.meter.used_today
    reply = org.call("GET", "/services/data/v60.0/" + "x" * (path - 21), **{"x-long": "h" * header})
    assert reply.status == status
    refused = {414: TOO_LONG, 431: TOO_LARGE}.get(status)
    if refused:
        assert reply.content.decode() == refused and reply.headers["content-type"] == "text/html;charset=iso-8859-1"
        assert org.system.meter.used_today == used
    entry = [one for one in org.system.journal.after(0)[0] if one["kind"] == "call"][-1]
    assert entry["status"] == status and len(entry["target"]) == path


def test_who_has_no_session_is_told_the_same():
    assert Org().call("GET", "/services/data/v60.0/query?q=" + "x" * LIMIT).status == 414


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with served() as running:
        yield running


@pytest.mark.live
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("length", [20_000, 65_400, 65_536, 100_000, 900_000])
def test_what_a_client_sees_of_a_query_of_any_length(server: Server, length: int, secure: bool):
    client = signed_in(server, secure=secure)
    with pytest.raises(SalesforceGeneralError) as refused:
        client.query(QUERY.format("x" * length))
    assert (refused.value.status, refused.value.content) == (414, TOO_LONG)
    assert client.query(QUERY.format("x"))["totalSize"] == 0


@pytest.mark.live
def test_more_than_any_server_reads_is_cut_off(server: Server):
    for target, header in (("x" * 3_000_000, ""), ("x", "h" * 3_000_000)):
        try:
            status = requests.get(f"{server.url}/{target}", headers={"x-long": header}, timeout=30).status_code
        except requests.ConnectionError:
            status = 431  # cut before all was sent
        assert status == 431
    assert signed_in(server, secure=False).query("SELECT Id FROM Account")["totalSize"] == 0

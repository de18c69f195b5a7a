"""jsforce, unmodified, loads and reads in bulk over a real socket."""

from collections.abc import Iterator

import pytest

from tests.node.programs import run_script
from tests.simulators.salesforce.grpc_client import served

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as server:
        yield server.url


def test_jsforce_loads_and_reads_in_bulk(url: str) -> None:
    found = run_script(
        "bulk", SALESFORCE_URL=url, SALESFORCE_CLIENT_ID="windtunnel-core",
        SALESFORCE_CLIENT_SECRET="windtunnel-secret", http_proxy="", https_proxy="",
    )  # fmt: skip
    missing = "REQUIRED_FIELD_MISSING:Required fields are missing: [Name]:Name --"
    assert found["made"] == [2, [missing], 0]
    assert found["upserted"] == ["true"]
    assert found["queried"] == [["Alpha, Inc.", "a;b|c"], ["Beta", ""], ["Gamma", ""]]
    assert found["aborted"] == "Aborted"
    assert found["classic"] == [[True, []], [False, [missing]]]
    assert (found["changed"], found["classicQueried"], found["gone"]) == ([True], ["two"], [True])
    assert found["expired"] == "InvalidSessionId"

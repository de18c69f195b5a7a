"""jsforce, unmodified, on records, queries, search and SOAP over a real socket."""

from collections.abc import Iterator

import pytest

from tests.node.programs import run_script
from tests.simulators.salesforce.grpc_client import served

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as server:
        yield server.url


def test_jsforce_works_a_day_in_the_org(url: str) -> None:
    found = run_script(
        "jsforce", SALESFORCE_URL=url, SALESFORCE_USER="integration@windtunnel.example",
        SALESFORCE_PASSWORD="windtunneltoken", SALESFORCE_CLIENT_ID="windtunnel-core",
        SALESFORCE_CLIENT_SECRET="windtunnel-secret", http_proxy="", https_proxy="",
    )  # fmt: skip
    refusals = {name: found.pop(name) for name in ("badLogin", "missing", "unknown", "syntax", "gone", "out")}
    assert found == {
        "identity": [True, True], "made": [True, "Graz"], "several": [True, False],
        "allOrNone": ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "REQUIRED_FIELD_MISSING"], "updated": True,
        "upserted": [True, False], "many": ["Acme", None], "described": [True, True, True], "objects": 4,
        "limit": [True, True], "pages": [2200, 2000, True, "P2199"], "fetched": 2100, "star": True,
        "included": [["Lee", "May"]], "parents": ["Acme", "Acme"], "counted": 2,
        "grouped": [["Acme", 2], [None, 2]], "explained": "Index", "searched": ["May"], "merged": [True, 1, True],
        "moved": True, "masters": [True], "back": [True], "alive": "May", "deleted": True, "revised": True,
        "soap": [True, False],
    }  # fmt: skip
    assert "INVALID_LOGIN: Invalid username, password" in refusals["badLogin"]
    assert refusals["missing"].startswith("REQUIRED_FIELD_MISSING: Required fields are missing: [StageName, CloseDate]")
    assert refusals["unknown"] == "NOT_FOUND: The requested resource does not exist"
    assert refusals["syntax"].startswith("INVALID_FIELD: \nSELECT Nope FROM Account\n       ^\nERROR at Row:1:Column:8")
    assert refusals["gone"] == "ENTITY_IS_DELETED: entity is deleted"
    assert refusals["out"] == "INVALID_SESSION_ID: Session expired or invalid"

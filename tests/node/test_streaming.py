"""jsforce's own CometD client, unmodified, over a real socket."""

import pytest

from tests.node.programs import run_script
from tests.simulators.salesforce.grpc_client import served

pytestmark = pytest.mark.live


def test_jsforce_hears_changes_and_platform_events() -> None:
    with served() as server:
        found = run_script(
            "streaming", SF_URL=server.url, SF_CLIENT_ID="windtunnel-core", SF_CLIENT_SECRET="windtunnel-secret",
            http_proxy="", https_proxy="",
        )  # fmt: skip
    assert found == {
        "kinds": ["CREATE", "UPDATE", "DELETE"], "changed": "1", "name": "Acme",
        "retained": ["CREATE", "UPDATE", "DELETE"], "behind": ["UPDATE", "DELETE"], "notice": "Synced",
        "unknown": "400::The channel you requested to subscribe to does not exist {/event/Nope__e}",
        "denied": "401::Authentication invalid",
    }  # fmt: skip

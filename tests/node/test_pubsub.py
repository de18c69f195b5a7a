"""The Node Pub/Sub client, unmodified, over TLS against the real process."""

import pytest

from tests.node.programs import run_script
from tests.simulators.salesforce.grpc_client import served

pytestmark = pytest.mark.live


def test_change_events_platform_events_and_managed_subscriptions_reach_the_node_client():
    with served() as server:
        found = run_script(
            "pubsub", SF_URL=server.url, SF_GRPC=f"localhost:{server.ready['grpc_tls_port']}",
            SF_CLIENT_ID="windtunnel-core", SF_CLIENT_SECRET="windtunnel-secret",
        )  # fmt: skip
    record = found["id"]
    assert [event["kind"] for event in found["all"]] == ["CREATE", "UPDATE", "UPDATE", "DELETE"]
    assert [event["ids"] for event in found["all"]] == [[record]] * 4
    assert found["all"][1]["changed"] == ["Phone", "LastModifiedDate", "BillingAddress.City"]
    assert found["all"][2]["nulled"] == ["Phone"]
    assert found["behind"] == found["all"][2:]
    assert (found["name"], found["city"]) == ("Acme", "Rome")
    assert found["contact"] == {"Salutation": None, "FirstName": "Aya", "LastName": "Ito"}
    assert found["published"] is True and found["notice"] == "Synced" and found["managed"] == "Managed"

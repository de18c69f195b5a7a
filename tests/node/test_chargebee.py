"""The vendor's Node client, unmodified, through a subscription's life over a real socket."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from tests.node.programs import run_script
from tests.simulators.subscriptions.site import CONTROL, GENESIS, SEED

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    settings = tmp_path_factory.mktemp("site") / "settings.json"
    settings.write_text(json.dumps({"control_token": "ctl"}))
    command = [sys.executable, "-m", "simulators.subscriptions", "--port", "0", "--genesis", str(GENESIS),
               "--settings", str(settings)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "no_proxy": "*"}) as process:
        assert process.stdout is not None
        at = json.loads(process.stdout.readline())["port"]
        seed = {name: rows for name, rows in SEED.items() if name != "webhook_endpoints"}
        assert httpx.post(f"http://127.0.0.1:{at}/_control/seed", json=seed, headers=CONTROL).status_code == 200
        yield at
        process.terminate()
        process.wait(10)


def test_the_node_client_leads_a_subscription_through_its_life(port: int) -> None:
    found = run_script(
        "chargebee", CHARGEBEE_PORT=str(port), CHARGEBEE_NOW=str(int(GENESIS)), http_proxy="", https_proxy=""
    )
    created = 2 * 27_900 + 3_100
    assert found == {
        "metadata": {"sla": {"level": 1}}, "prices": [["help-month", "month"], True],
        "created": [created, created, "active", "item_level_coupon"], "term": 12 * created,
        # 21 of 31 days: three seats less a tenth against two, the credit net of its discount
        "changed": [56_700, 56_700, 37_800, 37_800], "scheduled": 1, "renewed": [31_000, 31_000], "unbilled": [500],
        "paused": "active", "cancelled": ["cancelled", True], "listed": [["s", "acme"]],
        "unknown": "404 resource_not_found subscription_items[item_price_id][0]",
        "twice": "400 invalid_state_for_request", "absent": "404 resource_not_found", "replayed": [False, "true"],
    }  # fmt: skip

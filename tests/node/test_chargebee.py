"""The vendor's Node client, unmodified, through a subscription's life over a real socket."""

import httpx
import pytest

from tests.node.programs import run_script
from tests.simulators.subscriptions.conftest import port
from tests.simulators.subscriptions.site import CONTROL, GENESIS

__all__ = ["port"]  # the site as a process
pytestmark = pytest.mark.live


def test_the_node_client_leads_a_subscription_through_its_life(port: int) -> None:
    httpx.post(f"http://127.0.0.1:{port}/_control/reset", json={"genesis": GENESIS}, headers=CONTROL)
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
        "hostile": [
            "400 param_wrong_value subscription_items[quantity][0]",
            "400 param_wrong_value subscription_items[quantity][0]", "404 resource_not_found coupon_ids[0]",
            "400 param_wrong_value start_date", "413 invalid_request", True,
        ],
        "twice": "400 invalid_state_for_request", "absent": "404 resource_not_found", "replayed": [False, "true"],
    }  # fmt: skip

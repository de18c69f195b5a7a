"""The platform's money by the vendor's SDK in a second language, over a real socket."""

import httpx
import pytest

from tests.node.programs import run_script
from tests.simulators.subscriptions.conftest import port
from tests.simulators.subscriptions.site import CONTROL, GENESIS

__all__ = ["port"]  # the site as a process
pytestmark = pytest.mark.live


def test_the_node_sdk_bills_pays_credits_and_travels(port: int) -> None:
    httpx.post(f"http://127.0.0.1:{port}/_control/reset", json={"genesis": GENESIS}, headers=CONTROL)
    found = run_script(
        "chargebee_money", PLATFORM_PORT=str(port), PLATFORM_NOW=str(int(GENESIS)), http_proxy="", https_proxy=""
    )
    assert found == {
        "metadata": {"k": {"z": [1, 2]}}, "over": ["paid", 2_000], "note": ["refund_due", 2_500],
        "tooMuch": "param_wrong_value total", "settledByBalances": ["payment_due", 2_500, 2_000, 500], "applied": 3_000,
        "again": 500, "withheld": 400, "writtenOff": "write_off", "voided": "voided", "store": "store",
        "promotional": 300, "discounted": 650, "captured": "paid", "debit": "in_progress", "parts": [300, 700],
        "both": 30, "tree": ["acme", "child"], "contacts": 1, "listed": 2, "events": 3, "comment": "n",
        "moved": "mover", "travel": "in_progress", "exported": ["completed", "application/zip"], "cleared": "success",
        "forged": "api_authentication_failed",
    }  # fmt: skip

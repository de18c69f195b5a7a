"""The platform as a process on a real socket, and the vendor's own Python client that knows only its address."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from chargebee.main import Chargebee

from tests.simulators.subscriptions.site import CONTROL, GENESIS, SEED

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    settings = tmp_path_factory.mktemp("site") / "settings.json"
    settings.write_text(json.dumps({"control_token": "ctl", "credentials": {"api_key": "test_k"}}))
    command = [sys.executable, "-m", "simulators.subscriptions", "--port", "0", "--genesis", str(GENESIS),
               "--settings", str(settings)]  # fmt: skip
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        assert ready["ready"] == "subscriptions"
        base = f"http://127.0.0.1:{ready['port']}"
        seed = {name: rows for name, rows in SEED.items() if name != "webhook_endpoints"}
        assert httpx.post(f"{base}/_control/seed", json=seed, headers=CONTROL).status_code == 200
        assert httpx.post(f"{base}/_control/reset", json={"remember": True}, headers=CONTROL).status_code == 200
        yield ready["port"]
        health = httpx.get(f"{base}/_control/health").json()
        journal = httpx.get(f"{base}/_control/journal", headers=CONTROL).json()["entries"]
        process.terminate()
        process.wait(10)
        assert health["failures"] == []
        assert not [entry for entry in journal if entry.get("level") == "defect"]


@pytest.fixture
def sdk(port: int) -> Chargebee:
    httpx.post(f"http://127.0.0.1:{port}/_control/reset", json={"genesis": GENESIS}, headers=CONTROL)
    Chargebee.verify_ca_certs = False
    client = Chargebee(api_key="test_k", site="acme-test", protocol="http")
    client.env.api_endpoint = f"http://127.0.0.1:{port}/api/v2"
    client.env.time_travel_retry_delay_ms = 20
    return client

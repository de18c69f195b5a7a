"""Vendors' SDKs that form host names of their own, unmodified, reach the simulators by environment variables alone."""

import http.client
import json
import os
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from simulators.kit.authority import KEY, Authority
from tests.simulators.erp_cloud.world import CREDENTIALS
from tests.simulators.erp_cloud.world import SEED as LEDGER
from tests.simulators.subscriptions.site import SEED as SITE

pytestmark = pytest.mark.live
SECRETS: dict[str, dict[str, str]] = {
    "salesforce": {"client_id": "ck", "client_secret": "cs", "username": "dev@windtunnel.test", "password": "pw",
                   "security_token": "tok"},
    "subscriptions": {"api_key": "test_key"},
    "erp_cloud": CREDENTIALS,
}  # fmt: skip


@dataclass
class Edge:
    port: int
    tls_port: int
    ca: str
    systems: dict[str, str]

    def script(self, text: str) -> Any:
        """What a program prints (JSON) that knows nothing but the usual variables of a proxy and an authority."""
        proxy = f"http://127.0.0.1:{self.port}"
        trust = dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), self.ca)
        known = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        answer = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", text], env={**known, **trust, "HTTPS_PROXY": proxy},
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def asked_to_connect(self, host: str, port: int = 443) -> tuple[int, str]:
        with socket.create_connection(("127.0.0.1", self.port), 10) as line:
            line.sendall(f"CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            answer = http.client.HTTPResponse(line, method="GET")
            answer.begin()
            return answer.status, answer.read().decode()


def started(processes: list[subprocess.Popen[str]], *command: str) -> dict[str, Any]:
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, text=True)
    processes.append(process)
    assert process.stdout is not None
    ready: dict[str, Any] = json.loads(process.stdout.readline())
    return ready


@pytest.fixture(scope="module")
def edge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    folder = tmp_path_factory.mktemp("edge")
    processes: list[subprocess.Popen[str]] = []
    systems: dict[str, str] = {}
    try:
        for name, secret in SECRETS.items():
            settings = folder / f"{name}.json"
            settings.write_text(json.dumps({"control_token": "t", "credentials": secret}))
            ready = started(processes, f"simulators.{name}", "--settings", str(settings))
            systems[name] = f"http://127.0.0.1:{ready['port']}"
        for name, data in (("subscriptions", SITE), ("erp_cloud", LEDGER)):
            url = f"{systems[name]}/_control/seed"
            httpx.post(url, json=data, headers={"x-control-token": "t"}, timeout=20).raise_for_status()
        named = [word for name, url in systems.items() for word in ("--system", f"{name}={url}")]
        ready = started(processes, "simulators.edge", "--folder", str(folder / "authority"), *named)
        yield Edge(ready["port"], ready["tls_port"], ready["ca"], systems)
    finally:
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait(10)


def test_the_subscription_platforms_sdk_finds_its_site(edge: Edge) -> None:
    made = edge.script(f"""
import json
from chargebee.main import Chargebee
Chargebee.ca_cert_path = {edge.ca!r}
cb = Chargebee(api_key="test_key", site="acme-test")
cb.Customer.create(cb.Customer.CreateParams(id="c1", first_name="Ada", email="ada@acme.test"))
print(json.dumps(cb.Customer.retrieve("c1").customer.first_name))
""")
    assert made == "Ada"


def test_usage_goes_in_by_the_platforms_ingest_hosts(edge: Edge) -> None:
    said = edge.script(f"""
import json, time, urllib.request, ssl
from chargebee.main import Chargebee
Chargebee.ca_cert_path = {edge.ca!r}
cb = Chargebee(api_key="test_key", site="acme-test")
cb.ItemFamily.create({{"id": "f", "name": "f"}})
for key, kind, metered in (("base", "plan", False), ("calls", "addon", True)):
    cb.Item.create({{"id": key, "name": key, "type": kind, "item_family_id": "f", "metered": metered}})
    cb.ItemPrice.create({{"id": key, "name": key, "item_id": key, "pricing_model": "per_unit", "price": 10, "period": 1,
                          "period_unit": "month", "currency_code": "USD"}})
cb.Customer.create({{"id": "meter", "auto_collection": "off"}})
items = [{{"item_price_id": "base", "quantity": 1}}, {{"item_price_id": "calls"}}]
sub = cb.Subscription.create_with_items("meter", {{"subscription_items": items}}).subscription
now = sub.started_at * 1000
event = {{"subscription_id": sub.id, "deduplication_id": "a", "usage_timestamp": now, "properties": {{"quantity": 3}}}}
one = cb.UsageEvent.create(event).usage_event
many = cb.UsageEvent.batch_ingest({{"events": [event, {{**event, "deduplication_id": "b"}},
                                               {{**event, "subscription_id": "nope"}}]}})
file = cb.UsageFile.upload_url({{"file_name": "f.csv", "mime_type": "text/csv"}}).usage_file
body = f"subscription_id,deduplication_id,usage_timestamp,quantity\\n{{sub.id}},c,{{now}},4".encode()
context = ssl.create_default_context(cafile={edge.ca!r})
opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), urllib.request.ProxyHandler())
opener.open(urllib.request.Request(file.upload_details.url, data=body, method="PUT"))
status = cb.UsageFile.processing_status(file.id).usage_file.status
charge = cb.UsageCharge.retrieve_usage_charges_for_subscription(sub.id).list[0].usage_charge
host = file.upload_details.url.split("/")[2]
print(json.dumps([one.deduplication_id, len(many.failed_events), host, status, charge.total_usage]))
""")
    assert said == ["a", 1, "acme-test.file-ingest.chargebee.com", "imported", "6"]


def test_the_cloud_erps_sdk_signs_the_url_that_it_sees(edge: Edge) -> None:
    names = edge.script(f"""
import asyncio, json
from netsuite import Config, NetSuite, TokenAuth
secret = {CREDENTIALS!r}
auth = TokenAuth(**{{name: secret[name] for name in ("consumer_key", "consumer_secret", "token_id", "token_secret")}})
async def main():
    erp = NetSuite(Config(account=secret["account"], auth=auth))
    return await erp.rest_api.suiteql("SELECT id, name FROM subsidiary ORDER BY id", limit=2)
print(json.dumps([row["name"] for row in asyncio.run(main())["items"]]))
""")
    assert names == [row["name"] for row in LEDGER["subsidiary"][:2]]


@pytest.mark.parametrize("ours", [False, True], ids=["its own host", "our https port"])
def test_salesforces_sdk_signs_in_and_stays(edge: Edge, ours: bool) -> None:
    domain = f"localhost:{edge.tls_port}/acme.my" if ours else "acme.my"
    name, base_url = edge.script(f"""
import json
from simple_salesforce import Salesforce
sf = Salesforce(username="dev@windtunnel.test", password="pw", security_token="tok", domain={domain!r})
made = sf.Account.create({{"Name": "Acme"}})
print(json.dumps([sf.Account.get(made["id"])["Name"], sf.base_url]))
""")
    assert name == "Acme"
    assert base_url.startswith(f"https://localhost:{edge.tls_port}/" if ours else "https://acme.my.salesforce.com/")


def test_nothing_leads_out_of_the_sandbox(edge: Edge) -> None:
    status, said = edge.asked_to_connect("example.com")
    assert status == 403
    assert "example.com is outside of the sandbox" in said and "SITE.chargebee.com" in said
    assert edge.asked_to_connect("evil.chargebee.com.example.com")[0] == 403


def test_plain_http_is_told_where_to_go(edge: Edge) -> None:
    answer = httpx.get("http://acme.chargebee.com/", proxy=f"http://127.0.0.1:{edge.port}", timeout=10)
    assert answer.status_code == 405
    assert "set HTTPS_PROXY" in answer.text


def test_a_host_that_is_nobodys_is_misdirected(edge: Edge) -> None:
    context = ssl.create_default_context(cafile=edge.ca)
    url = f"https://localhost:{edge.tls_port}/"
    assert httpx.get(url, headers={"host": "nobody.test"}, verify=context, timeout=10).status_code == 421


def test_an_answer_that_is_lost_behind_the_edge_is_lost_before_it(edge: Edge) -> None:
    fault = {"id": "lost", "kind": "lost_answer", "operation": "*", "times": 1}
    url = f"{edge.systems['subscriptions']}/_control/faults"
    httpx.post(url, json=fault, headers={"x-control-token": "t"}, timeout=10).raise_for_status()
    context = ssl.create_default_context(cafile=edge.ca)
    with httpx.Client(proxy=f"http://127.0.0.1:{edge.port}", verify=context, auth=("test_key", "")) as client:
        with pytest.raises(httpx.TransportError):
            client.post("https://acme.chargebee.com/api/v2/customers", data={"id": "lost-1"})
        answer = client.get("https://acme.chargebee.com/api/v2/customers/lost-1")
    assert answer.json()["customer"]["id"] == "lost-1"


def test_the_authority_is_kept_and_its_key_is_private(tmp_path: Path) -> None:
    first = Authority(tmp_path / "authority")
    certificate = first.certificate.read_bytes()
    assert Authority(tmp_path / "authority").certificate.read_bytes() == certificate
    assert (tmp_path / "authority" / KEY).stat().st_mode & 0o077 == 0

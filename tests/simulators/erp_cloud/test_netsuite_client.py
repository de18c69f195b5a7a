"""The `netsuite` client from PyPI drives the system over a real socket, unmodified but for where it points."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from netsuite import Config, TokenAuth
from netsuite.exceptions import NetsuiteAPIRequestError
from netsuite.rest_api import NetSuiteRestApi
from netsuite.restlet import NetSuiteRestlet

from tests.simulators.erp_cloud.world import CREDENTIALS, SEED, invoice_body

RESTLETS = [{"script": "101", "function": "tests.simulators.erp_cloud.scripts:orders"}]
ROOT = Path(__file__).parents[3]


class Local(NetSuiteRestApi):
    """The vendor's client, pointed at a port of this machine."""

    port = 0

    def _make_url(self, subpath: str) -> str:
        return f"http://127.0.0.1:{self.port}/services/rest{subpath}"


class LocalScripts(NetSuiteRestlet):
    """The vendor's client of RESTlets, pointed there too."""

    port = 0

    def _make_url(self, subpath: str) -> str:
        return f"http://127.0.0.1:{self.port}/app/site/hosting/restlet.nl{subpath}"


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    secrets = tmp_path_factory.mktemp("erp") / "settings.json"
    secrets.write_text(json.dumps({"control_token": "t", "credentials": CREDENTIALS}))
    command = [sys.executable, "-m", "simulators.erp_cloud", "--port", "0", "--settings", str(secrets)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    assert ready["ready"] == "erp_cloud"
    seed, head = SEED | {"restlets": RESTLETS}, {"x-control-token": "t"}
    answer = httpx.post(f"http://127.0.0.1:{ready['port']}/_control/seed", json=seed, headers=head, timeout=20)
    assert answer.status_code == 200, answer.text
    yield ready["port"]
    process.terminate()
    process.wait(10)


def client(port: int, **changes: str) -> Local:
    secret = CREDENTIALS | changes
    auth = TokenAuth(
        consumer_key=secret["consumer_key"], consumer_secret=secret["consumer_secret"], token_id=secret["token_id"],
        token_secret=secret["token_secret"],
    )  # fmt: skip
    api = Local(Config(account=secret["account"], auth=auth))
    api.port = port
    return api


pytestmark = [pytest.mark.live, pytest.mark.filterwarnings("ignore")]


def test_a_bill_is_booked_and_paid_through_the_client(port: int) -> None:
    async def work() -> Any:
        api = client(port)
        assert (
            await api.put(
                "/record/v1/customer/eid:CB-c1", json={"companyName": "Söhne & Co", "subsidiary": {"id": "1"}}
            )
            is None
        )
        made = await api.request("PUT", "/record/v1/invoice/eid:CBINV-1", json=invoice_body(tax="8.88"))
        assert (made.status_code, made.text) == (204, "")
        invoice = made.headers["location"].rpartition("/")[2]
        await api.post("/record/v1/customerPayment", json={
            "customer": {"externalId": "CB-c1"}, "payment": 108.88,
            "apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 108.88}]},
        })  # fmt: skip
        shown = await api.get(f"/record/v1/invoice/{invoice}", params={"expandSubResources": "true"})
        assert (shown["status"]["id"], shown["amountRemaining"], shown["item"]["totalResults"]) == ("B", 0, 1)
        found = await api.get("/record/v1/customer", params={"q": 'companyName IS "Söhne & Co"', "limit": 10})
        assert found["totalResults"] == 1
        await api.patch(f"/record/v1/invoice/{invoice}", params={"replace": "item"}, json={"memo": "x"})
        return await api.suiteql("SELECT id, type FROM transaction ORDER BY id", limit=1)

    page = asyncio.run(work())
    assert (page["count"], page["totalResults"], page["items"][0]["type"]) == (1, 2, "CustInvc")
    following = next(link["href"] for link in page["links"] if link["rel"] == "next")
    assert following.startswith(f"http://127.0.0.1:{port}/services/rest/query/v1/suiteql?limit=1&offset=1")


def test_the_clients_errors_carry_the_vendors_body(port: int) -> None:
    api = client(port)
    with pytest.raises(NetsuiteAPIRequestError, match="NONEXISTENT_ID"):
        asyncio.run(api.get("/record/v1/customer/4711"))
    with pytest.raises(NetsuiteAPIRequestError, match="INVALID_CONTENT"):  # the client asks for strict property names
        asyncio.run(api.post("/record/v1/customer", json={"companyName": "A", "subsidiary": "1", "colour": "red"}))
    with pytest.raises(NetsuiteAPIRequestError, match="INVALID_LOGIN"):
        asyncio.run(client(port, token_secret="wrong").get("/record/v1/customer"))


def test_the_client_reads_the_metadata_catalog_and_deletes(port: int) -> None:
    async def work() -> Any:
        api = client(port)
        await api.put("/record/v1/customer/eid:GONE", json={"companyName": "Gone", "subsidiary": {"id": "1"}})
        await api.delete("/record/v1/customer/eid:GONE")
        return await api.openapi(["customer", "invoice"]), await api.jsonschema("customer")

    swagger, schema = asyncio.run(work())
    assert set(swagger["components"]["schemas"]) == {"customer", "invoice"}
    assert schema["properties"]["companyName"]["type"] == "string"


def test_the_controller_closes_a_month_through_the_client(port: int) -> None:
    async def work() -> Any:
        boss = client(port, token_id="boss", token_secret="boss-secret")
        found = await boss.get("/record/v1/accountingPeriod", params={"q": 'periodName IS "Dec 2025"'})
        path = f"/record/v1/accountingPeriod/{found['items'][0]['id']}"
        for flags in ({"arLocked": True, "apLocked": True}, {"allLocked": True}, {"closed": True}):
            assert await boss.patch(path, json=flags) is None
        late = invoice_body("LATE", tranDate="2025-12-31", entity={"externalId": "CB-late"})
        customer = {"companyName": "Late", "subsidiary": {"id": "1"}}
        await boss.put("/record/v1/customer/eid:CB-late", json=customer)
        with pytest.raises(NetsuiteAPIRequestError, match="closed period Dec 2025"):
            await client(port).put("/record/v1/invoice/eid:LATE", json=late)
        await boss.patch(path, json={"closed": False})
        await boss.patch(path, json={"allLocked": False, "arLocked": False, "apLocked": False})
        await client(port).put("/record/v1/invoice/eid:LATE", json=late)
        return await boss.get("/record/v1/invoice/eid:LATE")

    assert asyncio.run(work())["postingPeriod"]["refName"] == "Dec 2025"


def test_revenue_is_deferred_recognised_and_accrued_through_the_client(port: int) -> None:
    async def work() -> tuple[Any, Any]:
        api = client(port)
        await api.post("/record/v1/revRecTemplate", json={
            "externalId": "DAYS", "name": "Exact days", "recurrenceType": {"id": "STRAIGHT_DAYS"},
        })  # fmt: skip
        await api.patch("/record/v1/serviceSaleItem/21", json={"revRecSchedule": {"externalId": "DAYS"}})
        line = {"item": {"id": "21"}, "amount": 365, "revRecStartDate": "2026-01-01", "revRecEndDate": "2026-12-31"}
        await api.put("/record/v1/customer/eid:CB-rev", json={"companyName": "Rev", "subsidiary": {"id": "1"}})
        body = {"entity": {"externalId": "CB-rev"}, "tranDate": "2026-01-05", "item": {"items": [line]}}
        await api.put("/record/v1/invoice/eid:REV", json=body)
        async with httpx.AsyncClient(headers={"x-control-token": "t"}) as control:
            act = f"http://127.0.0.1:{port}/_control/act/recognize_revenue"
            made = (await control.post(act, json={"period": "2026-01"})).json()
        journal = await api.get(f"/record/v1/journalEntry/{made['journals'][0]}", params={"expandSubResources": "true"})
        lines = {"items": [{"account": {"id": "13"}, "debit": 8}, {"account": {"id": "14"}, "credit": 8}]}
        await api.put("/record/v1/journalEntry/eid:ACCRUAL", json={
            "subsidiary": {"id": "1"}, "tranDate": "2026-01-31", "reversalDate": "2026-02-01", "line": lines,
        })  # fmt: skip
        return journal, await api.get("/record/v1/journalEntry/eid:ACCRUAL")

    journal, accrual = asyncio.run(work())
    moved = [(line["account"]["id"], line.get("debit"), line.get("credit")) for line in journal["line"]["items"]]
    assert moved == [("16", 31, None), ("14", None, 31)]
    assert accrual["reversalEntry"]["id"] > accrual["id"]


def test_a_restlet_of_the_users_own_runs_through_the_client(port: int) -> None:
    async def work() -> tuple[Any, Any]:
        api, scripts = client(port), LocalScripts(client(port)._config)
        scripts.port = port
        await api.put("/record/v1/customer/eid:CB-let", json={"companyName": "Let", "subsidiary": {"id": "1"}})
        customer = (await api.get("/record/v1/customer/eid:CB-let"))["id"]
        done = await scripts.post(101, json={"customer": customer, "lines": [5]})
        with pytest.raises(NetsuiteAPIRequestError, match="SSS_INVALID_SCRIPTLET_ID"):
            await scripts.get(999)
        return done, await scripts.get(101, params={"customer": customer})

    done, listed = asyncio.run(work())
    assert done["total"] == 5 and [row["foreigntotal"] for row in listed] == ["5"]


def test_an_order_is_billed_and_a_contact_kept_through_the_client(port: int) -> None:
    async def work() -> tuple[Any, Any]:
        api = client(port)
        await api.put("/record/v1/customer/eid:CB-ord", json={"companyName": "Ord", "subsidiary": {"id": "1"}})
        contact = {"firstName": "Ada", "lastName": "Order", "company": {"externalId": "CB-ord"}}
        await api.put("/record/v1/contact/eid:SF-ord", json=contact)
        line = {"item": {"id": "22"}, "quantity": 2, "rate": 10}
        order = {"entity": {"externalId": "CB-ord"}, "item": {"items": [line]}}
        await api.put("/record/v1/salesOrder/eid:SO-1", json=order)
        made = await api.request("POST", "/record/v1/salesOrder/eid:SO-1/!transform/invoice", json={"memo": "all"})
        invoice = await api.get(f"/record/v1/invoice/{made.headers['location'].rpartition('/')[2]}")
        return invoice, await api.get("/record/v1/salesOrder/eid:SO-1")

    invoice, order = asyncio.run(work())
    assert (invoice["total"], invoice["memo"], order["status"]["refName"]) == (20, "all", "Billed")

"""The system as a whole: seed, reset, books, limits, governance, metadata, acts, and what happens under faults."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from simulators.erp_cloud import create
from simulators.erp_cloud.moments import stamp
from simulators.kit.faults import Fault
from simulators.kit.system import SeedError, Settings
from tests.simulators.erp_cloud.world import CREDENTIALS, GENESIS, SEED, World, invoice_body


def story(world: World) -> str:
    world.customer()
    invoice = world.invoice(tax="8.88")
    body = {"customer": {"externalId": "CB-c1"}, "payment": 50, "apply": {"items": [{"doc": invoice, "amount": 50}]}}
    world.call("POST", "/record/v1/customerPayment", body)
    return json.dumps(world.system.books(), sort_keys=True)


def test_a_reset_world_lives_the_same_life_again() -> None:
    world, other = World(), World()
    first, token = story(world), world.token
    world.system.reset(GENESIS)
    world.token = ""
    assert world.system.books()["party"] == []
    assert story(world) == first == story(other)
    assert world.token == token == other.token


def test_books_are_exact_texts_with_all_tables() -> None:
    world = World()
    books = json.loads(story(world))
    assert {name: len(rows) for name, rows in books.items()} == {
        "party": 1, "contract": 0, "document": 2, "line": 2, "allocation": 1, "ledger": 5,
    }  # fmt: skip

    def floats(value: Any) -> bool:
        if isinstance(value, dict):
            return any(map(floats, value.values()))
        return any(map(floats, value)) if isinstance(value, list) else isinstance(value, float)

    assert not floats(books)
    invoice = books["document"][0]
    assert (invoice["object"], invoice["total"], invoice["amountRemaining"], invoice["currency"]) == (
        "invoice", "108.88", "58.88", "USD",
    )  # fmt: skip
    assert invoice["postingPeriod"] == "Jan 2026" and invoice["entityExternalId"] == "CB-c1"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"itmes": []}, "itmes"),
        ({"account": [{"id": "1", "acctNumber": "1", "acctName": "A", "acctType": "Bank", "colour": "red"}]}, "colour"),
        ({"account": [{"id": "x", "acctName": "A", "acctType": "Bank"}]}, "x"),
        ({"items": [{"type": "boat", "id": "1"}]}, "boat"),
        ({"items": [{"id": "1", "itemId": "I", "incomeAccount": "999"}]}, "999"),
        ({"subsidiary": [{"id": "1", "currency": "USD"}]}, "name"),
        ({"accountingPeriods": {"from": "2026"}}, "accountingPeriods"),
        ({"accountingPeriods": 7}, "accountingPeriods"),
        ({"preferences": {"colour": 1}}, "colour"),
        ({"customers": [{"companyName": "A"}]}, "Subsidiary"),
        ({"rates": [{"from": "USD"}]}, "rates"),
    ],
)
def test_a_bad_seed_names_its_place_and_changes_nothing(change: dict[str, Any], words: str) -> None:
    world = World(seed={})
    before = world.system.store.snapshot()
    with pytest.raises(SeedError, match=words):
        world.system.seed(SEED | change)
    assert world.system.store.snapshot() == before


def test_a_seed_brings_customers_and_documents_along() -> None:
    known = {
        "customers": [{"id": "7001", "companyName": "Known Ltd", "subsidiary": "1", "entityId": "OLD-1"}],
        "documents": [{"type": "invoice", "entity": {"refName": "OLD-1"}, "tranId": "2025-77", "tranDate": "2025-12-30",
                       "item": {"items": [{"item": "22", "amount": "77.10"}]}}],
    }  # fmt: skip
    world = World(seed=SEED | known)
    document = world.system.books()["document"][0]
    assert (document["entity"], document["tranId"], document["total"]) == ("7001", "2025-77", "77.10")
    assert world.system.books()["party"][0].get("externalId") is None


def test_a_poor_chart_of_accounts_gets_the_accounts_a_ledger_needs() -> None:
    poor = [{"id": "1", "acctName": "Income", "acctType": "Income"}]
    items = [{"id": "1", "itemId": "Thing", "incomeAccount": "1", "externalId": "SVC-ONBOARD"}]
    world = World(seed=SEED | {"account": poor, "items": items, "subsidiary": SEED["subsidiary"][:1]})
    world.customer()
    world.invoice(tax="8.88")
    assert [row["acctName"] for row in world.system.books()["ledger"]] == [
        "Accounts Receivable",
        "Income",
        "Tax Payable",
    ]


def test_a_persisted_system_goes_on_after_a_restart(tmp_path: Path) -> None:
    async def nowhere(*_: Any) -> int:
        raise OSError

    def start() -> Any:
        return create(Settings(lambda: GENESIS, nowhere, GENESIS, credentials=CREDENTIALS, data=tmp_path))

    first = start()
    first.seed(SEED)
    world = World()
    world.system = first
    world.customer()
    first.store.close()
    world.system = start()
    assert world.call("GET", "/record/v1/customer/eid:CB-c1").status == 200
    world.invoice()


def test_the_account_takes_five_calls_at_once_and_says_no_more() -> None:
    world = World(profile="vendor")
    world.call("GET", "/record/v1/customer")
    headers = {"authorization": f"Bearer {world.token}"}

    async def rush() -> list[Any]:
        calls = [world.send("GET", "/services/rest/record/v1/customer", b"", headers) for _ in range(8)]
        return list(await asyncio.gather(*calls))

    answers = asyncio.run(rush())
    assert sorted(answer.status for answer in answers) == [200] * 5 + [429] * 3
    refused = next(answer for answer in answers if answer.status == 429)
    assert refused.code == "CONCURRENCY_LIMIT_EXCEEDED" and "retry-after" not in refused.headers
    limits = world.call("GET", "/system/v1/governanceLimits").json
    assert (limits["accountConcurrencyLimit"], limits["integrationLimitType"]) == (5, "accountLimit")
    world.time[0] += 60
    assert world.call("GET", "/system/v1/serverTime").json == {"serverTime": f"{stamp(world.time[0])[:-1]}.000Z"}
    assert "PATCH" in world.call("OPTIONS", "/*").headers["allow"]


def test_faults_answer_in_the_vendors_shape() -> None:
    world = World()
    world.customer()
    body = invoice_body() | {"externalId": "CBINV-1"}
    operation = "record.create:invoice"
    world.system.faults.add(Fault(id="f", kind="server_error_before", operation=operation))
    failed = world.call("POST", "/record/v1/invoice", body)
    assert (failed.status, failed.code) == (503, "UNEXPECTED_ERROR") and "Error ID" in failed.detail
    world.system.faults.add(Fault(id="f", kind="limit", operation=operation, retry_after_s=5))
    limited = world.call("POST", "/record/v1/invoice", body)
    assert (limited.status, limited.code) == (429, "CONCURRENCY_LIMIT_EXCEEDED")
    assert "retry-after" not in limited.headers
    world.system.faults.add(Fault(id="f", kind="expire_credentials", operation=operation))
    assert world.call("POST", "/record/v1/invoice", body).status == 401
    world.token = ""
    world.system.faults.add(Fault(id="f", kind="server_error_after", operation=operation))
    assert world.call("POST", "/record/v1/invoice", body).status == 503
    assert world.call("POST", "/record/v1/invoice", body).code == "USER_ERROR"
    assert len(world.system.books()["document"]) == 1


@pytest.mark.parametrize(
    ("method", "path", "operation"),
    [
        ("POST", "/record/v1/INVOICE", "record.create:invoice"),
        ("PUT", "/record/v1/customer/eid%3AX", "record.upsert:customer"),
        ("GET", "/record/v1/customerpayment/1", "record.get:customerPayment"),
        ("PATCH", "/record/v1/invoice/1", "record.update:invoice"),
        ("DELETE", "/record/v1/invoice/1", "record.delete:invoice"),
        ("GET", "/record/v1/invoice", "record.list:invoice"),
        ("POST", "/record/v1/invoice/1/!transform/creditMemo", "record.transform:creditMemo"),
        ("POST", "/query/v1/suiteql", "suiteql"),
        ("POST", "/auth/oauth2/v1/token", "token"),
        ("GET", "/system/v1/governanceLimits", "governanceLimits"),
        ("GET", "/system/v1/serverTime", "serverTime"),
        ("OPTIONS", "/*", "options"),
        ("GET", "/record/v1/metadata-catalog", "metadata"),
        ("GET", "/async/v1/job/1", "job.get"),
        ("GET", "/nowhere", "unknown"),
    ],
)
def test_operations_have_stable_names(method: str, path: str, operation: str) -> None:
    world = World()
    world.call(method, path)
    calls = [entry for entry in world.system.journal.after(0, 100)[0] if entry["kind"] == "call"]
    assert calls[-1]["operation"] == operation


def test_metadata_lists_records_and_shows_their_fields() -> None:
    world = World()
    names = [item["name"] for item in world.call("GET", "/record/v1/metadata-catalog").json["items"]]
    assert {"customer", "invoice", "customerPayment", "serviceSaleItem", "accountingPeriod"} <= set(names)
    swagger = world.call(
        "GET", "/record/v1/metadata-catalog?select=customer%2Cinvoice", accept="application/swagger+json"
    )
    assert swagger.headers["content-type"] == "application/swagger+json"
    assert set(swagger.json["components"]["schemas"]) == {"customer", "invoice"}
    world.act("define_field", id="custbody_x", record="invoice", type="boolean")
    schema = world.call("GET", "/record/v1/metadata-catalog/invoice", accept="application/schema+json").json
    assert schema["properties"]["custbody_x"]["type"] == "boolean"
    assert schema["properties"]["total"]["readOnly"] is True
    assert world.call("GET", "/record/v1/metadata-catalog/boat").status == 404


def test_people_enter_edit_and_delete_by_hand() -> None:
    world = World()
    world.customer()
    key = world.act("create_record", record="invoice", values=invoice_body("H"))["id"]
    world.act("edit_record", record="invoice", id=key, values={"memo": "by hand"})
    assert world.get("invoice", key)["memo"] == "by hand"
    with pytest.raises(ValueError, match="does not exist"):
        world.act("edit_record", record="invoice", id=key, values={"colour": "red"})
    world.act("delete_record", record="invoice", id=key)
    with pytest.raises(ValueError, match="no invoice"):
        world.act("delete_record", record="invoice", id=key)
    with pytest.raises(ValueError, match="preference"):
        world.act("set_preference", colour=1)
    with pytest.raises(ValueError, match="no field"):
        world.act("require_field", record="invoice", field="colour")
    with pytest.raises(KeyError):
        world.act("lock_period")


def test_setup_records_are_made_over_the_api() -> None:
    world = World()
    item = {
        "itemId": "GTXPro",
        "externalId": "GTXPro",
        "incomeAccount": {"id": "14"},
        "subsidiary": {"items": [{"id": "1"}]},
    }
    key = world.call("POST", "/record/v1/nonInventorySaleItem", item).id
    assert world.rows("SELECT id, itemid, itemtype FROM item WHERE externalid = 'GTXPro'") == [
        {"id": key, "itemid": "GTXPro", "itemtype": "NonInvtPart"}
    ]
    assert world.get("nonInventorySaleItem", key)["subsidiary"]["items"][0]["refName"] == "Windtunnel US Inc"
    assert world.call("GET", f"/record/v1/serviceSaleItem/{key}").status == 404
    assert world.call("POST", "/record/v1/nonInventorySaleItem", item | {"externalId": "Other"}).code == "USER_ERROR"
    assert "Income Account" in world.call("POST", "/record/v1/serviceSaleItem", {"itemId": "X"}).detail
    tax = {"itemId": "US-CA-7.25", "rate": 7.25, "nexusCountry": "US", "taxType": {"refName": "US Sales Tax"}}
    assert world.call("POST", "/record/v1/salesTaxItem", tax).status == 204
    world.customer()
    world.call("POST", "/record/v1/invoice", invoice_body() | {"item": {"items": [{"item": {"id": key}, "amount": 1}]}})
    assert world.call("DELETE", f"/record/v1/nonInventorySaleItem/{key}").code == "USER_ERROR"

"""Sales orders and the invoices that they become; contacts at a customer."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.world import World

ORDER, INVOICE = "/record/v1/salesOrder", "/record/v1/invoice"


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def order(**more: Any) -> dict[str, Any]:
    lines = [{"item": "22", "quantity": 4, "rate": 25}, {"item": "21", "amount": 12}]
    return {"entity": {"externalId": "CB-c1"}, "tranDate": "2026-01-05", "item": {"items": lines}, **more}


def status(world: World, key: str) -> tuple[str, list[float]]:
    shown = world.get("salesOrder", key)
    return shown["status"]["id"], [line["quantityBilled"] for line in shown["item"]["items"]]


def test_an_order_posts_nothing_and_becomes_an_invoice(world: World) -> None:
    key = world.call("POST", ORDER, order(otherRefNum="PO-7")).id
    assert status(world, key) == ("F", [0, 0])
    assert world.rows("SELECT SUM(debit) AS s FROM transactionaccountingline") == [{}]
    found = "SELECT type, foreigntotal, posting, BUILTIN.DF(status) AS s FROM transaction WHERE id = ?"
    assert world.rows(found, key) == [
        {"type": "SalesOrd", "foreigntotal": "112", "posting": "F", "s": "Sales Order : Pending Billing"}
    ]
    invoice = world.call("POST", f"{ORDER}/{key}/!transform/invoice", {"tranId": "US-1"}).id
    shown = world.get("invoice", invoice)
    assert (shown["total"], shown["otherRefNum"], shown["createdFrom"]["id"]) == (112, "PO-7", key)
    assert status(world, key) == ("G", [4, 1])
    assert world.call("POST", f"{ORDER}/{key}/!transform/invoice", {}).path == "createdFrom"
    assert world.call("DELETE", f"{ORDER}/{key}").code == "USER_ERROR"
    assert world.call("DELETE", f"{INVOICE}/{invoice}").status == 204
    assert status(world, key) == ("F", [0, 0]) and world.call("DELETE", f"{ORDER}/{key}").status == 204


def test_an_order_is_billed_in_parts_and_never_beyond(world: World) -> None:
    key = world.call("POST", ORDER, order()).id
    path = f"{ORDER}/{key}/!transform/invoice"
    part = {"item": {"items": [{"item": "22", "quantity": 3, "rate": 25, "orderLine": 1}]}}
    first = world.call("POST", path, part).id
    assert (world.get("invoice", first)["total"], status(world, key)) == (75, ("E", [3, 0]))
    beyond = {"item": {"items": [{"item": "22", "quantity": 2, "rate": 25, "orderLine": 1}]}}
    assert "ordered" in world.call("POST", path, beyond).detail
    rest = world.call("POST", path, {}).id
    assert (world.get("invoice", rest)["total"], status(world, key)) == (37, ("G", [4, 1]))
    more = world.call("PATCH", f"{INVOICE}/{first}", {"item": {"items": [{"line": 1, "quantity": 9}]}})
    assert more.code == "USER_ERROR" and status(world, key) == ("G", [4, 1])


def test_an_order_that_waits_for_approval_is_not_billed(world: World) -> None:
    key = world.call("POST", ORDER, order(orderStatus="A")).id
    path = f"{ORDER}/{key}/!transform/invoice"
    assert status(world, key)[0] == "A" and world.call("POST", path, {}).code == "INVALID_CONTENT"
    assert world.call("PATCH", f"{ORDER}/{key}", {"orderStatus": {"id": "B"}}).status == 204
    assert world.call("POST", path, {}).status == 204
    assert world.call("POST", f"{ORDER}/{key}/!transform/creditMemo", {}).code == "INVALID_REQUEST"


def test_an_order_does_not_mind_a_locked_month(world: World) -> None:
    world.act("lock_period", period="2026-01")
    assert world.call("POST", ORDER, order()).status == 204


def test_contacts_belong_to_a_customer_and_have_a_name_of_their_own(world: World) -> None:
    body = {"firstName": "Ada", "lastName": "Byron", "email": "a@acme.example", "company": {"externalId": "CB-c1"}}
    key = world.call("PUT", "/record/v1/contact/eid:SF-003", body).id
    shown = world.get("contact", key)
    assert (shown["entityId"], shown["subsidiary"]["id"], shown["company"]["refName"]) == (
        "Ada Byron", "1", "CUS1 Acme c1",
    )  # fmt: skip
    assert "DUP_ENTITY" in world.call("POST", "/record/v1/contact", body).detail
    assert world.call("POST", "/record/v1/contact", {"firstName": "X"}).path == "subsidiary"
    assert world.call("POST", "/record/v1/contact", {"subsidiary": "1"}).path == "entityId"
    found = "SELECT c.email, BUILTIN.DF(c.company) AS company FROM contact c WHERE c.externalid = 'SF-003'"
    assert world.rows(found) == [{"email": "a@acme.example", "company": "CUS1 Acme c1"}]
    assert world.call("PATCH", f"/record/v1/contact/{key}", {"title": "Countess"}).status == 204
    assert world.call("DELETE", f"/record/v1/contact/{key}").status == 204

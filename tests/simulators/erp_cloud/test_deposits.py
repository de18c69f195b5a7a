"""Money before there is a bill: customer deposits and their applications, in ledger, books and queries."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.test_payments import gl
from tests.simulators.erp_cloud.world import World

DEPOSIT, APPLICATION = "/record/v1/customerDeposit", "/record/v1/depositApplication"


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def deposit(world: World, amount: Any = 150, **more: Any) -> str:
    body = {"customer": {"externalId": "CB-c1"}, "payment": amount, "account": "11"} | more
    return world.call("POST", DEPOSIT, body).id


def applied(*lines: tuple[str, Any]) -> dict[str, Any]:
    items = [{"doc": {"id": key}, "apply": True} | ({} if sum_ is None else {"amount": sum_}) for key, sum_ in lines]
    return {"apply": {"items": items}}


def test_a_deposit_is_a_liability_until_it_settles_a_bill(world: World) -> None:
    key = deposit(world, externalId="DEP-1", memo="Prepaid")
    shown = world.get("customerDeposit", "eid:DEP-1")
    assert (shown["total"], shown["unapplied"], shown["status"]["refName"]) == (150, 150, "Deposited")
    assert gl(world, key) == [("Checking", "150.00", "0.00"), ("Customer Deposits", "0.00", "150.00")]
    invoice = world.invoice()
    made = world.call("POST", f"{DEPOSIT}/{key}/!transform/depositApplication", applied((invoice, None))).id
    assert gl(world, made) == [("Customer Deposits", "100.00", "0.00"), ("Accounts Receivable", "0.00", "100.00")]
    one = world.get("depositApplication", made)
    assert (one["deposit"]["id"], one["total"], one["customer"]["id"]) == (key, 100, shown["customer"]["id"])
    paid, left = world.get("invoice", invoice), world.get("customerDeposit", key)
    assert (paid["amountRemaining"], paid["status"]["id"], left["applied"], left["unapplied"]) == (0, "B", 100, 50)
    again = world.invoice("B")
    assert world.call("POST", APPLICATION, {"deposit": {"id": key}} | applied((again, 50))).status == 204
    assert world.get("customerDeposit", key)["status"]["refName"] == "Fully Applied"
    assert world.get("invoice", again)["amountRemaining"] == 50


def test_undeposited_money_and_the_order_that_it_is_for(world: World) -> None:
    body = {"entity": {"externalId": "CB-c1"}, "item": {"items": [{"item": "21", "amount": 80}]}}
    order = world.call("POST", "/record/v1/salesOrder", body).id
    key = deposit(world, 80, account=None, salesOrder={"id": order})
    assert gl(world, key)[0] == ("Undeposited Funds", "80.00", "0.00")
    assert world.get("customerDeposit", key)["status"]["refName"] == "Not Deposited"
    wrong = {"customer": {"externalId": "CB-c1"}, "payment": 5, "salesOrder": {"id": world.invoice()}}
    assert "salesOrder" in world.call("POST", DEPOSIT, wrong).path


def test_never_more_than_there_is_and_nothing_for_others(world: World) -> None:
    key, invoice = deposit(world, 60), world.invoice()
    path = f"{DEPOSIT}/{key}/!transform/depositApplication"
    assert "can not exceed" in world.call("POST", path, applied((invoice, 61))).detail
    assert world.call("POST", path, {}).status == 400
    assert world.get("invoice", invoice)["amountRemaining"] == 100
    assert world.call("POST", path, applied((invoice, 60))).status == 204
    assert world.call("POST", path, applied((invoice, 1))).status == 400
    assert world.call("POST", APPLICATION, {"deposit": {"id": invoice}} | applied((invoice, 1))).status == 400
    for change in ({"payment": 59}, {"exchangeRate": 2, "currency": "2"}):
        assert world.call("PATCH", f"{DEPOSIT}/{key}", change).status == 400
    assert world.call("POST", DEPOSIT, {"customer": {"externalId": "CB-c1"}, "payment": 0}).status == 400
    assert world.call("DELETE", f"{DEPOSIT}/{key}").status == 400


def test_an_application_that_is_changed_or_deleted_gives_back(world: World) -> None:
    key, invoice = deposit(world, 60), world.invoice()
    made = world.call("POST", f"{DEPOSIT}/{key}/!transform/depositApplication", applied((invoice, 60))).id
    assert world.call("PATCH", f"{APPLICATION}/{made}", applied((invoice, 20))).status == 204
    assert (world.get("invoice", invoice)["amountRemaining"], world.get("customerDeposit", key)["unapplied"]) == (
        80, 40)  # fmt: skip
    assert world.call("DELETE", f"{APPLICATION}/{made}").status == 204
    assert (world.get("invoice", invoice)["amountRemaining"], world.get("customerDeposit", key)["unapplied"]) == (
        100, 60)  # fmt: skip
    assert world.call("DELETE", f"{DEPOSIT}/{key}").status == 204


def test_queries_know_both(world: World) -> None:
    key, invoice = deposit(world, 60), world.invoice()
    made = world.call("POST", f"{DEPOSIT}/{key}/!transform/depositApplication", applied((invoice, 60))).id
    found = world.rows(
        "SELECT t.id, t.type, t.foreigntotal FROM transaction t WHERE t.type IN ('CustDep', 'DepAppl') ORDER BY t.id"
    )
    assert [(row["id"], row["type"], row["foreigntotal"]) for row in found] == [
        (key, "CustDep", "60"), (made, "DepAppl", "60"),
    ]  # fmt: skip
    assert sum(float(row["debit"]) - float(row["credit"]) for row in world.system.books()["ledger"]) == 0

"""Customer refunds: what they are taken from, what they may not take, and what ledger, books and queries see of it."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.test_payments import gl, payment
from tests.simulators.erp_cloud.world import World

REFUND, MEMO, PAYMENT = ("/record/v1/customerRefund", "/record/v1/creditMemo", "/record/v1/customerPayment")


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def refund(*applied: tuple[str, Any], **more: Any) -> dict[str, Any]:
    items = [
        {"doc": {"id": key}, "apply": True} | ({} if value is None else {"amount": value}) for key, value in applied
    ]
    return {"customer": {"externalId": "CB-c1"}, "apply": {"items": items}} | more


def memo(world: World, amount: float = 100) -> str:
    body = {"entity": {"externalId": "CB-c1"}, "item": {"items": [{"item": "21", "amount": amount}]}}
    return world.call("POST", MEMO, body).id


def test_a_credit_memo_is_paid_out_and_closed(world: World) -> None:
    credit = memo(world)
    key = world.call("POST", REFUND, refund((credit, 100), externalId="CBTXN-r1", tranDate="2026-01-06")).id
    shown = world.get("customerRefund", key)
    assert (shown["total"], shown["account"]["refName"], "status" in shown) == (100, "1000 Checking", False)
    assert [(line["type"], line["amount"]) for line in shown["apply"]["items"]] == [("Credit Memo", 100)]
    used = world.get("creditMemo", credit)
    assert (used["applied"], used["unapplied"], used["status"]["id"]) == (100, 0, "B")
    assert gl(world, key) == [("Checking", "0.00", "100.00"), ("Accounts Receivable", "100.00", "0.00")]


def test_in_parts_and_never_more_than_there_is(world: World) -> None:
    credit = memo(world)
    assert world.call("POST", REFUND, refund((credit, 60))).status == 204
    too_much = world.call("POST", REFUND, refund((credit, 40.01)))
    assert too_much.status == 400 and "amount remaining" in too_much.detail
    assert world.call("POST", REFUND, refund((credit, None))).status == 204
    assert world.get("creditMemo", credit)["unapplied"] == 0
    assert world.call("POST", REFUND, refund((credit, None))).status == 400


def test_what_was_refunded_cannot_be_applied_as_well(world: World) -> None:
    credit, invoice = memo(world), world.invoice()
    world.call("POST", REFUND, refund((credit, 70)))
    apply = {"apply": {"items": [{"doc": {"id": invoice}, "apply": True, "amount": 31}]}}
    assert world.call("PATCH", f"{MEMO}/{credit}", apply).status == 400
    apply["apply"]["items"][0]["amount"] = 30
    assert world.call("PATCH", f"{MEMO}/{credit}", apply).status == 204
    shown = world.get("creditMemo", credit)
    assert (shown["applied"], shown["unapplied"]) == (100, 0)


def test_a_returned_payment_is_taken_off_its_invoice_and_paid_out(world: World) -> None:
    invoice = world.invoice()
    paid = world.call("POST", PAYMENT, payment(100, (invoice, 100), account="11")).id
    assert world.call("POST", REFUND, refund((paid, 100))).status == 400
    assert world.call("PATCH", f"{PAYMENT}/{paid}?replace=apply", {"apply": {"items": []}}).status == 204
    assert world.call("POST", REFUND, refund((paid, 100))).status == 204
    assert (world.get("invoice", invoice)["amountRemaining"], world.get("customerPayment", paid)["unapplied"]) == (
        100, 0)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"apply": {"items": []}}, "apply"),
        ({"customer": None}, "customer"),
        ({"account": "14"}, "account"),
    ],
)
def test_refusals_change_nothing(world: World, change: dict[str, Any], path: str) -> None:
    credit = memo(world)
    refused = world.call("POST", REFUND, refund((credit, 100)) | change)
    assert refused.status == 400 and refused.json["o:errorDetails"][0]["o:errorPath"] == path
    assert world.get("creditMemo", credit)["unapplied"] == 100


def test_an_invoice_or_another_customers_credit_cannot_be_refunded(world: World) -> None:
    credit, invoice = memo(world), world.invoice()
    assert world.call("POST", REFUND, refund((invoice, 1))).status == 400
    world.customer("c2")
    assert world.call("POST", REFUND, refund((credit, 1), customer={"externalId": "CB-c2"})).status == 400


def test_a_refunded_credit_cannot_be_deleted_and_a_deleted_refund_gives_back(world: World) -> None:
    credit = memo(world)
    key = world.call("POST", REFUND, refund((credit, 25))).id
    assert world.call("DELETE", f"{MEMO}/{credit}").status == 400
    assert world.call("DELETE", f"{REFUND}/{key}").status == 204
    shown = world.get("creditMemo", credit)
    assert (shown["applied"], shown["unapplied"], shown["status"]["id"]) == (0, 100, "A")


def test_the_rates_between_credit_and_refund_are_realised(world: World) -> None:
    world.call("PATCH", "/record/v1/customer/eid:CB-c1", {"currencyList": {"items": [{"currency": "4"}]}})
    body = {"entity": {"externalId": "CB-c1"}, "currency": "4", "exchangeRate": 1.1,
            "item": {"items": [{"item": "21", "amount": 100}]}}  # fmt: skip
    credit = world.call("POST", MEMO, body).id
    key = world.call("POST", REFUND, refund((credit, 100), currency="4", exchangeRate=1.2)).id
    assert gl(world, key) == [
        ("Checking", "0.00", "120.00"), ("Accounts Receivable", "110.00", "0.00"),
        ("Realized Gain/Loss", "10.00", "0.00"),
    ]  # fmt: skip


def test_queries_and_books_name_refund_and_source(world: World) -> None:
    credit = memo(world)
    key = world.call("POST", REFUND, refund((credit, 100), externalId="CBTXN-r1")).id
    found = world.rows("SELECT t.id, t.type, t.externalid, t.foreigntotal FROM transaction t WHERE t.type = 'CustRfnd'")
    assert [(row["id"], row["externalid"], float(row["foreigntotal"])) for row in found] == [(key, "CBTXN-r1", 100.0)]
    links = world.rows(f"SELECT k.previousdoc FROM previoustransactionlinelink k WHERE k.nextdoc = {key}")
    assert links == [{"previousdoc": credit}]
    given = [row for row in world.system.books()["allocation"] if row["transaction"] == key]
    assert [(row["object"], row["doc"], row["amount"]) for row in given] == [
        ("customerRefund.apply", credit, "100.00")]  # fmt: skip

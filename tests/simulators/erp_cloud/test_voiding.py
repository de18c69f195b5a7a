"""Voiding by people: amounts to zero in an open month, or a reversing journal; never where something depends on it."""

from decimal import Decimal
from typing import Any

import pytest

from tests.simulators.erp_cloud.world import World

PAYMENT, MEMO = "/record/v1/customerPayment", "/record/v1/creditMemo"


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def receivable(world: World) -> Decimal:
    rows = [row for row in world.system.books()["ledger"] if row["acctType"] == "AcctRec" and row["posting"]]
    return sum((Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows), Decimal(0))


def pay(world: World, invoice: str, amount: float, **more: Any) -> str:
    body = {"customer": {"externalId": "CB-c1"}, "payment": amount, "apply": {"items": [{"doc": invoice}]}, **more}
    return world.call("POST", PAYMENT, body).id


def test_a_voided_invoice_stays_with_nothing_on_it(world: World) -> None:
    key = world.invoice(tax="8.88")
    assert world.act("void_record", record="invoice", id=key) == {"record": "invoice", "id": key, "journal": ""}
    shown = world.get("invoice", key)
    assert (shown["status"]["id"], shown["total"], shown["amountRemaining"], shown["tranId"]) == (
        "V",
        0,
        0,
        "US-000001",
    )
    assert receivable(world) == 0
    assert world.rows("SELECT voided, posting FROM transaction") == [{"voided": "T", "posting": "T"}]
    assert world.call("PATCH", f"/record/v1/invoice/{key}", {"memo": "x"}).code == "USER_ERROR"
    assert world.call("DELETE", f"/record/v1/invoice/{key}").code == "USER_ERROR"
    with pytest.raises(ValueError, match="can not be voided"):
        world.act("void_record", record="invoice", id=key)


def test_voiding_what_pays_opens_what_was_paid_and_what_is_paid_is_not_voided(world: World) -> None:
    key = world.invoice()
    payment = pay(world, key, 60)
    with pytest.raises(ValueError, match="applied to it"):
        world.act("void_record", record="invoice", id=key)
    world.act("void_record", record="customerPayment", id=payment)
    assert (world.get("invoice", key)["amountRemaining"], receivable(world)) == (100, 100)
    assert world.get("customerPayment", payment)["status"]["id"] == "V"
    assert world.rows("SELECT nextdoc FROM nexttransactionlinelink") == []


def test_a_shut_month_refuses_a_void_whole(world: World) -> None:
    key = world.invoice(tranDate="2025-12-20")
    world.act("lock_period", period="2025-12")
    with pytest.raises(ValueError, match="locked"):
        world.act("void_record", record="invoice", id=key, role="integration")
    assert (world.get("invoice", key)["total"], receivable(world)) == (100, 100)


@pytest.mark.parametrize("rate", ["1", "1.3"])
def test_by_reversing_journal_a_payment_of_a_closed_month_is_taken_back_today(world: World, rate: str) -> None:
    foreign = {} if rate == "1" else {"currency": "4", "exchangeRate": rate}
    world.customer("c1", currencyList={"items": [{"currency": "4"}]})
    key = world.invoice(tranDate="2025-12-20", **foreign)
    before = receivable(world)
    payment = pay(world, key, 60, tranDate="2025-12-28", **(foreign and foreign | {"exchangeRate": "1.4"}))
    world.act("close_period", period="2025-12", lock=True)
    world.act("set_preference", voidByReversingJournal=True)
    with pytest.raises(ValueError, match="no void"):
        world.act("void_record", record="invoice", id=world.invoice("US-2"))
    journal = world.act("void_record", record="customerPayment", id=payment)["journal"]
    made = world.get("journalEntry", journal)
    assert (made["postingPeriod"]["refName"], made["memo"]) == ("Jan 2026", "Void of PYMT1")
    assert (world.get("invoice", key)["amountRemaining"], receivable(world)) == (100, before + 100)
    shown = world.get("customerPayment", payment)
    assert (shown["status"]["id"], shown["payment"], shown["unapplied"]) == ("V", 60, 0)
    sums: dict[str, Decimal] = {}
    for row in world.system.books()["ledger"]:
        sums[row["transaction"]] = (
            sums.get(row["transaction"], Decimal(0)) + Decimal(row["debit"]) - Decimal(row["credit"])
        )
    assert not any(sums.values())
    assert world.call("DELETE", f"/record/v1/journalEntry/{journal}").code == "USER_ERROR"

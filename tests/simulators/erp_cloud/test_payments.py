"""Customer payments: applying, over-applying, unapplying, exchange gains, and what books and pollers see of it."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.world import GENESIS, World

PAYMENT = "/record/v1/customerPayment"


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def payment(amount: Any, *applied: tuple[str, Any], **more: Any) -> dict[str, Any]:
    items = [
        {"doc": {"id": key}, "apply": True} | ({} if value is None else {"amount": value}) for key, value in applied
    ]
    return {"customer": {"externalId": "CB-c1"}, "payment": amount, "apply": {"items": items}} | more


def gl(world: World, key: str) -> list[tuple[str, str, str]]:
    rows = [row for row in world.system.books()["ledger"] if row["transaction"] == key]
    return [(row["acctName"], row["debit"], row["credit"]) for row in rows]


def test_a_payment_in_full_closes_the_invoice(world: World) -> None:
    invoice = world.invoice(tax="8.88")
    key = world.call("POST", PAYMENT, payment(108.88, (invoice, 108.88), account="11")).id
    shown = world.get("customerPayment", key)
    assert (shown["applied"], shown["unapplied"], shown["status"]["refName"]) == (108.88, 0, "Deposited")
    paid = world.get("invoice", invoice)
    assert (paid["amountPaid"], paid["amountRemaining"], paid["status"]["id"]) == (108.88, 0, "B")
    assert gl(world, key) == [("Checking", "108.88", "0.00"), ("Accounts Receivable", "0.00", "108.88")]


def test_without_a_bank_account_money_is_undeposited(world: World) -> None:
    key = world.call("POST", PAYMENT, payment(5)).id
    assert gl(world, key)[0] == ("Undeposited Funds", "5.00", "0.00")
    assert world.get("customerPayment", key)["status"]["refName"] == "Not Deposited"


def test_an_apply_line_without_amount_takes_what_is_open(world: World) -> None:
    first, second = world.invoice("A"), world.invoice("B")
    key = world.call("POST", PAYMENT, payment(150, (first, None), (second, None))).id
    assert [line["amount"] for line in world.get("customerPayment", key)["apply"]["items"]] == [100, 50]


def test_auto_apply_pays_the_oldest_first_and_nothing_is_applied_without_it(world: World) -> None:
    late, early = world.invoice("A", dueDate="2026-03-01"), world.invoice("B", dueDate="2026-02-01")
    loose = world.call("POST", PAYMENT, {"customer": {"externalId": "CB-c1"}, "payment": 10}).id
    assert world.get("customerPayment", loose)["unapplied"] == 10
    world.call("POST", PAYMENT, {"customer": {"externalId": "CB-c1"}, "payment": 120, "autoApply": True})
    assert world.get("invoice", early)["amountRemaining"] == 0
    assert world.get("invoice", late)["amountRemaining"] == 80


def test_what_a_payment_is_refused_for(world: World) -> None:
    world.customer("c2")
    mine = world.invoice("A")
    theirs = world.invoice("B", entity={"externalId": "CB-c2"})
    pending = world.invoice("C", approvalStatus="1")
    cases = [
        (payment(100, (mine, 100.01)), "USER_ERROR", "apply.items[0].amount"),
        (payment(99, (mine, 100)), "USER_ERROR", "apply.items[0].amount"),
        (payment(100, (mine, 60), (mine, 50)), "USER_ERROR", "apply.items[1].amount"),
        (payment(100, (mine, -1)), "USER_ERROR", "apply.items[0].amount"),
        (payment(100, (theirs, 100)), "USER_ERROR", "apply.items[0].doc"),
        (payment(100, (pending, 100)), "USER_ERROR", "apply.items[0].doc"),
        (payment(100, ("99999", 100)), "INVALID_CONTENT", "apply.items[0].doc"),
        (payment(None), "USER_ERROR", "payment"),
        (payment(-1), "USER_ERROR", "payment"),
        (payment(100) | {"customer": None}, "USER_ERROR", "customer"),
        (payment(100, account="14"), "INVALID_CONTENT", "account"),
    ]
    before = world.system.store.snapshot()
    for body, code, path in cases:
        answer = world.call("POST", PAYMENT, body)
        assert answer.status == 400, body
        assert (answer.status, answer.code, answer.path) == (400, code, path), body
    assert world.system.store.snapshot() == before


def test_two_equal_part_payments_are_two(world: World) -> None:
    invoice = world.invoice()
    keys = {world.call("POST", PAYMENT, payment(50, (invoice, 50))).id for _ in range(2)}
    assert len(keys) == 2
    assert world.get("invoice", invoice)["status"]["id"] == "B"
    assert world.call("POST", PAYMENT, payment(50, (invoice, 50))).code == "USER_ERROR"


def test_unapplying_reopens_the_invoice_and_moves_its_last_modified_date(world: World) -> None:
    invoice = world.invoice()
    key = world.call("POST", PAYMENT, payment(100, (invoice, 100))).id
    world.time[0] += 60
    assert (
        world.call("PATCH", f"{PAYMENT}/{key}", {"apply": {"items": [{"doc": invoice, "apply": False}]}}).status == 204
    )
    reopened = world.get("invoice", invoice)
    assert (reopened["amountRemaining"], reopened["status"]["id"]) == (100, "A")
    assert reopened["lastModifiedDate"] == "2026-01-05T09:01:00Z"
    assert reopened["createdDate"] == "2026-01-05T09:00:00Z"
    assert world.get("customerPayment", key)["apply"]["items"] == []
    assert world.rows("SELECT * FROM nexttransactionlinelink") == []
    world.call("PATCH", f"{PAYMENT}/{key}", {"apply": {"items": [{"doc": invoice, "amount": 25}]}})
    assert world.get("invoice", invoice)["amountRemaining"] == 75


def test_a_poller_finds_changed_payments_with_their_invoices(world: World) -> None:
    invoice = world.invoice()
    world.time[0] += 3600
    world.token = ""
    key = world.call("POST", PAYMENT, payment(40, (invoice, 40))).id
    rows = world.rows(
        "SELECT t.id, l.previousdoc, l.foreignamount, t.foreigntotal FROM transaction t "
        "JOIN nexttransactionlinelink l ON l.nextdoc = t.id WHERE t.type = ? "
        "AND t.lastmodifieddate >= TO_DATE(?, 'YYYY-MM-DD HH24:MI:SS') ORDER BY t.id",
        "CustPymt", "2026-01-05 10:00:00",
    )  # fmt: skip
    assert rows == [{"id": key, "previousdoc": invoice, "foreignamount": "40", "foreigntotal": "40"}]


def test_an_exchange_difference_is_realised_when_the_invoice_is_paid(world: World) -> None:
    world.call("PATCH", "/record/v1/customer/eid:CB-c1", {"currencyList": {"items": [{"currency": "4"}]}})
    invoice = world.invoice("E", currency="4")
    euro = {"currency": "4", "exchangeRate": 1.2, "account": "11"}
    key = world.call("POST", PAYMENT, payment(100, (invoice, 100), **euro)).id
    assert gl(world, key) == [
        ("Checking", "120.00", "0.00"),
        ("Accounts Receivable", "0.00", "110.00"),
        ("Realized Gain/Loss", "0.00", "10.00"),
    ]


def test_part_payments_in_foreign_currency_clear_the_base_amount_to_the_cent(world: World) -> None:
    world.call("PATCH", "/record/v1/customer/eid:CB-c1", {"currencyList": {"items": [{"currency": "4"}]}})
    invoice = world.invoice("E", amount="100.01", currency="4", exchangeRate=1.3333)
    for amount in (33.33, 33.33, 33.35):
        world.call("POST", PAYMENT, payment(amount, (invoice, amount), currency="4", exchangeRate=1.1))
    control = [row for row in world.system.books()["ledger"] if row["acctType"] == "AcctRec"]
    assert sum(round(float(row["debit"]) * 100) - round(float(row["credit"]) * 100) for row in control) == 0


def test_a_customers_balance_is_open_items_less_what_is_unapplied(world: World) -> None:
    world.invoice("A")
    world.invoice("B", amount="50.50")
    world.call("POST", PAYMENT, payment(20.25))
    shown = world.get("customer", "eid:CB-c1")
    assert (shown["balance"], shown["overdueBalance"]) == (130.25, 0)
    world.system.clock.jump(GENESIS + 2 * 86_400)
    assert world.get("customer", "eid:CB-c1")["overdueBalance"] == 150.5


def test_books_show_payments_with_their_applications(world: World) -> None:
    invoice = world.invoice()
    key = world.call("PUT", f"{PAYMENT}/eid:CBTXN-7", payment(100, (invoice, 100))).id
    assert world.system.books()["allocation"] == [{
        "object": "customerPayment.apply", "transaction": key, "transactionExternalId": "CBTXN-7", "doc": invoice,
        "docExternalId": "CBINV-US-000001", "amount": "100.00", "applyDate": "2026-01-05",
    }]  # fmt: skip

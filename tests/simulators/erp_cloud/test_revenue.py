"""Deferred revenue: schedules behind lines, months recognised by journals, split by credits; accruals."""

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.erp_cloud.rules_revenue import EVEN, EXACT, earned, following, months, term_of
from tests.simulators.erp_cloud.test_async_jobs import work_off
from tests.simulators.erp_cloud.world import SEED, World

INVOICE, MEMO, JOURNAL = "/record/v1/invoice", "/record/v1/creditMemo", "/record/v1/journalEntry"
TEMPLATES = [
    {"id": "1", "name": "Days", "recurrenceType": EXACT},
    {"id": "2", "name": "Year, even", "recurrenceType": EVEN, "months": 12},
]


@pytest.fixture
def world() -> World:
    world = World(seed=SEED | {"revRecTemplates": TEMPLATES})
    world.customer()
    return world


def sale(name: str, amount: float, start: str = "", end: str = "", **more: Any) -> dict[str, Any]:
    term = {"revRecStartDate": start, "revRecEndDate": end} if start else {}
    line = {"item": {"externalId": "SUB-PLATFORM"}, "amount": amount, **term, **more.pop("line", {})}
    return {"entity": {"externalId": "CB-c1"}, "tranId": name, "tranDate": "2026-01-05", "item": {"items": [line]},
            **more}  # fmt: skip


def balance(world: World, account: str) -> Decimal:
    rows = [row for row in world.system.books()["ledger"] if row["account"] == account and row["posting"]]
    return sum((Decimal(row["debit"]) - Decimal(row["credit"]) for row in rows), Decimal(0))


def schedules(world: World) -> list[dict[str, Any]]:
    return [row for row in world.system.books()["line"] if row["object"] == "revRecSchedule"]


def recognised(world: World) -> list[tuple[str, str]]:
    rows = [row for row in world.system.books()["line"] if row["object"] == "revRecSchedule.recurrence"]
    return [(row["period"], row["amount"]) for row in rows]


def test_a_line_is_earned_by_the_day_month_by_month(world: World) -> None:
    key = world.call("POST", INVOICE, sale("A", 365, "2026-01-01", "2026-12-31")).id
    assert (balance(world, "16"), balance(world, "14")) == (-365, 0)
    made = world.act("recognize_revenue", period="2026-01")["journals"]
    world.act("recognize_revenue", period="2026-02")
    assert recognised(world) == [("2026-01", "31.00"), ("2026-02", "28.00")]
    assert (balance(world, "16"), balance(world, "14")) == (-306, -59)
    journal = world.get("journalEntry", made[0])
    assert (journal["tranDate"], journal["postingPeriod"]["refName"]) == ("2026-01-31", "Jan 2026")
    assert world.act("recognize_revenue", period="2026-02")["journals"] == []
    listed = world.call("GET", f"/record/v1/revRecSchedule?q=sourceTran IS {key}").json["items"]
    shown = world.get("revRecSchedule", listed[0]["id"])
    assert (shown["totalAmount"], shown["amortizedAmount"], shown["recurrence"]["totalResults"]) == (365, 59, 2)
    assert world.call("DELETE", f"/record/v1/revRecSchedule/{listed[0]['id']}").status == 405


def test_a_template_says_how_and_how_long_and_a_line_that_nobody_dates_stays_deferred(world: World) -> None:
    world.call("POST", INVOICE, sale("A", 100, line={"revRecSchedule": {"refName": "Year, even"}}))
    world.call("POST", INVOICE, sale("B", 7))
    assert [(one["startDate"], one["endDate"]) for one in schedules(world)] == [
        ("2026-01-05", "2027-01-04"), (None, None),
    ]  # fmt: skip
    world.act("recognize_revenue", period="2026-01")
    world.act("recognize_revenue", period="2026-12")  # what earlier months left undone is caught up
    assert recognised(world) == [("2026-01", "7.69"), ("2026-12", "84.62")]
    assert balance(world, "16") == -(7 + Decimal("7.69"))
    wrong = sale("C", 1, "2026-02-01", "2026-01-31")
    assert world.call("POST", INVOICE, wrong).code == "INVALID_CONTENT"


def test_a_downgrade_splits_the_line_into_what_stays_and_what_is_taken_back(world: World) -> None:
    invoice = world.call("POST", INVOICE, sale("A", 365, "2026-01-01", "2026-12-31")).id
    world.act("recognize_revenue", period="2026-01")
    applied = {"items": [{"doc": invoice, "amount": 73}]}
    inherits = sale("CN1", 73, createdFrom=invoice, apply=applied, tranDate="2026-02-10")
    world.call("POST", MEMO, inherits)  # a fifth of the whole term: a fifth of January is taken back too
    world.call("POST", MEMO, sale("CN2", 33, "2026-02-01", "2026-12-31", tranDate="2026-02-10"))
    assert balance(world, "16") == -(365 - 31 - 73 - 33)
    world.act("recognize_revenue", period="2026-02")
    assert recognised(world)[-2:] == [("2026-02", "-11.80"), ("2026-02", "-2.77")]
    world.act("recognize_revenue", period="2026-12")
    assert (balance(world, "16"), balance(world, "14")) == (0, -(365 - 73 - 33))


def test_what_is_recognised_cannot_be_changed_until_its_journal_is_deleted(world: World) -> None:
    key = world.call("POST", INVOICE, sale("A", 120, "2026-01-01", "2026-12-31")).id
    path, more = f"{INVOICE}/{key}", {"item": {"items": [{"line": 1, "amount": 240}]}}
    assert world.call("PATCH", path, {"item": {"items": [{"line": 1, "revRecEndDate": "2026-06-30"}]}}).status == 204
    assert schedules(world)[0]["endDate"] == "2026-06-30"
    journal = world.act("recognize_revenue", period="2026-01")["journals"][0]
    for refused in (world.call("PATCH", path, more), world.call("DELETE", path)):
        assert refused.code == "USER_ERROR" and "recognized" in refused.detail
    assert world.get("invoice", key)["total"] == 120
    assert world.call("PATCH", path, {"memo": "harmless"}).status == 204
    assert world.call("PATCH", f"{JOURNAL}/{journal}", {"tranDate": "2026-02-01"}).code == "USER_ERROR"
    assert world.call("DELETE", f"{JOURNAL}/{journal}").status == 204
    assert (recognised(world), balance(world, "16")) == ([], -120)
    assert world.call("PATCH", path, more).status == 204 and schedules(world)[0]["totalAmount"] == "240.00"
    assert world.call("DELETE", path).status == 204 and schedules(world) == []


def test_a_pending_invoice_defers_nothing_until_it_is_approved(world: World) -> None:
    key = world.call("POST", INVOICE, sale("A", 120, "2026-01-01", "2026-12-31", approvalStatus="1")).id
    assert schedules(world) == []
    world.call("PATCH", f"{INVOICE}/{key}", {"approvalStatus": "2"})
    assert [one["totalAmount"] for one in schedules(world)] == ["120.00"]


def test_a_shut_month_is_refused_whole_and_caught_up_with_the_next(world: World) -> None:
    world.call("POST", INVOICE, sale("A", 365, "2026-01-01", "2026-12-31"))
    world.act("lock_period", period="2026-01")
    with pytest.raises(ValueError, match="locked"):
        world.act("recognize_revenue", period="2026-01")
    assert recognised(world) == []
    world.act("recognize_revenue", period="2026-02")
    assert recognised(world) == [("2026-02", "59.00")]


def test_the_account_recognises_by_itself_when_a_month_is_over(world: World) -> None:
    world.call("POST", INVOICE, sale("A", 365, "2026-01-01", "2026-12-31"))
    world.act("set_preference", revenueRecognition="monthly")
    due = world.system.jobs.next_due("month_end")
    assert datetime.fromtimestamp(due, UTC) == datetime(2026, 2, 1, 2, tzinfo=UTC)
    work_off(world, due - world.system.clock.now() + 1)
    assert recognised(world) == [("2026-01", "31.00")]
    assert datetime.fromtimestamp(world.system.jobs.next_due("month_end"), UTC).month == 3
    world.act("set_preference", revenueRecognition="manual")
    assert world.system.jobs.next_due("month_end") is None


def test_usage_is_accrued_at_month_end_and_turns_back_on_the_first(world: World) -> None:
    lines = {"items": [{"account": "13", "debit": 80}, {"account": "14", "credit": 80}]}
    body = {"subsidiary": "1", "tranDate": "2026-01-31", "memo": "Unbilled usage", "line": lines}
    assert world.call("POST", JOURNAL, body | {"reversalDate": "2026-01-31"}).path == "reversalDate"
    key = world.call("POST", JOURNAL, body | {"reversalDate": "2026-02-01"}).id
    accrual = world.get("journalEntry", key)
    back = world.get("journalEntry", accrual["reversalEntry"]["id"])
    assert (back["tranDate"], back["isReversal"], back["reversalEntry"]["id"]) == ("2026-02-01", True, key)
    by_month = world.rows(
        "SELECT BUILTIN.DF(t.postingperiod) AS month, l.credit FROM transaction t JOIN transactionaccountingline l "
        "ON l.transaction = t.id JOIN account a ON a.id = l.account WHERE a.acctnumber = '4000' ORDER BY t.id"
    )
    assert by_month == [{"month": "Jan 2026", "credit": "80"}, {"month": "Feb 2026"}]
    assert world.call("PATCH", f"{JOURNAL}/{back['id']}", {"memo": "x"}).code == "USER_ERROR"
    assert world.call("PATCH", f"{JOURNAL}/{key}", {"reversalDate": "2026-02-02"}).status == 204
    assert balance(world, "14") == 0 and len(world.rows("SELECT id FROM transaction")) == 2
    world.act("close_period", period="2026-01", lock=True, earlier=True)
    assert world.call("DELETE", f"{JOURNAL}/{key}").code == "USER_ERROR"
    world.act("open_period", period="2026-01")
    assert world.call("DELETE", f"{JOURNAL}/{key}").status == 204
    assert world.rows("SELECT id FROM transaction") == []


DAYS = st.dates(date(2025, 1, 1), date(2027, 12, 31))


@settings(max_examples=60, deadline=None)
@given(st.decimals("-99999.99", "99999.99", places=2), DAYS, DAYS, st.sampled_from((EVEN, EXACT)), st.integers(0, 3))
def test_what_is_earned_grows_from_nothing_to_all(
    amount: Decimal, one: date, two: date, method: str, digits: int
) -> None:
    start, end = min(one, two), max(one, two)
    amount = round(amount, digits)
    every = months(start, end)
    sums = [earned(amount, start, end, method, month, digits) for month in every]
    assert sums[-1] == amount == earned(amount, start, end, method, following(every[-1]), digits)
    assert sums == sorted(sums, reverse=amount < 0) and all(0 <= abs(value) <= abs(amount) for value in sums)
    assert earned(amount, start, end, method, "2024-12", digits) == 0


def test_a_templates_term_ends_the_day_before_its_anniversary() -> None:
    def term(day: str, length: int) -> Any:
        return term_of({}, {"amortizationPeriod": length}, day)

    assert term("2026-01-05", 12) == ("2026-01-05", "2027-01-04")
    assert term("2026-01-31", 1) == ("2026-01-31", "2026-02-27")
    assert term("2026-02-01", 1) == ("2026-02-01", "2026-02-28")
    assert term_of({"revRecStartDate": "2026-03-01"}, None, "2026-01-05") is None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("invoice", "credit", "recognize", "recognize", "delete")), st.integers(1, 9_999),
        st.integers(0, 11), st.integers(0, 400),
    ),
    max_size=10,
)  # fmt: skip


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_billed_is_recognised_and_deferred_whatever_happens(steps: list[tuple[str, int, int, int]]) -> None:
    world = World(seed=SEED)
    world.customer()
    for number, (verb, cents, month, days) in enumerate(steps):
        start = date(2026, month + 1, 1 + cents % 28)
        end = date.fromordinal(start.toordinal() + days)
        if verb == "recognize":
            world.act("recognize_revenue", period=f"2026-{month + 1:02d}")
        elif verb == "delete":
            rows = world.rows("SELECT id, recordtype FROM transaction ORDER BY id")
            if rows:
                row = rows[cents % len(rows)]
                kind = {"invoice": "invoice", "creditmemo": "creditMemo", "journalentry": "journalEntry"}
                world.call("DELETE", f"/record/v1/{kind[row['recordtype']]}/{row['id']}")
        else:
            path = INVOICE if verb == "invoice" else MEMO
            assert world.call("POST", path, sale(f"D{number}", cents / 100, str(start), str(end))).status == 204
        billed: dict[str, Decimal] = defaultdict(Decimal)
        for one in schedules(world):
            billed["all"] += Decimal(one["totalAmount"])
            billed["done"] += Decimal(one["amortizedAmount"])
        assert balance(world, "16") == billed["done"] - billed["all"]
        assert balance(world, "14") == -billed["done"] == -sum(Decimal(value) for _, value in recognised(world))

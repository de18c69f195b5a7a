"""Posting periods: closed for everybody, locked but for who may override, and three ways with a late document."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.world import World, invoice_body

INVOICE = "/record/v1/invoice"
NOVEMBER, DECEMBER = {"tranDate": "2025-11-20"}, {"tranDate": "2025-12-20"}


@pytest.fixture
def world() -> World:
    world = World()
    world.customer()
    return world


def test_a_closed_period_is_closed_for_everybody(world: World) -> None:
    for role in ("integration", "controller"):
        world.system.access._bearers["t"] = (role, 9e12)
        world.token = "t"
        refused = world.call("POST", INVOICE, invoice_body(**NOVEMBER))
        assert (refused.status, refused.code) == (400, "USER_ERROR")
        assert "period" in refused.detail and "closed" in refused.detail


def test_a_locked_period_yields_to_who_may_override(world: World) -> None:
    world.act("lock_period", period="Dec 2025", what="ar")
    refused = world.call("POST", INVOICE, invoice_body(**DECEMBER))
    assert refused.code == "USER_ERROR" and "locked" in refused.detail
    world.system.access._bearers["t"] = ("controller", 9e12)
    world.token = "t"
    assert world.call("POST", INVOICE, invoice_body(**DECEMBER)).status == 204


def test_no_period_for_the_date(world: World) -> None:
    assert "no accounting period" in world.call("POST", INVOICE, invoice_body(tranDate="2030-01-01")).detail


def test_the_tax_point_may_stay_and_the_period_move(world: World) -> None:
    body = invoice_body(**NOVEMBER) | {"postingPeriod": {"refName": "Jan 2026"}}
    shown = world.get("invoice", world.call("POST", INVOICE, body).id)
    assert (shown["tranDate"], shown["postingPeriod"]["refName"]) == ("2025-11-20", "Jan 2026")
    world.act("set_preference", transactionDateOutsidePeriod="Disallow")
    assert world.call("POST", INVOICE, body | {"tranId": "X"}).path == "tranDate"


def test_the_account_may_move_a_late_document_itself(world: World) -> None:
    def period_of(**preferences: Any) -> str:
        world.act("set_preference", **preferences)
        body = invoice_body(**NOVEMBER)
        return str(world.get("invoice", world.call("POST", INVOICE, body).id)["postingPeriod"]["refName"])

    assert period_of(defaultPostingPeriod="First Open Period") == "Dec 2025"
    assert period_of(defaultPostingPeriod="Current Period") == "Jan 2026"
    world.act("set_preference", transactionDateOutsidePeriod="Disallow")
    assert world.call("POST", INVOICE, invoice_body(**NOVEMBER)).status == 400


def test_a_year_is_no_posting_period(world: World) -> None:
    assert world.call("POST", INVOICE, invoice_body(postingPeriod={"refName": "FY 2026"})).path == "postingPeriod"


def test_what_moves_the_ledger_of_a_shut_period_is_refused_and_a_memo_where_it_is_allowed(world: World) -> None:
    key = world.invoice(**DECEMBER)
    world.act("close_period", period="2025-12", lock=True)
    path = f"{INVOICE}/{key}"
    assert world.call("PATCH", path, {"item": {"items": [{"line": 1, "amount": 1}]}}).code == "USER_ERROR"
    assert world.call("PATCH", path, {"tranDate": "2026-01-02"}).code == "USER_ERROR"
    assert world.call("PATCH", path, {"memo": "late"}).code == "USER_ERROR"
    assert world.call("DELETE", path).code == "USER_ERROR"
    world.act("open_period", period="2025-12")
    world.act("close_period", period="2025-12", lock=True, allowNonGLChanges=True)
    assert world.call("PATCH", path, {"memo": "late", "otherRefNum": "PO", "dueDate": "2026-05-01"}).status == 204
    assert world.call("PATCH", path, {"item": {"items": [{"line": 1, "amount": 1}]}}).code == "USER_ERROR"


def test_an_invoice_of_a_closed_period_can_be_paid_and_credited_later(world: World) -> None:
    key = world.invoice(**DECEMBER)
    world.act("close_period", period="2025-12", lock=True)
    body = {"customer": {"externalId": "CB-c1"}, "payment": 60, "apply": {"items": [{"doc": key, "amount": 60}]}}
    payment = world.call("POST", "/record/v1/customerPayment", body).id
    memo = invoice_body("CN", amount="40") | {"apply": {"items": [{"doc": key, "amount": 40}]}}
    world.call("POST", "/record/v1/creditMemo", memo)
    assert world.get("invoice", key)["status"]["id"] == "B"
    world.act("close_period", period="2026-01", lock=True)
    refused = world.call(
        "PATCH", f"/record/v1/customerPayment/{payment}", {"apply": {"items": [{"doc": key, "apply": False}]}}
    )
    assert refused.code == "USER_ERROR"
    assert world.get("invoice", key)["status"]["id"] == "B"


def test_closing_goes_in_order(world: World) -> None:
    with pytest.raises(ValueError, match="Earlier periods"):
        world.act("close_period", period="Feb 2026", lock=True)
    with pytest.raises(ValueError, match="Lock A/R"):
        world.act("close_period", period="Dec 2025")
    world.act("close_period", period="Dec 2025", lock=True)
    with pytest.raises(ValueError, match="Later periods"):
        world.act("open_period", period="Nov 2025")
    with pytest.raises(ValueError, match="reopened first"):
        world.act("unlock_period", period="Dec 2025")
    world.act("lock_period", period="Jan 2026")
    assert world.act("unlock_period", period="Jan 2026")["arLocked"] is False
    with pytest.raises(ValueError, match="no period"):
        world.act("lock_period", period="Jan 1999")


def test_suiteql_sees_the_calendar(world: World) -> None:
    world.act("lock_period", period="Dec 2025", what="ar")
    rows = world.rows(
        "SELECT periodname, startdate, enddate, closed, arlocked, alllocked FROM accountingperiod "
        "WHERE isyear = 'F' AND isquarter = 'F' AND startdate <= TO_DATE('2025-12-31', 'YYYY-MM-DD') "
        "ORDER BY startdate DESC FETCH FIRST 2 ROWS ONLY"
    )
    assert rows == [
        {"periodname": "Dec 2025", "startdate": "12/1/2025", "enddate": "12/31/2025", "closed": "F", "arlocked": "T",
         "alllocked": "F"},
        {"periodname": "Nov 2025", "startdate": "11/1/2025", "enddate": "11/30/2025", "closed": "T", "arlocked": "T",
         "alllocked": "T"},
    ]  # fmt: skip


def period_id(world: World, name: str) -> str:
    return str(world.call("GET", f'/record/v1/accountingPeriod?q=periodName IS "{name}"').json["items"][0]["id"])


def test_the_controller_closes_a_month_by_the_record_and_the_integration_may_not(world: World) -> None:
    path = f"/record/v1/accountingPeriod/{period_id(world, 'Dec 2025')}"
    refused = world.call("PATCH", path, {"arLocked": True})
    assert (refused.status, refused.code) == (403, "INSUFFICIENT_PERMISSION")
    world.system.access._bearers["t"] = ("controller", 9e12)
    world.token = "t"
    assert "A/R and A/P" in world.call("PATCH", path, {"allLocked": True}).detail
    assert world.call("PATCH", path, {"arLocked": True, "apLocked": True}).status == 204
    assert "before closing" in world.call("PATCH", path, {"closed": True}).detail
    assert (
        world.call("PATCH", path, {"allLocked": True, "periodName": "Winter"}).status == 204
    )  # the name is the seed's
    assert world.call("PATCH", path, {"closed": True}).status == 204
    shown = world.get("accountingPeriod", path.rpartition("/")[2])
    assert (shown["periodName"], shown["closed"], shown["closedOnDate"]) == ("Dec 2025", True, "2026-01-05")
    assert "reopened first" in world.call("PATCH", path, {"arLocked": False, "allLocked": False}).detail
    november = f"/record/v1/accountingPeriod/{period_id(world, 'Nov 2025')}"
    assert "Later periods" in world.call("PATCH", november, {"closed": False}).detail
    assert world.call("PATCH", path, {"closed": False}).status == 204
    reopened = world.get("accountingPeriod", path.rpartition("/")[2])
    assert reopened["allLocked"] is True and "closedOnDate" not in reopened
    year = f"/record/v1/accountingPeriod/{period_id(world, 'FY 2026')}"
    assert "base periods" in world.call("PATCH", year, {"arLocked": True}).detail
    assert world.call("DELETE", path).status == 405


def test_a_lock_of_receivables_lets_journals_through_and_a_lock_of_all_does_not(world: World) -> None:
    journal = {"subsidiary": "1", "tranDate": "2025-12-31",
               "line": {"items": [{"account": "18", "debit": 5}, {"account": "11", "credit": 5}]}}  # fmt: skip
    world.act("lock_period", period="2025-12", what="ar")
    assert world.call("POST", "/record/v1/journalEntry", journal).status == 204
    payment = {"customer": {"externalId": "CB-c1"}, "payment": 5, **DECEMBER}
    assert "locked" in world.call("POST", "/record/v1/customerPayment", payment).detail
    world.act("lock_period", period="2025-12")
    assert "locked" in world.call("POST", "/record/v1/journalEntry", journal).detail
    assert world.act("unlock_period", period="2025-12", what="ar")["apLocked"] is True
    assert world.call("POST", "/record/v1/journalEntry", journal).status == 204


def test_a_month_is_closed_with_all_before_it(world: World) -> None:
    world.act("close_period", period="2026-02", lock=True, earlier=True)
    assert [row["periodname"] for row in world.rows(
        "SELECT periodname FROM accountingperiod WHERE closed = 'T' ORDER BY startdate DESC"
    )][:3] == ["Feb 2026", "Jan 2026", "Dec 2025"]  # fmt: skip

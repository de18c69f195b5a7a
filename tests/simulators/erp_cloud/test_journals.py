"""Journal entries: balanced, whole, and approved before they post."""

from typing import Any

import pytest

from tests.simulators.erp_cloud.world import World

JOURNAL = "/record/v1/journalEntry"


def journal(*lines: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"subsidiary": "1", "tranDate": "2026-01-05", "line": {"items": list(lines)}} | more


def test_a_balanced_journal_posts() -> None:
    world = World()
    key = world.call("POST", JOURNAL, journal({"account": "18", "debit": 12.5}, {"account": "11", "credit": 12.5})).id
    rows = world.rows("SELECT account, debit, credit FROM transactionaccountingline ORDER BY transactionline")
    assert rows == [{"account": "18", "debit": "12.5"}, {"account": "11", "credit": "12.5"}]
    assert world.get("journalEntry", key)["approved"] is True
    assert world.call("DELETE", f"{JOURNAL}/{key}").status == 204


@pytest.mark.parametrize(
    "lines",
    [
        ({"account": "18", "debit": 12.5}, {"account": "11", "credit": 12}),
        ({"account": "18", "debit": 12.5},),
        ({"account": "18", "debit": 1, "credit": 1}, {"account": "11", "credit": 1}),
        ({"account": "18"}, {"account": "11", "credit": 1}),
        ({"debit": 1}, {"account": "11", "credit": 1}),
        ({"account": "10", "debit": 1}, {"account": "11", "credit": 1}),
        (),
    ],
)
def test_a_journal_that_is_not_whole_is_refused(lines: tuple[dict[str, Any], ...]) -> None:
    world = World()
    assert world.call("POST", JOURNAL, journal(*lines)).code == "USER_ERROR"
    assert world.system.books()["ledger"] == []


def test_an_unapproved_journal_waits() -> None:
    world = World()
    lines = ({"account": "18", "debit": 1}, {"account": "11", "credit": 1})
    key = world.call("POST", JOURNAL, journal(*lines, approved=False)).id
    assert world.system.books()["ledger"] == []
    world.call("PATCH", f"{JOURNAL}/{key}", {"approved": True})
    assert len(world.system.books()["ledger"]) == 2


def test_a_foreign_journal_balances_in_base_currency_too() -> None:
    world = World()
    lines = [{"account": "18", "debit": 0.05}, {"account": "18", "debit": 0.05}, {"account": "11", "credit": 0.1}]
    world.call("POST", JOURNAL, journal(*lines, currency="4", exchangeRate=1.1))
    rows = world.system.books()["ledger"]
    assert sum(float(row["debit"]) - float(row["credit"]) for row in rows) == pytest.approx(0, abs=1e-9)

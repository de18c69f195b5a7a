"""A reconciliation for people: the table, and a CSV that a spreadsheet can read without computing anything."""

import csv
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.report.reconciliation import age, show_reconciliation, write_csv
from harness.report.reconciliation_page import broken_links, digest, write_html

BREAK = {
    "code": "amount_differs", "system": "erp_cloud", "kind": "invoice", "document": "US-000001", "entity": "US",
    "currency": "USD", "amount": -1, "cause": "=US-000001 in the cloud ERP: gross is 101, not 100", "owner": "finance",
    "action": "compare them", "since": 1767600000.0, "fields": [],
}  # fmt: skip
ITEM = {"kind": "parked", "document": "006A", "entity": "US", "currency": "JPY", "amount": 1200, "reason": "x1: [tax]",
        "line": "won = billed", "overdue": True}  # fmt: skip
LINE = {"name": "billed = posted", "entity": "US", "currency": "USD", "a_name": "platform", "a": 100,
        "b_name": "ledger", "b": 101, "items": 0, "unexplained": -1}  # fmt: skip
REPORT: dict[str, Any] = {
    "id": "r00000002", "at": 1767600000.0 + 2 * 86400, "by": "admin", "verdict": "breaks", "documents": 3,
    "as_of": {"salesforce": "now", "erp_legacy": "2026-01-06"}, "lines": [LINE], "items": [ITEM], "breaks": [BREAK],
    "previous": "ab" * 32, "hash": "cd" * 32, "healed": [], "held": "", "counts": [], "not_exported": "",
}  # fmt: skip


def shown(report: dict[str, Any], width: int = 200) -> str:
    out = Console(width=width, record=True, quiet=True)
    with out.capture() as captured:
        out.quiet = False
        show_reconciliation(out, report)
    return captured.get()


def test_it_says_where_how_much_since_when_and_what_to_do() -> None:
    text = shown(REPORT)
    for words in ("amount differs in erp_cloud", "-0.01 USD", "2.0 d", "finance: compare them", "parked (overdue)",
                  "x1: [tax]", "1,200", "erp_legacy as of 2026-01-06", "1 break:", "after abababab"):  # fmt: skip
        assert words in text, (words, text)


def test_amounts_of_the_tie_out_are_whole_on_a_narrow_terminal() -> None:
    wide = {**LINE, "a": 123_456_789_012, "b": 123_456_789_013}
    text = shown({**REPORT, "lines": [wide], "breaks": [], "items": []}, width=80)
    assert "1,234,567,890.12" in text and "1,234,567,890.13" in text and "unexplained" in text, text


@pytest.mark.parametrize(
    ("documents", "words"), [(3, "the books agree: 3 records"), (0, "there is nothing to compare yet")]
)
def test_agreement_is_said_only_of_what_was_seen(documents: int, words: str) -> None:
    assert words in shown({**REPORT, "breaks": [], "items": [], "documents": documents})


def test_the_csv_holds_breaks_items_and_lines_as_text(tmp_path: Path) -> None:
    write_csv(tmp_path / "report.csv", REPORT)
    with (tmp_path / "report.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["row"], row["code"], row["document"], row["amount"]) for row in rows] == [
        ("break", "amount_differs", "US-000001", "-0.01"), ("item", "parked", "006A", "1200"),
        ("line", "", "billed = posted", "-0.01"),
    ]  # fmt: skip
    assert rows[0]["cause"].startswith("'=US-000001") and rows[0]["since"] == "2026-01-05T08:00:00Z"
    assert {row["hash"] for row in rows} == {REPORT["hash"]}


def test_age_in_the_unit_that_fits() -> None:
    assert [age(5), age(7200), age(3 * 86400)] == ["new", "2.0 h", "3.0 d"]


def test_the_page_says_the_same_and_escapes_what_systems_say(tmp_path: Path) -> None:
    hostile = {**BREAK, "cause": "<script>alert(1)</script>"}
    write_html(tmp_path / "r.html", {**REPORT, "breaks": [hostile], "held": "30 copies differ"})
    page = (tmp_path / "r.html").read_text()
    for words in (
        "1 break<",
        "amount differs in erp_cloud",
        "-0.01 USD",
        "30 copies differ",
        "cd" * 32,
        "&lt;script&gt;",
    ):
        assert words in page, words
    assert "<script>" not in page


def chained(*bodies: dict[str, Any]) -> list[dict[str, Any]]:
    """Reports, youngest first."""
    found: list[dict[str, Any]] = []
    for number, body in enumerate(bodies):
        content = {**body, "previous": found[0]["hash"] if found else ""}
        found.insert(0, {**content, "id": f"r{number}", "hash": digest(content)})
    return found


def test_the_chain_shows_what_was_altered_left_out_or_put_in() -> None:
    reports = chained({"at": 1.0}, {"at": 2.0}, {"at": 3.0})
    assert broken_links(reports) == []
    assert broken_links([reports[0], reports[2]]) == ["r2 does not follow r0: one was altered, left out or put in"]
    altered = [reports[0], {**reports[1], "at": 2.5}, reports[2]]
    assert broken_links(altered) == ["r1 was altered: its content does not have the hash that it carries"]

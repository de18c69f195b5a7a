"""The books of a report as a DuckDB file, and the second count in it, which the rules must agree with."""

import stat
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synccore.reconciliation.compare import compare
from synccore.reconciliation.exports import KEPT, DuckDbExports
from synccore.reconciliation.reasons import Reasons
from tests.synccore.reconciliation.books import NAMES, NOW, agreeing
from tests.synccore.reconciliation.test_compare import EDITS
from tests.synccore.reconciliation.test_planted_breaks import planted


def asked(path: Path, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_books_that_agree_are_counted_alike_and_can_be_asked(tmp_path: Path) -> None:
    books = agreeing()
    exported = DuckDbExports(str(tmp_path)).write(books, compare(books, NAMES, Reasons(), NOW), NOW)
    assert exported.path is not None
    assert exported.counts
    for count in exported.counts:
        assert (count.source, count.source_amount) == (count.target, count.target_amount), count
        assert not (count.missing or count.extra or count.differing)
    assert {count.name.partition(":")[0] for count in exported.counts} == {"invoice", "open invoice", "receipt"}
    bills = asked(exported.path, "SELECT sum(gross) FROM documents WHERE system = 'subscriptions'")
    assert bills == [(sum(one.gross for one in books.platform.documents),)]
    applied = [amount for one in books.platform.receipts for _, amount in one.applied]
    assert asked(exported.path, "SELECT count(*), sum(amount) FROM applications WHERE system = 'subscriptions'") == [
        (len(applied), sum(applied))
    ]
    assert stat.S_IMODE(exported.path.stat().st_mode) == 0o600


@pytest.mark.parametrize("edit", EDITS, ids=lambda one: one[0])
def test_whatever_the_count_finds_the_rules_have_named(tmp_path: Path, edit: tuple[object, ...]) -> None:
    books = agreeing()
    edit[1](books)  # type: ignore[operator]
    outcome = compare(books, NAMES, Reasons(), NOW)
    before = len(outcome.breaks)
    exported = DuckDbExports(str(tmp_path)).write(books, outcome, NOW)
    assert not exported.problem
    assert outcome.breaks[before:] == []


def test_also_in_the_books_of_many_companies(tmp_path: Path) -> None:
    books, _ = planted(7)
    outcome = compare(books, NAMES, Reasons(), NOW)
    before = len(outcome.breaks)
    exported = DuckDbExports(str(tmp_path)).write(books, outcome, NOW)
    assert outcome.breaks[before:] == []
    assert sum(count.missing + count.extra + count.differing for count in exported.counts) > 10


def test_rules_that_overlook_something_are_convicted_by_the_count(tmp_path: Path) -> None:
    books, _ = planted(7)
    outcome = compare(books, NAMES, Reasons(), NOW)
    hidden = [one for one in outcome.breaks if one.code in ("missing", "amount_differs") and one.system == "erp_cloud"]
    outcome.breaks[:] = [one for one in outcome.breaks if one not in hidden]
    exported = DuckDbExports(str(tmp_path)).write(books, outcome, NOW)
    told = {one.document for one in outcome.breaks if one.code == "unexplained"}
    assert hidden
    assert {one.document for one in hidden if one.kind in ("invoice", "credit", "receipt") and one.amount} <= told
    assert exported.path is not None
    assert asked(exported.path, "SELECT count(*) FROM breaks WHERE code = 'unexplained'") == [(len(told),)]


@settings(max_examples=10, deadline=None)
@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_of_a_system_arrives_as_it_is(
    tmp_path_factory: pytest.TempPathFactory, name: str, number: str
) -> None:
    books = agreeing()
    books.platform.customers[0] = replace(books.platform.customers[0], name=name)
    books.platform.documents[0] = replace(books.platform.documents[0], number=number)
    folder = tmp_path_factory.mktemp("exports")
    exported = DuckDbExports(str(folder)).write(books, compare(books, NAMES, Reasons(), NOW), NOW)
    assert exported.path is not None, exported.problem
    assert (name,) in asked(exported.path, "SELECT name FROM customers WHERE system = 'subscriptions'")
    assert (number,) in asked(exported.path, "SELECT number FROM documents WHERE system = 'subscriptions'")


def test_half_a_surrogate_is_a_question_mark(tmp_path: Path) -> None:
    books = agreeing()
    books.platform.customers[0] = replace(books.platform.customers[0], name="a\ud800b")
    exported = DuckDbExports(str(tmp_path)).write(books, compare(books, NAMES, Reasons(), NOW), NOW)
    assert exported.path is not None
    assert ("a?b",) in asked(exported.path, "SELECT name FROM customers WHERE system = 'subscriptions'")


def test_a_report_is_made_without_its_exports_too(tmp_path: Path) -> None:
    books = agreeing()
    outcome = compare(books, NAMES, Reasons(), NOW)
    (tmp_path / "file").write_text("")
    assert "NotADirectoryError" in DuckDbExports(str(tmp_path / "file" / "x")).write(books, outcome, NOW).problem
    books.platform.documents[0] = replace(books.platform.documents[0], gross=10**30)
    assert "64-bit" in DuckDbExports(str(tmp_path / "own")).write(books, outcome, NOW).problem


def test_the_last_files_are_kept(tmp_path: Path) -> None:
    exports = DuckDbExports(str(tmp_path))
    for number in range(KEPT + 3):
        (tmp_path / "unfinished.duckdb").write_text(str(number))
        exports.keep(tmp_path / "unfinished.duckdb", f"r{number:08d}")
    assert exports.of("r00000002") is None
    kept = exports.of(f"r{KEPT + 2:08d}")
    assert kept is not None
    assert kept.read_text() == str(KEPT + 2)


def test_an_export_that_cannot_be_kept_takes_no_report_with_it(tmp_path: Path) -> None:
    books = agreeing()
    exports = DuckDbExports(str(tmp_path))
    exported = exports.write(books, compare(books, NAMES, Reasons(), NOW), NOW)
    assert exported.path is not None
    exported.path.unlink()  # a full disk, a folder that was cleared
    exports.keep(exported.path, "r00000001")
    assert exports.of("r00000001") is None

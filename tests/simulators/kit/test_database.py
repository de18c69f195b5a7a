"""What waits to be written is there for whoever looks, and goes with the transaction that it is of."""

from pathlib import Path

import pytest

from simulators.kit.database import WAITING_MAX, Database

INSERT = "INSERT INTO t VALUES (?)"


@pytest.fixture
def database() -> Database:
    found = Database(None)
    found.connection.execute("CREATE TABLE t (x UNIQUE)")
    return found


def rows(database: Database) -> list[str]:
    return [row[0] for row in database.connection.execute("SELECT x FROM t ORDER BY rowid")]


def statements(database: Database) -> list[str]:
    heard: list[str] = []
    database.connection.set_trace_callback(heard.append)
    return heard


def test_rows_wait_for_a_look_and_are_written_together_in_their_order(database: Database) -> None:
    heard = statements(database)
    for name in "cab":
        database.begin()
        database.insert("t", INSERT, (name,))
        database.end(good=True)
    assert heard == []
    assert rows(database) == ["c", "a", "b"]
    assert [one for one in heard if one.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]


def test_no_more_rows_wait_than_so_many(database: Database) -> None:
    heard = statements(database)
    for number in range(WAITING_MAX - 1):
        database.insert("t", INSERT, (number,))
    assert heard == []
    database.insert("t", INSERT, (-1,))
    assert heard[-1] == "COMMIT"


def test_a_transaction_in_which_nothing_is_asked_costs_no_statement(database: Database) -> None:
    heard = statements(database)
    database.begin()
    database.begin()
    database.end(good=False)
    database.end(good=True)
    assert heard == []


@pytest.mark.parametrize("looked", [(), ("outside",), ("outer",), ("inner",), ("outside", "outer", "inner", "after")])
@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("outer", [True, False])
def test_each_level_keeps_or_loses_its_own_rows(
    database: Database, looked: tuple[str, ...], inner: bool, outer: bool
) -> None:
    """Wherever somebody looks meanwhile, the same is left as if each row had been written at once."""

    def insert(name: str) -> None:
        database.insert("t", INSERT, (name,))
        if name in looked:
            assert name in rows(database)

    insert("outside")
    database.begin()
    insert("outer")
    database.begin()
    insert("inner")
    database.end(good=inner)
    insert("after")
    database.end(good=outer)
    kept = ["outer", *(["inner"] if inner else []), "after"]
    assert rows(database) == ["outside", *(kept if outer else [])]
    assert not database.connection.in_transaction
    assert database.changes == 4


def test_a_look_at_another_table_leaves_them_waiting(database: Database) -> None:
    database.connection.execute("CREATE TABLE u (x)")
    heard = statements(database)
    database.begin()
    database.insert("t", INSERT, ("a",))
    assert database.reading("u").execute("SELECT x FROM u").fetchall() == []
    assert heard == ["SELECT x FROM u"]
    assert database.reading("t").execute("SELECT x FROM t").fetchall() == [("a",)]
    database.end(good=False)
    assert rows(database) == []


def test_the_number_of_changes_tells_a_write_and_not_that_it_was_written_down(database: Database) -> None:
    before = database.changes
    database.insert("t", INSERT, ("a",))
    waiting = database.changes
    assert waiting == before + 1
    assert rows(database) == ["a"]
    assert database.changes == waiting


def test_a_file_has_each_row_with_its_transaction(tmp_path: Path) -> None:
    file, other = Database(tmp_path / "s.sqlite"), Database(tmp_path / "s.sqlite")
    file.connection.execute("CREATE TABLE t (x UNIQUE)")
    file.begin()
    file.insert("t", INSERT, ("a",))
    assert rows(other) == []
    file.end(good=True)
    assert rows(other) == ["a"]


def test_a_row_that_collides_after_all_is_heard_of_by_who_looks(database: Database) -> None:
    database.insert("t", INSERT, ("a",))
    database.insert("t", INSERT, ("a",))
    for _ in range(2):
        with pytest.raises(Exception, match="UNIQUE"):
            rows(database)


def test_a_row_behind_a_statement_of_its_transaction_does_not_wait(database: Database) -> None:
    """Else the next transaction would have to write it in one of its own."""
    heard = statements(database)
    for name in "ab":
        database.begin()
        database.connection.execute("DELETE FROM t WHERE x = 'z'")
        database.insert("t", INSERT, (name,))
        database.end(good=True)
    assert [one.partition(" ")[0] for one in heard] == ["BEGIN", "DELETE", "INSERT", "COMMIT"] * 2

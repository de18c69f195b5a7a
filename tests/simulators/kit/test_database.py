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
        database.write("t", INSERT, (name,))
        database.end(good=True)
    assert heard == []
    assert rows(database) == ["c", "a", "b"]
    assert [one for one in heard if one.startswith(("BEGIN", "COMMIT"))] == ["BEGIN IMMEDIATE", "COMMIT"]


def test_no_more_rows_wait_than_so_many(database: Database) -> None:
    heard = statements(database)
    for number in range(WAITING_MAX - 1):
        database.write("t", INSERT, (number,))
    assert heard == []
    database.write("t", INSERT, (-1,))
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
        database.write("t", INSERT, (name,))
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
    database.write("t", INSERT, ("a",))
    assert database.reading("u").execute("SELECT x FROM u").fetchall() == []
    assert heard == ["SELECT x FROM u"]
    assert database.reading("t").execute("SELECT x FROM t").fetchall() == [("a",)]
    database.end(good=False)
    assert rows(database) == []


def test_the_number_of_changes_tells_a_write_and_not_that_it_was_written_down(database: Database) -> None:
    before = database.changes
    database.write("t", INSERT, ("a",))
    waiting = database.changes
    assert waiting == before + 1
    assert rows(database) == ["a"]
    assert database.changes == waiting


def test_a_file_has_each_row_with_its_transaction(tmp_path: Path) -> None:
    file, other = Database(tmp_path / "s.sqlite"), Database(tmp_path / "s.sqlite")
    file.connection.execute("CREATE TABLE t (x UNIQUE)")
    file.begin()
    file.write("t", INSERT, ("a",))
    assert rows(other) == []
    file.end(good=True)
    assert rows(other) == ["a"]


def test_a_row_that_collides_after_all_is_heard_of_by_who_looks(database: Database) -> None:
    database.write("t", INSERT, ("a",))
    database.write("t", INSERT, ("a",))
    for _ in range(2):
        with pytest.raises(Exception, match="UNIQUE"):
            rows(database)


def test_a_row_behind_a_statement_of_its_transaction_does_not_wait(database: Database) -> None:
    """Else the next transaction would have to write it in one of its own."""
    heard = statements(database)
    for name in "ab":
        database.begin()
        database.connection.execute("DELETE FROM t WHERE x = 'z'")
        database.write("t", INSERT, (name,))
        database.end(good=True)
    assert [one.partition(" ")[0] for one in heard] == ["BEGIN", "DELETE", "INSERT", "COMMIT"] * 2


def documents(database: Database) -> list[str]:
    """A table of documents, of which a is there, and what SQLite is asked from now on."""
    database.connection.execute("CREATE TABLE d (key TEXT PRIMARY KEY, doc TEXT)")
    database.connection.execute("INSERT INTO d VALUES ('a', 'a0')")
    return statements(database)


def change(database: Database, key: str, text: str) -> None:
    database.write("d", "UPDATE d SET doc = ? WHERE key = ?", (text, key), key, text)


def make(database: Database, key: str, text: str) -> None:
    database.write("d", "INSERT INTO d VALUES (?, ?)", (key, text), key, text)


def test_a_document_that_waits_is_read_without_being_written(database: Database) -> None:
    heard = documents(database)
    change(database, "a", "a1")
    make(database, "b", "b1")
    assert (database.text("d", "a"), database.text("d", "b")) == ("a1", "b1")
    assert heard == []
    assert database.text("d", "c") is None
    assert heard == ["SELECT doc FROM \"d\" WHERE key = 'c'"]
    assert database.connection.execute("SELECT * FROM d ORDER BY key").fetchall() == [("a", "a1"), ("b", "b1")]
    assert (database.text("d", "a"), database.text("d", "b")) == ("a1", "b1")


def test_statements_of_a_table_are_written_in_their_order(database: Database) -> None:
    """Though those that are alike are written together."""
    heard = documents(database)
    change(database, "a", "a1")
    make(database, "b", "b1")
    database.write("t", INSERT, ("between",))
    make(database, "c", "c1")
    change(database, "b", "b2")
    database.write("d", "DELETE FROM d WHERE key = ?", ("a",))
    make(database, "a", "a2")
    assert database.connection.execute("SELECT key, doc FROM d ORDER BY rowid").fetchall() == [
        ("b", "b2"), ("c", "c1"), ("a", "a2"),
    ]  # fmt: skip
    assert len(heard) == 2 + 7 + 1


@pytest.mark.parametrize("looked", [False, True])
def test_what_is_undone_is_not_read(database: Database, looked: bool) -> None:
    documents(database)
    change(database, "a", "a1")
    database.begin()
    change(database, "a", "a2")
    make(database, "b", "b1")
    if looked:
        rows(database)
    database.end(good=False)
    assert (database.text("d", "a"), database.text("d", "b")) == ("a1", None)
    assert database.connection.execute("SELECT * FROM d").fetchall() == [("a", "a1")]


@pytest.mark.parametrize("begun", [False, True])
def test_a_document_that_is_changed_and_is_not_there_is_heard_of(database: Database, begun: bool) -> None:
    documents(database)
    database.begin()
    if begun:
        rows(database)
    with pytest.raises(RuntimeError, match="d: a document that was to be changed is not there"):
        change(database, "nobody", "x")
        rows(database)


def test_a_write_that_touches_no_row_is_counted_all_the_same(database: Database) -> None:
    """Else the next one would be taken for it."""
    database.write("t", "DELETE FROM t WHERE x = ?", ("nobody",))
    waiting = database.changes
    assert rows(database) == []
    assert database.changes == waiting

"""The store: documents, uniqueness, transactions that roll back whole, counters, snapshots, persistence."""

import sqlite3
from pathlib import Path

import pytest

from simulators.kit.kinds import Kind
from simulators.kit.origin import Origin, overwrite
from simulators.kit.store import Change, Duplicate, Store

KINDS = (Kind("thing", index=("color", "city=$.address.city"), unique=("label",)),)


def store(path: Path | None = None) -> Store:
    return Store(KINDS, path)


def test_put_get_find_delete() -> None:
    s = store()
    s.put("thing", {"id": "a", "color": "red", "address": {"city": "Bonn"}})
    s.put("thing", {"id": "b", "color": "red", "n": 1.5})
    s.put("thing", {"id": "a", "color": "blue", "address": {"city": "Bonn"}})
    assert s.get("thing", "a") == {"id": "a", "color": "blue", "address": {"city": "Bonn"}}
    assert [doc["id"] for doc in s.find("thing", color="red")] == ["b"]
    assert s.first("thing", city="Bonn") == s.get("thing", "a")
    assert s.find("thing", color=None) == []
    assert s.delete("thing", "a")
    assert not s.delete("thing", "a")
    assert s.get("thing", "a") is None


def test_a_unique_value_belongs_to_one() -> None:
    s = store()
    s.put("thing", {"id": "a", "label": "x"})
    with pytest.raises(Duplicate, match="label"):
        s.put("thing", {"id": "b", "label": "x"})
    s.put("thing", {"id": "b"})
    s.put("thing", {"id": "c"})  # a missing value is not a value
    assert len(s.find("thing")) == 3


def test_a_failed_transaction_leaves_nothing_and_tells_nobody() -> None:
    s = store()
    heard: list[list[Change]] = []
    s.on_commit(heard.append)
    with pytest.raises(ValueError, match="no"), s.transaction():
        s.put("thing", {"id": "a"})
        assert s.next("n") == 1
        raise ValueError("no")
    assert s.get("thing", "a") is None
    assert s.next("n") == 1
    assert heard == []


def test_a_counter_stands_where_its_last_lasting_number_is() -> None:
    s = store()
    assert [s.next("bill/a"), s.next("bill/a"), s.next("other")] == [1, 2, 1]
    with s.transaction():
        assert s.next("bill/a") == 3
        with pytest.raises(ValueError, match="no"), s.transaction():
            assert (s.next("bill/a"), s.next("new")) == (4, 1)
            raise ValueError("no")
        assert (s.next("bill/a"), s.next("new", start=5)) == (4, 5)
    assert {name: s.last(name) for name in ("bill/a", "new", "other", "none")} == {
        "bill/a": 4, "new": 5, "other": 1, "none": None,
    }  # fmt: skip
    with pytest.raises(ValueError, match="no"), s.transaction():
        s.begin_anew("bill/")
        assert s.next("bill/a") == 1
        raise ValueError("no")
    assert s.next("bill/a") == 5
    s.begin_anew("bill/")
    assert (s.next("bill/a"), s.next("other")) == (1, 2)


def test_a_counter_is_in_the_file_with_the_commit_and_in_every_snapshot(tmp_path: Path) -> None:
    s = store(tmp_path / "s.sqlite")
    s.next("alone")
    with s.transaction():
        s.next("bill", start=7)
        with s.transaction():
            s.next("bill")
    other = sqlite3.connect(tmp_path / "s.sqlite")  # the process that holds the store may be killed any time
    assert dict(other.execute("SELECT name, value FROM counter")) == {"alone": 1, "bill": 8}
    with pytest.raises(ValueError, match="no"), s.transaction():
        s.next("bill")
        s.begin_anew("al")
        raise ValueError("no")
    assert dict(other.execute("SELECT name, value FROM counter")) == {"alone": 1, "bill": 8}
    other.close()
    memory = store()
    before = memory.state
    memory.next("bill", start=3)
    assert memory.state != before
    image = memory.snapshot()
    memory.next("bill")
    memory.restore(image)
    assert memory.next("bill") == 4
    memory.begin_anew("bill")
    memory.restore(memory.snapshot())
    assert (memory.last("bill"), memory.next("bill", start=9)) == (None, 9)


def test_a_column_of_its_own_follows_the_document() -> None:
    s = store()
    s.db.execute('CREATE TABLE "wide" (key TEXT PRIMARY KEY, doc TEXT NOT NULL, "Owner", "Live")')
    s.declare(Kind("wide", key="Id", columns=("Owner", "Live")))
    s.add("wide", {"Id": "a", "Owner": "o1", "Live": True})
    first = {"Id": "b", "Live": 1.5}
    s.put("wide", first)
    s.put("wide", {"Id": "b", "Owner": "o2"}, before=first)
    s.put("wide", {"Id": "a", "Owner": "o1", "Live": False})
    assert list(s.rows('SELECT key, "Owner", "Live" FROM wide ORDER BY key')) == [("a", "o1", 0), ("b", "o2", None)]


def test_an_indexed_field_is_what_the_document_says_of_it() -> None:
    s = store()
    for key, color in {"a": True, "b": [1, "é"], "c": {"x": None}, "d": 2**63, "e": 1.5, "f": None}.items():
        s.add("thing", {"id": key, "color": color})
        s.put("thing", {"id": key + "2"})
        s.put("thing", {"id": key + "2", "color": color})
    rows = list(s.rows("SELECT color, json_extract(doc, '$.color'), typeof(color) FROM thing ORDER BY key"))
    assert [row[2] for row in rows[::2]] == ["integer", "text", "text", "real", "real", "null"]
    assert [row[0] for row in rows] == [row[1] for row in rows]


def test_a_store_of_an_older_release_computes_its_columns_itself(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "s.sqlite")
    old.execute(
        "CREATE TABLE thing (key TEXT PRIMARY KEY, doc TEXT NOT NULL, color AS (json_extract(doc, '$.color')) VIRTUAL, "
        "city AS (json_extract(doc, '$.address.city')) VIRTUAL, label AS (json_extract(doc, '$.label')) VIRTUAL)"
    )
    old.execute('INSERT INTO thing (key, doc) VALUES (\'a\', \'{"id":"a","color":"red"}\')')
    old.commit()
    old.close()
    s = store(tmp_path / "s.sqlite")
    s.add("thing", {"id": "b", "color": "red", "label": "x"})
    s.put("thing", {"id": "b", "color": "blue", "label": "y"})
    fresh = store()
    fresh.restore(s.snapshot())
    for each in (s, fresh):
        each.put("thing", {"id": "c", "color": "red"})
        assert [doc["id"] for doc in each.find("thing", color="red")] == ["a", "c"]
        assert [doc["id"] for doc in each.find("thing", label="y")] == ["b"]
        with pytest.raises(Duplicate, match="label"):
            each.put("thing", {"id": "d", "label": "y"})
    fresh.restore(store().snapshot())
    fresh.put("thing", {"id": "e", "color": "red"})
    assert [doc["id"] for doc in fresh.find("thing", color="red")] == ["e"]
    s.close()


def test_an_inner_failure_undoes_only_the_inner_part() -> None:
    s = store()
    heard: list[list[Change]] = []
    s.on_commit(heard.append)
    with s.transaction():
        s.put("thing", {"id": "a"})
        with pytest.raises(ValueError, match="no"), s.transaction():
            s.put("thing", {"id": "b"})
            raise ValueError("no")
        s.put("thing", {"id": "c"})
        assert heard == []
    assert [[change.key for change in changes] for changes in heard] == [["a", "c"]]


def test_snapshot_and_restore_are_whole() -> None:
    s = store()
    s.put("thing", {"id": "a"})
    assert s.next("n") == 1
    image = s.snapshot()
    s.put("thing", {"id": "b"})
    s.next("n")
    s.restore(image)
    assert [doc["id"] for doc in s.find("thing")] == ["a"]
    assert s.next("n") == 2
    with pytest.raises(RuntimeError), s.transaction():
        s.snapshot()


def test_a_file_outlives_its_process_and_takes_snapshots(tmp_path: Path) -> None:
    s = store(tmp_path / "toy.sqlite")
    s.put("thing", {"id": "a"})
    image = s.snapshot()
    s.put("thing", {"id": "b"})
    s.close()
    again = store(tmp_path / "toy.sqlite")
    assert [doc["id"] for doc in again.find("thing")] == ["a", "b"]
    again.restore(image)
    assert [doc["id"] for doc in again.find("thing")] == ["a"]
    memory = store()
    memory.restore(again.snapshot())  # a file's image opens in memory too
    assert [doc["id"] for doc in memory.find("thing")] == ["a"]
    again.close()


def test_a_half_read_query_keeps_a_restore_from_pulling_the_pages_away() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)  # as a store has it: no transaction behind our back
    database.executescript("CREATE TABLE thing (x); INSERT INTO thing VALUES (1), (2), (3)")
    image = database.serialize()
    half_read = database.execute("SELECT x FROM thing")
    assert half_read.fetchone() == (1,)
    with pytest.raises(RuntimeError, match="in use"):
        overwrite(database, image)
    assert half_read.fetchall() == [(2,), (3,)]
    database.execute("DELETE FROM thing")
    overwrite(database, image)
    assert database.execute("SELECT count(*) FROM thing, json_each('[1]')").fetchone() == (3,)
    overwrite(database, image)
    assert database.execute("SELECT count(*) FROM thing, json_each('[1, 2]')").fetchone() == (6,)


@pytest.mark.parametrize(
    "columns",
    [
        "key TEXT PRIMARY KEY, doc TEXT",
        "key INTEGER PRIMARY KEY, doc TEXT",
        "key INTEGER, doc TEXT",
        "key INTEGER, doc TEXT, PRIMARY KEY (key, doc)",
        "key INTEGER PRIMARY KEY, doc TEXT UNIQUE) WITHOUT ROWID; CREATE TABLE other (x",
        "key INTEGER, part INTEGER DEFAULT 1, doc TEXT, PRIMARY KEY (key, part)) WITHOUT ROWID; CREATE TABLE other (x",
    ],
)
def test_rows_come_back_whatever_their_identity_is(columns: str) -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript(f"CREATE TABLE thing ({columns}); INSERT INTO thing (key, doc) VALUES (1, 'a'), (2, 'b')")
    before = database.execute("SELECT * FROM thing ORDER BY key").fetchall()
    origin = Origin(database, database.serialize())
    for _ in range(2):
        database.execute("DELETE FROM thing WHERE key = 1")
        database.execute("UPDATE thing SET doc = 'a' WHERE key = 2")
        database.execute("INSERT INTO thing (key, doc) VALUES (3, 'c')")
        origin.restore()
        assert database.execute("SELECT * FROM thing ORDER BY key").fetchall() == before


def test_a_restore_that_fails_leaves_no_transaction_open() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript("CREATE TABLE thing (key TEXT PRIMARY KEY); INSERT INTO thing VALUES ('a')")
    origin = Origin(database, database.serialize())
    database.executescript("CREATE TRIGGER no BEFORE DELETE ON thing BEGIN SELECT raise(ABORT, 'no'); END;")
    database.execute("INSERT INTO thing VALUES ('b')")
    with pytest.raises(sqlite3.IntegrityError, match="no"):
        origin.restore()
    assert not database.in_transaction


def test_a_statement_known_from_before_the_origin_is_seen_to_write_after_it() -> None:
    database = sqlite3.connect(":memory:", isolation_level=None)
    database.executescript("CREATE TABLE used (n INTEGER); CREATE TABLE spared (n INTEGER)")
    for table in ("used", "spared"):
        database.execute(f"INSERT INTO {table} VALUES (1)")
    origin = Origin(database, database.serialize())
    database.execute("INSERT INTO used VALUES (1)")  # prepared before, and taken from the connection's memory
    said: list[str] = []
    database.set_trace_callback(said.append)
    origin.restore()
    assert database.execute("SELECT count(*) FROM used").fetchone() == (1,)
    assert not any("spared" in statement for statement in said)


def test_what_was_remembered_comes_back_after_a_snapshot_took_its_place() -> None:
    store = Store([Kind("thing")])
    store.add("thing", {"id": "a"})
    image = store.snapshot()
    store.delete("thing", "a")
    store.remember()
    store.restore(image)
    assert store.get("thing", "a")
    store.recall()
    assert store.get("thing", "a") is None


def test_what_is_held_is_what_stands_there_after_each_way_back() -> None:
    s = Store((*KINDS, Kind("rate")))
    s.put("thing", {"id": "a"})
    s.put("rate", {"id": "eur"})
    s.remember()
    rates = s.held("rate")
    s.put("thing", {"id": "b"})
    assert len(s.held("thing")) == 2
    other = s.snapshot()
    s.recall()
    assert [doc["id"] for doc in s.held("thing")] == ["a"]
    assert s.held("rate") is rates, "nobody has changed a rate: it need not be read again"
    s.restore(other)
    assert [doc["id"] for doc in s.held("thing")] == ["a", "b"] and s.held("rate") == rates
    s.recall()
    assert [doc["id"] for doc in s.held("thing")] == ["a"]
    with pytest.raises(RuntimeError), s.transaction():
        s.put("rate", {"id": "usd"})
        assert len(s.held("rate")) == 2
        raise RuntimeError
    assert s.held("rate") == rates


WIDE = Kind("wide", index=("owner",))
NEW = (
    {"id": "c", "owner": "text"}, {"id": "a", "owner": True}, {"id": "b"}, {"id": "e", "owner": 2**63},
    {"id": "d", "owner": ["a", "list"]}, {"id": "f", "owner": 1.5}, {"id": "g", "owner": 7},
)  # fmt: skip


def test_what_was_just_made_stands_there_as_if_put() -> None:
    """Also values that SQLite has not, and the order in which they came."""
    put, new = Store([WIDE]), Store([WIDE])
    for doc in NEW:
        put.put("wide", doc)
        new.add_new("wide", doc)
    rows = "SELECT rowid, key, doc, owner FROM wide ORDER BY rowid"
    assert list(new.rows(rows)) == list(put.rows(rows))
    assert new.state == put.state


def test_what_was_just_made_is_part_of_all_that_asks_for_the_whole() -> None:
    s = Store([WIDE, Kind("other")])
    s.add_new("wide", NEW[0])
    s.remember()
    s.add_new("wide", NEW[1])
    assert s.written() == ["wide"]
    image = s.snapshot()
    s.add_new("wide", NEW[2])
    s.recall()
    assert [doc["id"] for doc in s.find("wide")] == ["c"]
    s.add_new("wide", NEW[2])
    s.restore(image)
    assert [doc["id"] for doc in s.find("wide")] == ["c", "a"]
    s.add_new("other", {"id": "x"})
    assert s.get("other", "x") and s.first("wide", owner="text")


def test_a_document_that_was_read_is_replaced_when_somebody_looks() -> None:
    """Only what changes of it is written."""
    s = Store([WIDE])
    s.put("wide", {"id": "a", "owner": "o1"})
    stood = s.apart("wide", {"id": "a", "owner": "o1"})
    heard: list[str] = []
    s.db.set_trace_callback(heard.append)
    stood = s.replace("wide", {"id": "a", "owner": "o1", "n": 1}, stood)
    s.replace("wide", {"id": "a", "owner": "o2"}, stood)
    assert s.get("wide", "a") == {"id": "a", "owner": "o2"}
    assert heard == []
    assert s.find("wide", owner="o2") and not s.find("wide", owner="o1")
    assert [one.partition("doc = ")[2] for one in heard if one.startswith("UPDATE")] == [
        """'{"id":"a","owner":"o1","n":1}' WHERE key = 'a'""",
        """'{"id":"a","owner":"o2"}', "owner" = 'o2' WHERE key = 'a'""",
    ]


def test_a_unique_value_that_is_taken_is_refused_at_once() -> None:
    s = store()
    for key in "ab":
        s.add_new("thing", {"id": key, "label": key})
    with pytest.raises(Duplicate, match="label"):
        s.add_new("thing", {"id": "c", "label": "a"})
    stood = s.apart("thing", {"id": "b", "label": "b"})
    with pytest.raises(Duplicate, match="label"):
        s.replace("thing", {"id": "b", "label": "a"}, stood)
    assert s.get("thing", "b") == {"id": "b", "label": "b"}
    assert s.replace("thing", {"id": "b", "label": "b", "color": "red"}, stood) != stood
    assert s.find("thing", color="red")

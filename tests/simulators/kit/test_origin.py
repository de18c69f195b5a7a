"""What a store is set back to: rows, row ids, counters and jobs, also when the schema has moved on meanwhile."""

import sqlite3

from simulators.kit.clock import Clock
from simulators.kit.jobs import Jobs
from simulators.kit.kinds import Kind
from simulators.kit.store import Store

KINDS = (Kind("thing", index=("color",), unique=("label",)), Kind("other"))


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    tables = [row[0] for row in store.rows("SELECT name FROM main.sqlite_master WHERE type = 'table' ORDER BY name")]
    return {table: list(store.rows(f'SELECT rowid, * FROM main."{table}"')) for table in tables}


def remembered() -> Store:
    store = Store(KINDS)
    store.put("thing", {"id": "gone", "label": "g"})
    store.put("thing", {"id": "a", "color": "red", "label": "x"})
    store.put("thing", {"id": "b", "color": "red", "label": "y"})
    store.delete("thing", "gone")  # so that row ids have a gap
    store.next("number")
    Jobs(store, Clock(lambda: 0.0)).schedule(5.0, "wake", {})
    store.remember()
    return store


def disturb(store: Store) -> None:
    store.put("thing", {"id": "a", "color": "blue", "label": "y2"})
    store.delete("thing", "b")
    store.put("thing", {"id": "c", "label": "y"})  # takes what is unique to one that will come back
    store.put("other", {"id": "new"})
    store.next("number")
    store.next("fresh")
    store.db.execute("DELETE FROM job")
    Jobs(store, Clock(lambda: 0.0)).schedule(1.0, "other", {})


def test_all_rows_come_back_with_their_row_ids_as_often_as_wanted() -> None:
    store = remembered()
    before = contents(store)
    for _ in range(3):
        disturb(store)
        store.recall()
        assert contents(store) == before
    assert store.next("number") == 2
    assert [doc["id"] for doc in store.find("thing", color="red")] == ["a", "b"]


def test_a_further_index_may_stay_but_another_table_or_column_goes() -> None:
    store = remembered()
    before = contents(store)
    store.db.execute("CREATE INDEX further ON thing (json_extract(doc, '$.size'))")
    disturb(store)
    store.recall()
    assert contents(store) == before
    store.db.execute("CREATE TABLE late (x)")
    store.db.execute("ALTER TABLE other ADD COLUMN y")
    disturb(store)
    store.recall()
    assert contents(store) == before


def test_a_half_read_query_does_not_keep_the_rows_from_coming_back() -> None:
    store = remembered()
    before = contents(store)
    half_read = store.rows("SELECT key FROM thing")
    assert next(half_read) == ("a",)
    disturb(store)
    store.recall()
    assert contents(store) == before
    del half_read


def test_when_the_next_job_falls_due_is_known_after_every_change_and_roll_back() -> None:
    store = Store(KINDS)
    jobs = Jobs(store, Clock(lambda: 0.0))
    assert jobs.next_due() is None
    jobs.schedule(9.0, "late", {}, key="k")
    jobs.schedule(7.0, "deliver", {})
    assert (jobs.next_due(), jobs.next_due("late"), jobs.next_due("never")) == (7.0, 9.0, None)
    try:
        with store.transaction():
            jobs.schedule(2.0, "late", {}, key="k")
            assert jobs.next_due() == 2.0
            raise sqlite3.Error
    except sqlite3.Error:
        pass
    assert (jobs.next_due(), jobs.next_due("late")) == (7.0, 9.0)
    store.db.execute("DELETE FROM job WHERE due = 7.0")
    assert jobs.next_due() == 9.0
    assert jobs.cancel("k")
    assert jobs.next_due() is None

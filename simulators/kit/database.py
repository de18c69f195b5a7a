"""SQLite beneath a store: transactions begin when a statement needs them, what nobody has looked at yet waits."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Values = tuple[Any, ...]
Write = tuple[str, str, Values, str | None, str]
"""A statement that waits: its table, itself, its values, and key and text of the document that it writes, if any."""
WAITING_MAX = 256  # rows; more of them at once are not written any faster


class Database:
    """One connection, single-threaded.

    A record is a row of its own, one of its history and one of its change event, and often nobody looks at any of them
    before the next ones come, or at one document by its key. Written together, when somebody looks at more, they cost
    half. A file has each at once.
    """

    def __init__(self, path: Path | None) -> None:
        self._lasting = path is not None
        self._sqlite = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        if path is not None:
            self._sqlite.execute("PRAGMA journal_mode=WAL")
            self._sqlite.execute("PRAGMA synchronous=NORMAL")
        self._waiting: list[Write] = []
        self._tables: set[str] = set()  # for which something may be waiting
        self._texts: dict[tuple[str, str], str] = {}  # the documents that wait, by table and key
        self._levels: list[int] = []  # for each open transaction, how much was waiting before it
        self._begun = 0  # how many of these SQLite knows of
        self._uncounted = 0  # changes that SQLite has not counted

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection, once it holds all that was written so far; to be asked for anew at each look."""
        if self._waiting or self._begun < len(self._levels):
            self.settle()
        return self._sqlite

    def reading(self, table: str) -> sqlite3.Connection:
        """The connection for a query of this table alone."""
        if table in self._tables:
            self.settle()
        return self._sqlite

    @property
    def changes(self) -> int:
        """Grows with each write, also of one that is rolled back; the same before and after what waits is written."""
        return self._sqlite.total_changes + self._uncounted

    def text(self, table: str, key: str) -> str | None:
        """The document of this key as it was written last; what waits goes on waiting."""
        text = self._texts.get((table, key))
        if text is None:
            row = self._sqlite.execute(f'SELECT doc FROM "{table}" WHERE key = ?', (key,)).fetchone()
            text = None if row is None else row[0]
        return text

    def write(self, table: str, sql: str, values: Values, key: str | None = None, text: str = "") -> None:
        """Run a statement that nothing can refuse, on one row, with values that SQLite knows; perhaps later.

        Such a row collides with no other; where a document (`key`, `text`) is changed, it is there. Once its
        transaction has begun nothing would be saved by waiting.
        """
        if self._begun or self._lasting:
            self._checked(table, self.connection.execute(sql, values), 1 if key is not None else 0)
            return
        self._waiting.append((table, sql, values, key, text))
        self._tables.add(table)
        if key is not None:
            self._texts[table, key] = text
        self._uncounted += 1
        if len(self._waiting) >= WAITING_MAX:
            self.settle()

    def settle(self) -> None:
        """Write what waits, each statement in the transaction that it is of."""
        written = 0
        for depth in range(self._begun, len(self._levels)):
            if self._levels[depth] > written:
                self._write(self._waiting[written : self._levels[depth]])
                written = self._levels[depth]
            self._sqlite.execute(f"SAVEPOINT level{depth}" if depth else "BEGIN IMMEDIATE")
            self._begun += 1
        if self._waiting:
            self._write(self._waiting[written:])
            self._waiting.clear()
            self._tables.clear()
            self._texts.clear()
            self._levels = [0] * len(self._levels)

    def begin(self) -> None:
        """Open a transaction, within another one as a savepoint."""
        self._levels.append(len(self._waiting))

    def end(self, good: bool) -> None:
        """Close the innermost transaction: keep what was done in it, or undo it."""
        before, depth = self._levels.pop(), len(self._levels)
        if not good and len(self._waiting) > before:
            del self._waiting[before:]
            self._texts = {(table, key): text for table, _, _, key, text in self._waiting if key is not None}
        if self._begun > depth:
            self._begun = depth
            keep, undo = (f"RELEASE level{depth}", f"ROLLBACK TO level{depth}") if depth else ("COMMIT", "ROLLBACK")
            self._sqlite.execute(keep if good else undo)

    def _write(self, waiting: Sequence[Write]) -> None:
        """What waits of one level; each table's in its order."""
        batches: list[tuple[Write, list[Values]]] = []
        latest: dict[str, tuple[Write, list[Values]]] = {}
        for one in waiting:
            table, sql, values, *_ = one
            batch = latest.get(table)
            if batch is None or batch[0][1] != sql:
                batch = latest[table] = (one, [])
                batches.append(batch)
            batch[1].append(values)
        before = self._sqlite.total_changes
        if not self._begun:
            self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            for (table, sql, _, key, _), many in batches:
                done = self._sqlite.executemany(sql, many)
                self._checked(table, done, len(many) if key is not None else 0)
        except BaseException:  # a caller's promise was broken: let it not look like a transaction's fault
            if not self._begun:
                self._sqlite.execute("ROLLBACK")
            raise
        if not self._begun:
            self._sqlite.execute("COMMIT")
        self._uncounted -= self._sqlite.total_changes - before

    @staticmethod
    def _checked(table: str, done: sqlite3.Cursor, documents: int) -> None:
        if done.rowcount < documents:
            raise RuntimeError(f"{table}: a document that was to be changed is not there")


class Transaction:
    """What `with store.transaction():` enters and leaves; stateless, so one serves all levels."""

    def __init__(self, begin: Callable[[], None], end: Callable[[bool], None]) -> None:
        self._begin, self._end = begin, end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(kind is None)

"""SQLite beneath a store: transactions begin when a statement needs them, rows that nobody has looked at yet wait."""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Values = tuple[Any, ...]
WAITING_MAX = 256  # rows; more of them at once are not written any faster


class Database:
    """One connection, single-threaded.

    A record is a row of its own, one of its history and one of its change event, and often nobody looks at any of them
    before the next ones come. Written together, when somebody looks, they cost half. A file has each at once.
    """

    def __init__(self, path: Path | None) -> None:
        self._lasting = path is not None
        self._sqlite = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        if path is not None:
            self._sqlite.execute("PRAGMA journal_mode=WAL")
            self._sqlite.execute("PRAGMA synchronous=NORMAL")
        self._waiting: list[tuple[str, Values]] = []
        self._tables: set[str] = set()  # whose rows may be waiting
        self._levels: list[int] = []  # for each open transaction, how many rows were waiting before it
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
        """How many rows were written, also such as were rolled back."""
        return self._sqlite.total_changes + self._uncounted

    def insert(self, table: str, sql: str, values: Values) -> None:
        """Insert a row that can collide with no other, of values that SQLite knows; it may be written later.

        Once its transaction has begun nothing would be saved by that.
        """
        if self._begun or self._lasting:
            self.connection.execute(sql, values)
            return
        self._waiting.append((sql, values))
        self._tables.add(table)
        self._uncounted += 1
        if len(self._waiting) >= WAITING_MAX:
            self.settle()

    def settle(self) -> None:
        """Write what waits, each row in the transaction that it is of."""
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
            self._levels = [0] * len(self._levels)

    def begin(self) -> None:
        """Open a transaction, within another one as a savepoint."""
        self._levels.append(len(self._waiting))

    def end(self, good: bool) -> None:
        """Close the innermost transaction: keep what was done in it, or undo it."""
        before, depth = self._levels.pop(), len(self._levels)
        if not good:
            del self._waiting[before:]
        if self._begun > depth:
            self._begun = depth
            keep, undo = (f"RELEASE level{depth}", f"ROLLBACK TO level{depth}") if depth else ("COMMIT", "ROLLBACK")
            self._sqlite.execute(keep if good else undo)

    def _write(self, rows: Sequence[tuple[str, Values]]) -> None:
        """Rows of one level; each table's in their order."""
        by_statement: dict[str, list[Values]] = {}
        for sql, values in rows:
            by_statement.setdefault(sql, []).append(values)
        if not self._begun:
            self._sqlite.execute("BEGIN IMMEDIATE")
        try:
            for sql, many in by_statement.items():
                self._sqlite.executemany(sql, many)
        except BaseException:  # a caller's promise was broken: let it not look like a transaction's fault
            if not self._begun:
                self._sqlite.execute("ROLLBACK")
            raise
        if not self._begun:
            self._sqlite.execute("COMMIT")
        self._uncounted -= len(rows)


class Transaction:
    """What `with store.transaction():` enters and leaves; stateless, so one serves all levels."""

    def __init__(self, begin: Callable[[], None], end: Callable[[bool], None]) -> None:
        self._begin, self._end = begin, end

    def __enter__(self) -> None:
        self._begin()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._end(kind is None)

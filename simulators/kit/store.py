"""A system's data: JSON documents in SQLite with indexed fields, transactions, a change feed and snapshots."""

import sqlite3
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson

from simulators.kit.database import Database, Transaction
from simulators.kit.kinds import BASE_SCHEMA, Kind, ddl, filled, fitted, generated
from simulators.kit.origin import Origin, overwrite
from simulators.kit.tables import Apart, Table

Doc = dict[str, Any]
Params = Sequence[Any] | Mapping[str, Any]
Action = Literal["insert", "update", "delete"]
_COUNTER = "SELECT value FROM counter WHERE name = ?"


class Change(NamedTuple):
    """One committed change; `after` is None for a delete. `before` and `by` are there if the writer said them.

    `text` is `after` as JSON, as it was written down.
    """

    kind: str
    key: str
    action: Action
    after: Doc | None
    before: Doc | None = None
    by: Any = None
    text: str = ""


class Duplicate(ValueError):
    """A unique field's value exists already in another document."""

    def __init__(self, kind: str, field: str) -> None:
        super().__init__(f"{kind}.{field} must be unique")
        self.kind, self.field = kind, field


class Store:
    """Documents by kind and key. Inline and single-threaded: never await inside `transaction()`."""

    def __init__(self, kinds: Sequence[Kind], path: Path | None = None, schema: str = "") -> None:
        self._path = path
        self._kinds = {kind.name: kind for kind in kinds}
        self._schema = schema
        self._pending: list[Change] = []
        self._kept: list[tuple[int, int]] = []  # for each open transaction, how many changes and moves were before it
        self._counted = 0
        self._transaction = Transaction(self._begin, self._end)
        self._held: dict[str, list[Doc]] = {}
        self._numbers: dict[str, int | None] = {}  # where the counters stand, as far as they were asked for
        self._ahead: set[str] = set()  # counters that stand further than the database says
        self._moves: list[tuple[str, int | None, bool]] = []  # what was before each move that may yet be undone
        self._moved: set[str] = set()  # kinds whose documents may be others than the remembered ones
        self._origin: Origin | None = None
        self.listeners: list[Callable[[list[Change]], None]] = []
        self.closers: list[Callable[[list[Change]], None]] = []
        self.version = 0  # grows with every committed change: a cheap "did anything happen"
        self._connect()

    @property
    def db(self) -> sqlite3.Connection:
        """The database with all that was written so far; to be asked for anew at each look."""
        return self.database.connection

    def declare(self, kind: Kind) -> None:
        """Take in a kind whose table the vendor makes and alters itself, because its schema is data."""
        self._kinds[kind.name] = kind
        self._tables[kind.name] = Table(kind, filled(kind, self._generated))

    # -- life cycle -------------------------------------------------------------------------

    def _connect(self) -> None:
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        self.database = Database(self._path)
        self.db.executescript(BASE_SCHEMA + "".join(ddl(kind) for kind in self._kinds.values()) + self._schema)
        self._look_at_columns()

    def _look_at_columns(self) -> None:
        self._generated = generated(self.db)
        self._tables = {name: Table(kind, filled(kind, self._generated)) for name, kind in self._kinds.items()}

    def snapshot(self) -> bytes:
        """The whole store as one SQLite image."""
        self._require_idle()
        self.write_counters()
        memory = sqlite3.connect(":memory:")
        self.db.backup(memory)
        image = bytearray(memory.serialize())
        memory.close()
        image[18:20] = b"\x01\x01"  # a WAL file's header says 2,2, which an in-memory image cannot be
        return bytes(image)

    def restore(self, image: bytes) -> None:
        """Replace all data by a snapshot's."""
        self._require_idle()
        overwrite(self.db, image)
        if self._origin is not None:
            self._origin.suspect()
        self._look_at_columns()
        self._held.clear()
        self._forget_counters()
        self._moved.update(self._kinds)
        self.version += 1

    def remember(self) -> None:
        """Take the present data as what `recall` returns to."""
        self._origin = Origin(self.db, self.snapshot())
        self._moved.clear()

    def recall(self) -> None:
        """Replace all data by what was remembered."""
        self._require_idle()
        assert self._origin is not None, "nothing was remembered"
        self.database.settle()
        self._origin.restore()
        for kind in self._moved:
            self._held.pop(kind, None)
        self._moved.clear()
        self._forget_counters()
        self.version += 1

    @contextmanager
    def judged_by(self, authorizer: Callable[..., int]) -> Generator[None]:
        """Have SQLite ask for every statement that is prepared meanwhile; it has one such judge at a time."""
        self.db.set_authorizer(authorizer)
        try:
            yield
        finally:
            self.db.set_authorizer(self._origin.prepared if self._origin is not None else None)

    def close(self) -> None:
        """Close the file; the store is of no use after."""
        self.write_counters()
        self.db.close()

    def _require_idle(self) -> None:
        if self._kept:
            raise RuntimeError("a snapshot inside a transaction would hold half of it")

    # -- documents --------------------------------------------------------------------------

    def get(self, kind: str, key: str) -> Doc | None:
        """The document, or None."""
        text = self.database.text(kind, key)
        return None if text is None else orjson.loads(text)

    def put(self, kind: str, doc: Doc, before: Doc | None = None, by: Any = None) -> None:
        """Insert or replace the document under its key; a unique field taken by another raises Duplicate.

        `before` (what stands there) and `by` (whoever writes) go into the change as they are.
        """
        table = self._tables[kind]
        if before is not None:
            self.replace(kind, doc, table.apart(before), before, by)
            return
        key, text = str(doc[table.key]), orjson.dumps(doc).decode()
        if self._write(kind, table.update(table.whole)[0], (text, *table.apart(doc), key)):
            self._changed(Change(kind, key, "update", doc, None, by, text))
        else:
            self._insert(table, key, text, doc, by)

    def apart(self, kind: str, doc: Doc) -> Apart:
        """What `replace` wants to know of a document, as it was read."""
        return self._tables[kind].apart(doc)

    def replace(self, kind: str, doc: Doc, stood: Apart, before: Doc | None = None, by: Any = None) -> Apart:
        """Put a document that stands there, of which `apart` said `stood`; what it says of it now.

        Faster than `put`: only columns that change are written, and unless a unique one does, when somebody looks.
        """
        table, text = self._tables[kind], orjson.dumps(doc).decode()
        key, now = str(doc[table.key]), table.apart(doc)
        places = () if now == stood else tuple([at for at in table.whole if now[at] != stood[at]])
        sql, unique = table.update(places)
        values = (text, *[now[at] for at in places], key)
        if unique:
            self._write(kind, sql, values)
        else:
            self.database.write(kind, sql, fitted(values), key, text)
        self._changed(Change(kind, key, "update", doc, before, by, text))
        return now

    def add(self, kind: str, doc: Doc, text: str | None = None, by: Any = None) -> None:
        """Insert a document under a key that nobody has; a key or unique field taken by another raises Duplicate.

        `text` is the document as JSON, if somebody has made that already; `by` goes into the change as it is.
        """
        table = self._tables[kind]
        self._insert(table, str(doc[table.key]), text or orjson.dumps(doc).decode(), doc, by)

    def add_new(self, kind: str, doc: Doc, text: str | None = None, by: Any = None) -> None:
        """As `add`, for a key that is surely free, such as one that was just made of a counter.

        If the kind has no unique field nothing can refuse it, so it is written when somebody looks.
        """
        table = self._tables[kind]
        key, text = doc[table.key], text or orjson.dumps(doc).decode()
        if table.kind.unique:
            self._insert(table, key, text, doc, by)
            return
        self.database.write(kind, table.insert, fitted((key, text, *table.apart(doc))), key, text)
        self._changed(Change(kind, key, "insert", doc, None, by, text))

    def _insert(self, table: Table, key: str, text: str, doc: Doc, by: Any) -> None:
        self._write(table.kind.name, table.insert, (key, text, *table.apart(doc)))
        self._changed(Change(table.kind.name, key, "insert", doc, None, by, text))

    def _write(self, kind: str, sql: str, values: tuple[Any, ...]) -> int:
        """How many rows it touched."""
        try:
            try:
                return self.db.execute(sql, values).rowcount
            except (sqlite3.InterfaceError, sqlite3.ProgrammingError, OverflowError):
                return self.db.execute(sql, fitted(values)).rowcount
        except sqlite3.IntegrityError as error:
            raise Duplicate(kind, str(error).rpartition(".")[2]) from error

    def delete(self, kind: str, key: str) -> bool:
        """Remove the document; False when there was none."""
        if not self.db.execute(f'DELETE FROM "{kind}" WHERE key = ?', (key,)).rowcount:
            return False
        self._changed(Change(kind, key, "delete", None))
        return True

    def find(self, kind: str, order: str = "rowid", **equals: Any) -> list[Doc]:
        """Documents whose indexed fields equal the given values, in insertion order unless told.

        The first field is looked up by its index and the others are only tested, so name the one that fits fewest
        first: left to itself, SQLite may well look up a status that half of all documents have.
        """
        where = " AND +".join(f'"{field}" IS ?' for field in equals) or "1"
        sql = f'SELECT doc FROM "{kind}" WHERE {where} ORDER BY {order}'
        rows = self.database.reading(kind).execute(sql, tuple(equals.values()))
        return [orjson.loads(row[0]) for row in rows]

    def first(self, kind: str, **equals: Any) -> Doc | None:
        """The oldest document whose indexed fields equal the given values, or None."""
        where = " AND ".join(f'"{field}" IS ?' for field in equals) or "1"
        sql = f'SELECT doc FROM "{kind}" WHERE {where} ORDER BY rowid LIMIT 1'
        row = self.database.reading(kind).execute(sql, tuple(equals.values())).fetchone()
        return None if row is None else orjson.loads(row[0])

    def held(self, kind: str) -> list[Doc]:
        """All documents of a kind that has few and is asked for all the time, such as settings, oldest first.

        Held in memory until one of them changes; the caller must not change them.
        """
        docs = self._held.get(kind)
        if docs is None:
            docs = self._held[kind] = self.find(kind)
        return docs

    def rows(self, sql: str, params: Params = (), kind: str = "") -> Iterator[tuple[Any, ...]]:
        """Rows of a reading query over the tables (columns: key, doc, indexed fields), or over that of one `kind`."""
        yield from (self.database.reading(kind) if kind else self.db).execute(sql, params)

    # -- counters ---------------------------------------------------------------------------

    def next(self, name: str, start: int = 1) -> int:
        """The next number of a gap-free counter; rolled back with its transaction."""
        last = self.last(name)
        number = start if last is None else last + 1
        self._move(name, last, number)
        return number

    def last(self, name: str) -> int | None:
        """Where a counter stands; None before its first number."""
        try:
            return self._numbers[name]
        except KeyError:
            row = self.database.reading("counter").execute(_COUNTER, (name,)).fetchone()
            last = self._numbers[name] = None if row is None else int(row[0])
            return last

    def count(self, name: str, number: int | None) -> None:
        """Let a counter stand at a number, or begin again (None).

        The database hears of it with the commit if it is a file, else when somebody wants the whole store.
        """
        self._move(name, self.last(name), number)

    def _move(self, name: str, last: int | None, number: int | None) -> None:
        if self._kept:
            self._moves.append((name, last, name in self._ahead))
        self._numbers[name] = number
        self._ahead.add(name)
        self._counted += 1
        if self._path is not None and not self._kept:
            self.write_counters()

    def counters(self, series: str) -> list[str]:
        """The counters whose names begin so."""
        written = {row[0] for row in self.db.execute("SELECT name FROM counter WHERE name GLOB ?", (f"{series}*",))}
        return sorted(written.union(one for one in self._numbers if one.startswith(series)))

    def begin_anew(self, series: str) -> None:
        """Let the counters whose names begin so count from the start again."""
        for name in self.counters(series):
            self.count(name, None)

    def written(self) -> list[str]:
        """The tables that may hold other rows than what was remembered."""
        assert self._origin is not None, "nothing was remembered"
        self.database.settle()
        return self._origin.written()

    def write_counters(self) -> None:
        """Have the database say where the counters stand."""
        if not self._ahead:
            return
        ahead = [(name, self.last(name)) for name in sorted(self._ahead)]
        standing = [(name, number) for name, number in ahead if number is not None]
        self.db.executemany(
            "INSERT INTO counter (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            standing,
        )
        self.db.executemany("DELETE FROM counter WHERE name = ?", [(name,) for name, number in ahead if number is None])
        if not self._kept:
            self._ahead.clear()

    def _forget_counters(self) -> None:
        self._numbers.clear()
        self._ahead.clear()
        self._moves.clear()

    # -- transactions and the change feed ---------------------------------------------------

    def transaction(self) -> Transaction:
        """All or nothing; nests by savepoints. Listeners hear the changes once the outermost commits."""
        return self._transaction

    def _begin(self) -> None:
        self.database.begin()
        self._kept.append((len(self._pending), len(self._moves)))

    def _end(self, good: bool) -> None:
        if good and len(self._kept) == 1:
            try:
                if self._pending:
                    for closer in self.closers:
                        closer(self._pending)
                if self._path is not None:
                    self.write_counters()
            except BaseException:
                self._end(False)
                raise
        changes, moves = self._kept.pop()
        self.database.end(good)
        if not good:
            self._undo(changes, moves)
        elif not self._kept:
            self._moves.clear()
            if self._path is not None:
                self._ahead.clear()
            self._publish()

    def _undo(self, changes: int, moves: int) -> None:
        """Back to where a transaction began."""
        del self._pending[changes:]
        self._held.clear()
        for name, before, ahead in reversed(self._moves[moves:]):
            self._numbers[name] = before
            if not ahead:
                self._ahead.discard(name)
        del self._moves[moves:]

    @property
    def state(self) -> tuple[int, int] | None:
        """Differs after every write, also one that was no document's; None within a transaction, which may yet fail."""
        return None if self._kept else (self.version, self.database.changes + self._counted)

    def on_commit(self, listener: Callable[[list[Change]], None]) -> None:
        """Call `listener` with the changes of every committed transaction, in order."""
        self.listeners.append(listener)

    def on_close(self, closer: Callable[[list[Change]], None]) -> None:
        """Call `closer` at the end of every transaction, just before it commits: what it writes is part of it."""
        self.closers.append(closer)

    def _changed(self, change: Change) -> None:
        self._pending.append(change)
        self._held.pop(change.kind, None)
        self._moved.add(change.kind)
        if not self._kept:
            self._publish()

    def _publish(self) -> None:
        changes, self._pending = self._pending, []
        if changes:
            self.version += 1
            for listener in self.listeners:
                listener(changes)

"""The rows that a database is set back to. Its schema stays as it is, and with it all that SQLite has prepared."""

import gc
import sqlite3
from dataclasses import dataclass

Tables = list[tuple[str, str]]


@dataclass(frozen=True)
class _Way:
    """How one table comes back: rows that differ go, rows that are missing come."""

    clear: str
    fill: str


_WRITES = (sqlite3.SQLITE_INSERT, sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE)
_READS = (
    sqlite3.SQLITE_READ, sqlite3.SQLITE_SELECT, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_TRANSACTION,
    sqlite3.SQLITE_SAVEPOINT, sqlite3.SQLITE_PRAGMA, sqlite3.SQLITE_RECURSIVE,
)  # fmt: skip


class Origin:
    """An image at hand in the connection itself, as the attached database `origin`; one at a time per connection.

    What no statement could have changed is not set back: SQLite says of each, when it is prepared, what it will do.
    """

    def __init__(self, connection: sqlite3.Connection, image: bytes) -> None:
        self._connection, self._image = connection, image
        if any(row[1] == "origin" for row in connection.execute("PRAGMA database_list").fetchall()):
            connection.execute("DETACH origin")
        connection.execute("ATTACH ':memory:' AS origin")
        connection.deserialize(image, name="origin")
        self._tables = _tables(connection, "origin")
        self._ways = {name: _way(connection, name, sql) for name, sql in self._tables}
        self._touched = {name for name in self._ways if name.startswith("sqlite_")}  # these SQLite writes by itself
        self._altered = False
        connection.set_authorizer(self.prepared)  # makes it prepare anew what was prepared before

    def prepared(self, action: int, name: str | None, *_: str | None) -> int:
        """SQLite's authorizer callback: allows all, and notes what a statement will write."""
        if action in _WRITES:
            self._touched.add(name or "")
        elif action not in _READS:
            self._altered = True
        return sqlite3.SQLITE_OK

    def written(self) -> list[str]:
        """The tables that some statement may have changed."""
        if self._altered:
            names = [name for name, _ in _tables(self._connection, "main")]
        else:
            names = [name for name in self._ways if name in self._touched]
        return [name for name in names if not name.startswith("sqlite_")]

    def suspect(self) -> None:
        """Everything may have changed, behind SQLite's statements."""
        self._touched.update(self._ways)
        self._altered = True

    def restore(self) -> None:
        """Replace all data; also the schema, if it is another one by now (a further index is not)."""
        connection = self._connection
        if self._altered and _tables(connection, "main") != self._tables:
            overwrite(connection, self._image)
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            for name, way in self._ways.items():
                if name not in self._touched:
                    continue
                connection.execute(way.clear)
                if way.fill:
                    connection.execute(way.fill)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


def _tables(connection: sqlite3.Connection, database: str) -> Tables:
    rows = connection.execute(f"SELECT name, sql FROM {database}.sqlite_master WHERE type = 'table' ORDER BY name")
    return rows.fetchall()


def _way(connection: sqlite3.Connection, table: str, sql: str) -> _Way:
    if connection.execute(f'SELECT 1 FROM origin."{table}" LIMIT 1').fetchone() is None:
        return _Way(f'DELETE FROM main."{table}"', "")
    columns = connection.execute(f'PRAGMA origin.table_info("{table}")').fetchall()
    names, keys = [f'"{row[1]}"' for row in columns], [row for row in columns if row[5]]
    if "WITHOUT ROWID" in sql.upper() or (len(keys) == 1 and keys[0][2].upper() == "INTEGER"):
        identity = [f'"{row[1]}"' for row in keys]  # the primary key, which is all the identity that such a row has
    else:
        identity, names = ["rowid"], ["rowid", *names]
    who, values = ", ".join(identity), ", ".join(names)
    there, here = f'SELECT {values} FROM origin."{table}"', f'SELECT {values} FROM main."{table}"'
    return _Way(
        f'DELETE FROM main."{table}" WHERE ({who}) IN (SELECT {who} FROM ({here} EXCEPT {there}))',
        f'INSERT INTO main."{table}" ({values}) {there} EXCEPT {here}',
    )


def overwrite(connection: sqlite3.Connection, image: bytes) -> None:
    """Replace a database by an image; RuntimeError while somebody holds a half-read query on it.

    Copied page by page: SQLite's deserialize frees the old pages and schema whoever reads them, and the process dies
    when such a cursor is closed, or later if the connection has ever used json_each. The backup looks first. (A cursor
    may also hang in the traceback of an exception that waits for the garbage collector.)
    """
    source = sqlite3.connect(":memory:")
    try:
        source.deserialize(image)
        try:
            source.backup(connection)
        except sqlite3.OperationalError:
            gc.collect()
            source.backup(connection)
    except sqlite3.OperationalError as error:
        raise RuntimeError(f"cannot restore: {error}") from error
    finally:
        source.close()

"""The inline database: transactions on the caller's own SQLite connection, without threads."""

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from synccore.engine.session import Session
from synccore.engine.stores import SessionUnit
from synccore.engine.tables import sqlite_schema
from synccore.ports.stores import Unit

T = TypeVar("T")


def prepare(connection: sqlite3.Connection) -> None:
    """Create the core's tables where they are absent."""
    connection.executescript(";\n".join(sqlite_schema()))


class InlineDatabase:
    """See `ports.database.Database`. The connection is this object's alone from now on; its tables exist."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.isolation_level = "IMMEDIATE"  # a transaction begins by itself with the first change
        self._connection = connection
        self._unit = SessionUnit.over(Session(connection))

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Call `fn` in a transaction, commit, return its result."""
        try:
            result = fn(self._unit)
        except BaseException:
            self._connection.rollback()
            raise
        self._connection.commit()
        return result

"""The database of a real deployment: SQLite (WAL) or PostgreSQL, in worker threads."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import psycopg
from sqlalchemy import URL, create_engine, make_url

from synccore.engine.database import prepare
from synccore.engine.session import Session
from synccore.engine.stores import SessionUnit
from synccore.engine.tables import METADATA
from synccore.ports.stores import Unit

T = TypeVar("T")

_TRIES_MAX = 20  # serialisation failures in a row; each means that another transaction got through
_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "cache_size=-20000")


class ThreadDatabase:
    """See `ports.database.Database`. `url` is SQLAlchemy's (sqlite:///path or postgresql://…).

    SQLite has one writer, so one thread with one connection; PostgreSQL has `threads`, serialisable, with retries.
    """

    def __init__(self, url: str, threads: int = 4) -> None:
        self._url = make_url(url)
        self._sqlite = self._url.get_backend_name() == "sqlite"
        workers = 1 if self._sqlite else threads
        self._executor = ThreadPoolExecutor(workers, "database", initializer=self._open)
        self._local = threading.local()
        self._connections: list[Any] = []

    async def start(self) -> None:
        """Open the database and create the tables where they are absent."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._prepare)

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Call `fn` in a transaction, commit, return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._transact, fn)

    def close(self) -> None:
        """Finish what is under way and let go of the connections."""
        self._executor.shutdown()
        for connection in self._connections:
            connection.close()
        self._connections.clear()

    # -- in the worker threads --------------------------------------------------------------

    def _open(self) -> None:
        connection = self._open_sqlite() if self._sqlite else self._open_postgresql()
        self._connections.append(connection)
        self._local.connection = connection
        self._local.unit = SessionUnit.over(Session(connection))

    def _open_sqlite(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._url.database or ":memory:", check_same_thread=False, isolation_level=None)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _open_postgresql(self) -> "psycopg.Connection[tuple[Any, ...]]":
        connection = psycopg.connect(libpq(self._url), autocommit=True)
        connection.execute("SET default_transaction_isolation = 'serializable'")
        return connection

    def _prepare(self) -> None:
        if self._sqlite:
            prepare(self._local.connection)
            return
        engine = create_engine(self._url.set(drivername="postgresql+psycopg"))
        METADATA.create_all(engine)
        engine.dispose()

    def _transact(self, fn: Callable[[Unit], T]) -> T:
        for _ in range(_TRIES_MAX - 1):
            try:
                return self._attempt(fn)
            except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected,
                    psycopg.errors.UniqueViolation):  # fmt: skip
                continue  # a concurrent transaction was first: `fn` sees its result now
        return self._attempt(fn)

    def _attempt(self, fn: Callable[[Unit], T]) -> T:
        execute = self._local.connection.execute
        execute("BEGIN IMMEDIATE" if self._sqlite else "BEGIN")
        try:
            result = fn(self._local.unit)
            execute("COMMIT")
        except BaseException:
            if not self._sqlite or self._local.connection.in_transaction:
                execute("ROLLBACK")
            raise
        return result


def libpq(url: URL) -> str:
    """The URL without SQLAlchemy's driver name."""
    return url.set(drivername="postgresql").render_as_string(hide_password=False)

"""The database of a real deployment: transactions in worker threads, over SQLite or PostgreSQL."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from synccore.engine.session import Session
from synccore.engine.sqlite_file import SqliteFile
from synccore.engine.stores import SessionUnit
from synccore.ports.stores import Unit

T = TypeVar("T")

_TRIES_MAX = 20  # conflicts in a row; each means that another transaction got through


class Backend(Protocol):
    """What differs between the databases."""

    threads: int
    begin: str

    def open(self) -> Any:
        """A connection in autocommit mode."""
        ...

    def prepare(self, connection: Any) -> None:
        """Create the tables where they are absent."""
        ...

    def conflict(self, error: BaseException) -> bool:
        """Another transaction was first: the same work again sees its result."""
        ...

    def lost(self, error: BaseException) -> bool:
        """The connection is of no use any more."""
        ...


def backend_of(url: str) -> Backend:
    """The backend of sqlite:///PATH or postgresql://…."""
    if url.startswith("sqlite:///"):
        return SqliteFile(url.removeprefix("sqlite:///"))
    from synccore.engine.postgresql import PostgreSql  # noqa: PLC0415 - its driver costs start time and often is absent

    return PostgreSql(url)


class ThreadDatabase:
    """See `ports.database.Database`. A commit that was lost with its connection is reported as the driver's error."""

    def __init__(self, url: str) -> None:
        self._backend = backend_of(url)
        self._executor = ThreadPoolExecutor(self._backend.threads, "database")
        self._local = threading.local()
        self._open: list[Any] = []

    async def start(self) -> None:
        """Open the database and create the tables where they are absent."""
        await asyncio.get_running_loop().run_in_executor(self._executor, self._prepare)

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """Call `fn` in a transaction, commit, return its result."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, self._transact, fn)

    async def close(self) -> None:
        """Finish what is under way and let go of the connections."""
        aside = ThreadPoolExecutor(1)
        await asyncio.get_running_loop().run_in_executor(aside, self._executor.shutdown)
        aside.shutdown()
        for connection in self._open:
            connection.close()
        self._open.clear()

    # -- in the worker threads --------------------------------------------------------------

    def _mine(self) -> Any:
        """This thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._backend.open()
            self._local.unit = SessionUnit.over(Session(connection))
            self._open.append(connection)
        return connection

    def _prepare(self) -> None:
        self._backend.prepare(self._mine())

    def _transact(self, fn: Callable[[Unit], T]) -> T:
        for tries_left in reversed(range(_TRIES_MAX)):
            try:
                return self._attempt(fn)
            except Exception as error:
                if not tries_left or not self._backend.conflict(error):
                    raise
        raise AssertionError("not reached")

    def _attempt(self, fn: Callable[[Unit], T]) -> T:
        connection = self._mine()
        try:
            connection.execute(self._backend.begin)
            try:
                result = fn(self._local.unit)
                connection.execute("COMMIT")
            except BaseException as error:
                if not self._backend.lost(error):
                    connection.rollback()
                raise
        except Exception as error:
            if self._backend.lost(error):
                self._open.remove(connection)
                self._local.connection = None
                connection.close()
            raise
        return result

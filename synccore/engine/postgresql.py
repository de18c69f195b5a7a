"""PostgreSQL: several threads, serialisable transactions that are tried again after a conflict."""

from typing import Any

import psycopg
from sqlalchemy import create_engine, make_url

from synccore.engine.tables import METADATA

Connection = psycopg.Connection[tuple[Any, ...]]

IDLE_S = 30.0  # a worker that stops within a transaction: the server undoes it, well before another takes over

_CONFLICTS = (
    psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected, psycopg.errors.UniqueViolation,
)  # fmt: skip
_LOST = (psycopg.OperationalError, psycopg.errors.IdleInTransactionSessionTimeout)


class PostgreSql:
    """See `thread_database.Backend`."""

    threads = 4
    begin = "BEGIN"

    def __init__(self, url: str) -> None:
        self._url = make_url(url)

    def open(self) -> Connection:
        """A connection in autocommit mode; raises OSError when the server cannot be reached."""
        address = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        try:
            connection = psycopg.connect(address, autocommit=True)
        except psycopg.OperationalError as error:
            raise OSError(str(error)) from error
        connection.execute("SET default_transaction_isolation = 'serializable'")
        connection.execute(f"SET idle_in_transaction_session_timeout = {round(IDLE_S * 1000)}")
        return connection

    def prepare(self, connection: Connection) -> None:
        """Create the tables where they are absent."""
        del connection
        engine = create_engine(self._url.set(drivername="postgresql+psycopg"))
        METADATA.create_all(engine)
        engine.dispose()

    def conflict(self, error: BaseException) -> bool:
        """Another transaction was first (also when two inserted the same key)."""
        return isinstance(error, _CONFLICTS)

    def lost(self, error: BaseException) -> bool:
        """The server closed the connection, or it broke."""
        return isinstance(error, _LOST) and not isinstance(error, _CONFLICTS)

"""SQLite in a file: one writer, so one thread; write-ahead log, one sync a checkpoint."""

import sqlite3
from pathlib import Path

from synccore.engine.database import prepare

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "busy_timeout=10000", "cache_size=-20000")


class SqliteFile:
    """See `thread_database.Backend`. With synchronous=NORMAL a killed process loses nothing; a power cut may."""

    threads = 1
    begin = "BEGIN IMMEDIATE"

    def __init__(self, path: str) -> None:
        self._path = path

    def open(self) -> sqlite3.Connection:
        """A connection in autocommit mode; raises OSError when the file cannot be had."""
        Path(self._path).parent.mkdir(parents=True, exist_ok=True)
        try:
            connection = sqlite3.connect(self._path, check_same_thread=False, isolation_level=None)
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise OSError(f"{self._path}: {error}") from error
        return connection

    def prepare(self, connection: sqlite3.Connection) -> None:
        """Create the tables where they are absent."""
        prepare(connection)

    def conflict(self, error: BaseException) -> bool:
        """Waited for a lock as long as `busy_timeout` says, in vain."""
        return isinstance(error, sqlite3.OperationalError) and "locked" in str(error)

    def lost(self, error: BaseException) -> bool:
        """A file does not go away."""
        del error
        return False

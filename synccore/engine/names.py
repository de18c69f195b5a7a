"""One name, one process: who works on a store under a name and a release is alone with them as long as it lives.

The engine gives a process that starts whatever was begun under its name (`dbos_engine`). Of two that are alive under
one name each would go on with the same runs, and what one has under way when it dies nobody would take over, since its
name lives on. So the second is refused. A lock says so that ends with the process: also one that was killed lets go of
it at once, one that is stopped keeps it, since it may wake up. A server that hears nothing more of a machine lets go of
that machine's locks within half a minute.
"""

import asyncio
import fcntl
import hashlib
from pathlib import Path
from typing import Any, Protocol

import structlog

from synccore.ports.holding import BEAT_S, Worker

WAIT_S = 10.0  # a predecessor may be ending
_LOOK_S = 0.2  # between two tries meanwhile
_KEEPALIVE = ("tcp_keepalives_idle = 10", "tcp_keepalives_interval = 5", "tcp_keepalives_count = 3")

log = structlog.get_logger("names")


class NameTaken(OSError):
    """Another process that is alive works under this name and release."""


class Lock(Protocol):
    """A lock that ends with its process."""

    async def tried(self) -> bool:
        """Take it, if nobody else has it; or see to it that it is held still. Raises OSError without its store."""
        ...

    async def close(self) -> None:
        """Let go of it."""
        ...


class FileLock:
    """On the one file beside the runs' SQLite file: each name locks a byte of it."""

    def __init__(self, path: Path, number: int) -> None:
        self._path, self._byte = path, number & 0x7FFF_FFFF
        self._file: Any = None

    async def tried(self) -> bool:
        """See Lock."""
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("ab")
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, self._byte)
        except BlockingIOError:
            return False
        return True

    async def close(self) -> None:
        """See Lock."""
        if self._file is not None:
            self._file.close()
            self._file = None


class ServerLock:
    """PostgreSQL's advisory lock, held by a connection that does nothing else."""

    def __init__(self, url: str, number: int) -> None:
        self._url, self._number = url, number
        self._connection: Any = None

    async def tried(self) -> bool:
        """See Lock. A connection that broke has lost it: a new one tries again."""
        import psycopg  # noqa: PLC0415 - often absent

        try:
            if self._connection is not None:
                await self._connection.execute("SELECT 1")
                return True
        except psycopg.Error:
            await self.close()
        try:
            self._connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            for setting in _KEEPALIVE:
                await self._connection.execute(f"SET {setting}")
            found = await self._connection.execute("SELECT pg_try_advisory_lock(%s)", (self._number,))
            taken: tuple[bool] = await found.fetchone()
        except psycopg.Error as error:
            await self.close()
            raise OSError(str(error)) from error
        if not taken[0]:
            await self.close()
        return taken[0]

    async def close(self) -> None:
        """See Lock."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def lock_of(url: str, worker: Worker) -> Lock:
    """The lock of a worker's name among those that keep their runs at sqlite:///PATH or postgresql://…."""
    digest = hashlib.sha256(f"synccore worker\n{worker.name}\n{worker.release}".encode()).digest()
    number = int.from_bytes(digest[:8], "big", signed=True)
    if url.startswith("sqlite:///"):
        return FileLock(Path(url.removeprefix("sqlite:///") + ".workers"), number)
    from sqlalchemy import make_url  # noqa: PLC0415 - its driver is there only where PostgreSQL is used

    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return ServerLock(plain, number)


class WorkerName:
    """This process's right to work under its name."""

    def __init__(self, url: str, worker: Worker) -> None:
        self._worker, self._lock = worker, lock_of(url, worker)
        self._watch: asyncio.Task[None] | None = None
        self.alone = True  # False: the lock was lost with its connection, and another process was faster

    async def take(self) -> None:
        """Be the one of this name; raises NameTaken, an OSError, if another is, and does not end either."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_S
        while not await self._lock.tried():
            if loop.time() > deadline:
                raise NameTaken(
                    f"SYNCCORE_EXECUTOR: another process works on this store as '{self._worker.name}' (version "
                    f"{self._worker.release}) and is alive; give each its own name, or end that one"
                )
            await asyncio.sleep(_LOOK_S)
        self._watch = loop.create_task(self._look_after())

    async def release(self) -> None:
        """Another may have it."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._lock.close()

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                self.alone = await self._lock.tried()
            except OSError as error:
                log.warning("the server of the runs cannot be reached", error=str(error))
                continue
            if not self.alone:
                log.error("another process works under this name", name=self._worker.name, version=self._worker.release)

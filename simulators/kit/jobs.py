"""Pending work with a due time: one table, one loop a system, and nobody sleeps anywhere else."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from simulators.kit.clock import Clock
from simulators.kit.store import Store

EARLY_S = 1e-6  # a timer may fire a float's width before its due time


@dataclass(frozen=True)
class Job:
    """One due piece of work. `due` is its business time in epoch seconds: handlers take it as their now."""

    id: int
    due: float
    lane: str
    kind: str
    key: str | None
    payload: dict[str, Any]


Handler = Callable[[Job], Awaitable[None]]


class Jobs:
    """Runs due jobs in order of (due, id): the main lane `''` one by one, other lanes beside it, each in order."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock
        self._handlers: dict[str, Handler] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._running = False
        self._wake = asyncio.Event()
        self._quiet = asyncio.Event()
        self._seen: tuple[int, int] | None = None  # the store's state that `_dues` is of
        self._dues: dict[str, float | None] = {}
        self.failures: list[str] = []  # a handler that raised: a defect of the simulator, shown by /_control/health
        clock.on_move(self._poke)

    def handler(self, kind: str, run: Handler) -> None:
        """Say who does the jobs of a kind."""
        self._handlers[kind] = run

    def schedule(self, due: float, kind: str, payload: dict[str, Any], key: str | None = None, lane: str = "") -> None:
        """Add a job, within the caller's transaction if there is one; a job with the same key is replaced."""
        self._store.database.write("job", _SCHEDULE, (due, lane, kind, key, orjson.dumps(payload).decode()))
        self._store.version += 1
        self._wake.set()

    def cancel(self, key: str) -> bool:
        """Remove the job with this key; False when there was none."""
        return self._store.db.execute("DELETE FROM job WHERE key = ?", (key,)).rowcount > 0

    def next_due(self, kind: str = "") -> float | None:
        """When the next job (of a kind) falls due (business time), or None when nothing is pending."""
        state = self._store.state
        if state is None or state != self._seen:  # asked far more often than anything changes
            self._dues.clear()
            self._seen = state
        if kind not in self._dues:
            where, kinds = (" WHERE kind = ?", (kind,)) if kind else ("", ())
            row = self._table.execute(f"SELECT min(due) FROM job{where}", kinds).fetchone()
            self._dues[kind] = None if row[0] is None else float(row[0])
        return self._dues[kind]

    @property
    def _table(self) -> sqlite3.Connection:
        return self._store.database.reading("job")

    def pending(self, limit: int = 100) -> list[Job]:
        """What falls due next, in order."""
        rows = self._table.execute(f"SELECT {_COLUMNS} FROM job ORDER BY due, id LIMIT ?", (limit,))
        return [_job(row) for row in rows]

    def keyed(self, keys: Sequence[str]) -> list[Job]:
        """The pending jobs with these keys, in order."""
        marks = ",".join("?" * len(keys))
        rows = self._table.execute(f"SELECT {_COLUMNS} FROM job WHERE key IN ({marks}) ORDER BY due, id", keys)
        return [_job(row) for row in rows]

    def done(self, job: Job) -> None:
        """Take a job off the table. One that has rescheduled itself under its key has moved its row: that one stays."""
        self._store.database.write("job", "DELETE FROM job WHERE id = ? AND due = ?", (job.id, job.due))
        self._store.version += 1

    def _poke(self) -> None:
        self._wake.set()

    @property
    def idle(self) -> bool:
        """Nothing is running and nothing is due at this moment."""
        due = self.next_due()
        return not self._running and not self._busy and (due is None or due > self._clock.now() + EARLY_S)

    async def drained(self) -> None:
        """Return when nothing is running and nothing is due any more."""
        while not self.idle:
            self._quiet.clear()
            self._wake.set()
            await self._quiet.wait()

    def begin(self) -> None:
        """Get ready for the running loop: a system may live through several, and an asyncio.Event belongs to one."""
        self._wake, self._quiet = asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Work for ever; cancel to stop."""
        while True:
            job = self._head()
            now = self._clock.now()
            if job is not None and job.due <= now + EARLY_S:
                await self._start(job)
                continue
            if not self._busy:
                self._quiet.set()
            self._wake.clear()
            try:
                async with asyncio.timeout(None if job is None else job.due - now):
                    await self._wake.wait()
            except TimeoutError:
                pass

    async def stop(self) -> None:
        """End what runs in the lanes; their jobs stay pending and run again (deliveries are at least once)."""
        for task in list(self._busy.values()):
            task.cancel()
        self._busy.clear()
        self._running = False

    def _head(self) -> Job | None:
        """What falls due first in the lanes that are free."""
        lanes = tuple(self._busy)
        where = f"WHERE lane NOT IN ({','.join('?' * len(lanes))}) " if lanes else ""
        row = self._table.execute(f"SELECT {_COLUMNS} FROM job {where}ORDER BY due, id LIMIT 1", lanes).fetchone()
        return None if row is None else _job(row)

    async def _start(self, job: Job) -> None:
        if job.lane:
            self._busy[job.lane] = asyncio.get_running_loop().create_task(self._in_lane(job))
            return
        self._running = True
        try:
            await self._do(job)
        finally:
            self._running = False

    async def _in_lane(self, job: Job) -> None:
        try:
            await self._do(job)
        finally:
            self._busy.pop(job.lane, None)
            self._wake.set()

    async def _do(self, job: Job) -> None:
        try:
            await self._handlers[job.kind](job)
        except Exception as error:  # one broken job must not stop the calendar of a whole system
            self.failures.append(f"{job.kind} {job.key or job.id}: {error!r}")
        self.done(job)


_SCHEDULE = (
    "INSERT INTO job (due, lane, kind, key, payload) VALUES (?, ?, ?, ?, ?) "
    "ON CONFLICT (key) DO UPDATE SET due = excluded.due, payload = excluded.payload, lane = excluded.lane"
)
_COLUMNS = "id, due, lane, kind, key, payload"


def _job(row: tuple[Any, ...]) -> Job:
    return Job(row[0], row[1], row[2], row[3], row[4], orjson.loads(row[5]))

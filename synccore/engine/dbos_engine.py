"""The durable engine of real deployments: DBOS on SQLite or PostgreSQL; one a process, since DBOS is a singleton."""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import structlog
from dbos import DBOS, SetWorkflowID
from dbos._dbos import _get_dbos_instance
from dbos._error import DBOSWorkflowIDInUseError
from dbos._sys_db import WorkflowStatus
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import create_engine, event, make_url
from sqlalchemy.exc import IntegrityError

from synccore.engine.tickers import Tickers
from synccore.ports.clock import Clock
from synccore.ports.engine import Process, RunState, RunStatus, StepTaken, Ticker
from synccore.ports.holding import Worker

T = TypeVar("T")

APPLICATION = "synccore"
QUEUE = "runs"
_OPEN = ("ENQUEUED", "DELAYED", "PENDING")
_STATES: dict[str, RunState] = {
    "ENQUEUED": "queued", "DELAYED": "queued", "PENDING": "running", "SUCCESS": "done", "ERROR": "failed",
    "MAX_RECOVERY_ATTEMPTS_EXCEEDED": "failed", "CANCELLED": "cancelled",
}  # fmt: skip
_ALARM_EVERY_S = 60.0
_IDLE_S = 30.0  # a worker that stops within a transaction: the server undoes it, well before another takes over

log = structlog.get_logger("engine")


class DbosRun:
    """See `ports.engine.Run`; only valid inside its workflow."""

    def __init__(self, run_id: str, key: str) -> None:
        self.id, self.key = run_id, key

    async def step(self, name: str, fn: Callable[[], Awaitable[T]]) -> T:
        """See `ports.engine.Run`."""

        async def run() -> T:
            return await fn()

        found: T = await DBOS.run_step_async({"name": name}, run)
        return found


class DbosEngine:
    """See `ports.engine.Engine`.

    `url`: sqlite:///path or postgresql://…. Runs belong to an application version; those of another version are left
    alone and alarmed about. A running one keeps its key's queue shut, also if its worker is gone: DBOS counts what is
    pending, whatever its version. It takes up by itself what was begun under its own name (`executor`) and version;
    what others hold, whoever watches them may cancel. Processes run on the event loop that `start` is called in.
    """

    def __init__(
        self, url: str, clock: Clock, application_version: str, executor: str, concurrency: int, queue_poll_s: float
    ) -> None:
        self._url, self._version, self._executor = url, application_version, executor
        self._concurrency, self._queue_poll_s = concurrency, queue_poll_s
        self._processes: dict[str, Process] = {}
        self._tickers = Tickers(clock)
        self._watch: asyncio.Task[None] | None = None

    @property
    def worker(self) -> Worker:
        """See `ports.engine.Engine`."""
        return Worker(self._executor, self._version)

    def register(self, process: str, fn: Process) -> None:
        """See `ports.engine.Engine`."""
        self._processes[process] = fn

    def every(self, name: str, interval_s: float, fn: Ticker) -> None:
        """See `ports.engine.Engine`."""
        self._tickers.every(name, interval_s, fn)

    def alarm(self, ticker: str, at: float) -> None:
        """See `ports.engine.Engine`."""
        self._tickers.alarm(ticker, at)

    async def start(self) -> None:
        """See `ports.engine.Engine`."""
        sqlite = self._url.startswith("sqlite")
        DBOS(config={
            "name": APPLICATION, "system_database_url": self._url, "application_version": self._version,
            "executor_id": self._executor, "log_level": "WARNING", "run_migrations": True,
            "sys_db_idle_transaction_timeout_sec": _IDLE_S,
            **({"system_database_engine": tuned_sqlite(self._url)} if sqlite else {}),
        })  # fmt: skip
        for name, process in self._processes.items():
            DBOS.workflow(name=name)(_workflow(process))
        DBOS.launch()
        await DBOS.register_queue_async(
            QUEUE, worker_concurrency=self._concurrency, partition_concurrency=1,
            polling_interval_sec=self._queue_poll_s, on_conflict="always_update",
        )  # fmt: skip
        self._tickers.start()
        self._watch = asyncio.get_running_loop().create_task(self._watch_versions())

    async def submit(self, process: str, key: str, run_id: str, argument: Any) -> bool:
        """See `ports.engine.Engine`."""
        try:
            await apart(DBOS.enqueue_workflow_with_options_async(
                {
                    "workflow_name": process, "queue_name": QUEUE, "workflow_id": run_id,
                    "workflow_id_reuse_policy": "reject", "app_version": self._version, "queue_partition_key": key,
                },
                key, argument,
            ))  # fmt: skip
        except DBOSWorkflowIDInUseError:
            return False
        return True

    async def status(self, run_id: str) -> RunStatus | None:
        """See `ports.engine.Engine`."""
        found = await apart(DBOS.get_workflow_status_async(run_id))
        return None if found is None else self._status(found)

    async def list(self, state: RunState | None = None) -> "list[RunStatus]":
        """See `ports.engine.Engine`."""
        wanted = [name for name, known in _STATES.items() if state in (None, known)]
        found = await apart(DBOS.list_workflows_async(status=wanted, load_input=False, load_output=False))
        return [self._status(run) for run in found]

    async def cancel(self, run_id: str) -> bool:
        """See `ports.engine.Engine`."""
        found = await self.status(run_id)
        if found is None or found.state not in ("queued", "running"):
            return False
        await apart(DBOS.cancel_workflow_async(run_id))
        return True

    async def steps(self, run_id: str) -> Sequence[StepTaken]:
        """See `ports.engine.Engine`."""
        found = await apart(DBOS.list_workflow_steps_async(run_id, load_output=True))
        return [StepTaken(step["function_name"], str(step["error"] or "")) for step in found]

    async def fork(self, run_id: str, step: int, as_run: str) -> bool:
        """See `ports.engine.Engine`."""
        found = await self.status(run_id)
        if found is None:
            raise LookupError(run_id)
        if await self.status(as_run) is not None:
            return False

        async def forked() -> None:
            with SetWorkflowID(as_run):
                await DBOS.fork_workflow_async(  # DBOS counts steps from one
                    run_id, step + 1, application_version=self._version, queue_name=QUEUE,
                    queue_partition_key=found.key,
                )  # fmt: skip

        try:
            await apart(forked())
        except IntegrityError:  # another worker was faster
            return False
        return True

    async def close(self) -> None:
        """See `ports.engine.Engine`."""
        if self._watch is None:
            return  # it never came up
        self._watch.cancel()
        await self._tickers.close()
        under_way = sorted(_get_dbos_instance()._workflow_tasks, key=lambda task: task.get_name())
        for task in under_way:
            task.cancel()  # no outcome is recorded for a cancelled task: the next start takes the run up again
        await asyncio.gather(*under_way, return_exceptions=True)
        aside = ThreadPoolExecutor(1)  # DBOS shuts the loop's own executor down, and its threads may wait for the loop
        await asyncio.get_running_loop().run_in_executor(aside, lambda: DBOS.destroy(destroy_registry=True))
        aside.shutdown()

    def _status(self, found: WorkflowStatus) -> RunStatus:
        waits = found.status in ("ENQUEUED", "DELAYED")  # for whoever of its version is the first
        holder = Worker("" if waits else found.executor_id or "", found.app_version or "")
        mine = holder == self.worker or (waits and holder.release == self._version)
        return RunStatus(
            found.workflow_id, found.name, found.queue_partition_key or "", _STATES[found.status],
            "" if found.error is None else str(found.error), None if mine else holder,
        )  # fmt: skip

    # -- alarm ------------------------------------------------------------------------------

    async def foreign_runs(self) -> int:
        """Unfinished runs of other application versions: nobody here goes on with them."""
        found = await apart(DBOS.list_workflows_async(status=list(_OPEN), load_input=False, load_output=False))
        return sum(run.app_version != self._version for run in found)

    async def _watch_versions(self) -> None:
        while True:
            if (stranded := await self.foreign_runs()) > 0:
                log.warning("unfinished runs of other application versions", runs=stranded, version=self._version)
            await asyncio.sleep(_ALARM_EVERY_S)


def _workflow(process: Process) -> Callable[[str, Any], Coroutine[Any, Any, None]]:
    async def workflow(key: str, argument: Any) -> None:
        run_id = DBOS.workflow_id
        assert run_id is not None
        await process(DbosRun(run_id, key), argument)

    return workflow


async def apart(work: Coroutine[Any, Any, T]) -> T:
    """Await outside of the workflow that calls, if one does: it would count as a step of it and confuse its replay."""
    return await asyncio.get_running_loop().create_task(work, context=contextvars.Context())


def tuned_sqlite(url: str) -> SqlEngine:
    """An engine with write-ahead log and one sync a checkpoint: four times as fast as DBOS's own."""
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def tune(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        for pragma in ("busy_timeout=30000", "foreign_keys=ON", "journal_mode=WAL", "synchronous=NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    return engine

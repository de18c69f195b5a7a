"""What the core's own tests need of a world: a clock to turn, an engine that runs at once, an inline database."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeVar

from synccore.engine.database import InlineDatabase, prepare
from synccore.ports.engine import Process, RunState, RunStatus, StepTaken, Ticker
from synccore.ports.holding import Worker
from synccore.ports.transport import NotSent, Request, Response

T = TypeVar("T")

ENVIRONMENT = {
    "SYNCCORE_ADMIN_TOKEN": "admin-token", "SYNCCORE_OPERATOR_TOKEN": "operator-token",
    "SYNCCORE_VIEWER_TOKEN": "viewer-token", "SYNCCORE_WEBHOOK_USER": "platform",
    "SYNCCORE_WEBHOOK_PASSWORD": "webhook-password", "SYNCCORE_SALESFORCE_URL": "http://127.0.0.1:1",
    "SYNCCORE_SALESFORCE_CLIENT_ID": "client", "SYNCCORE_SALESFORCE_CLIENT_SECRET": "client-secret",
    "SYNCCORE_SUBSCRIPTIONS_URL": "http://127.0.0.1:1", "SYNCCORE_SUBSCRIPTIONS_API_KEY": "api-key-secret",
}  # fmt: skip


class HandClock:
    """Time that moves when a test says so."""

    def __init__(self, at: float = 1000.0) -> None:
        self.at = at

    def now(self) -> float:
        return self.at

    def wire(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds
        await asyncio.sleep(0)


class Even:
    """Chance without chance."""

    def uniform(self, stream: str) -> float:
        return 0.5

    def token(self, stream: str) -> str:
        return "0" * 32


class DeadTransport:
    """Nobody is there."""

    async def send(self, request: Request) -> Response:
        raise NotSent("nobody is there")


class HandRun:
    """A run that remembers its steps in its engine."""

    def __init__(self, engine: "HandEngine", run_id: str, key: str) -> None:
        self.id, self.key, self._engine = run_id, key, engine

    async def step(self, name: str, fn: Callable[[], Awaitable[T]]) -> T:
        memo = self._engine.memos.setdefault((self.id, name), [])
        if not memo:
            memo.append(await fn())
        found: T = memo[0]
        return found


class HandEngine:
    """Queues runs; `drain` runs them in order. What it knows survives an incarnation of the core, as a store would."""

    worker = Worker("me", "1")

    def __init__(self) -> None:
        self.processes: dict[str, Process] = {}
        self.tickers: dict[str, Ticker] = {}
        self.alarms: dict[str, float] = {}
        self.known: dict[str, tuple[str, str, Any]] = {}
        self.states: dict[str, RunState] = {}
        self.held: dict[str, Worker] = {}  # runs that others have under way
        self.memos: dict[tuple[str, str], list[Any]] = {}
        self.deaf = False  # a crash before the hand-over

    def register(self, process: str, fn: Process) -> None:
        self.processes[process] = fn

    def every(self, name: str, interval_s: float, fn: Ticker) -> None:
        self.tickers[name] = fn

    def alarm(self, ticker: str, at: float) -> None:
        self.alarms[ticker] = at

    async def start(self) -> None:
        pass

    async def submit(self, process: str, key: str, run_id: str, argument: Any) -> bool:
        if self.deaf:
            raise RuntimeError("crashed before the hand-over")
        if run_id in self.known:
            return False
        self.known[run_id] = (process, key, argument)
        self.states[run_id] = "queued"
        return True

    async def drain(self) -> None:
        while queued := [run_id for run_id, state in self.states.items() if state == "queued"]:
            process, key, argument = self.known[queued[0]]
            self.states[queued[0]] = "running"
            await self.processes[process](HandRun(self, queued[0], key), argument)
            self.states[queued[0]] = "done"

    async def status(self, run_id: str) -> RunStatus | None:
        if run_id not in self.known:
            return None
        process, key, _ = self.known[run_id]
        return RunStatus(run_id, process, key, self.states[run_id], held_by=self.held.get(run_id))

    async def list(self, state: RunState | None = None) -> "list[RunStatus]":
        found = [await self.status(run_id) for run_id, known in self.states.items() if state in (None, known)]
        return [status for status in found if status is not None]

    async def cancel(self, run_id: str) -> bool:
        self.states[run_id] = "cancelled"
        return True

    async def steps(self, run_id: str) -> Sequence[StepTaken]:
        return [StepTaken(name) for known, name in self.memos if known == run_id]

    async def fork(self, run_id: str, step: int, as_run: str) -> bool:
        process, key, argument = self.known[run_id]
        for taken in (await self.steps(run_id))[:step]:
            self.memos[as_run, taken.name] = list(self.memos[run_id, taken.name])
        return await self.submit(process, key, as_run, argument)

    async def close(self) -> None:
        pass


def memory() -> InlineDatabase:
    connection = sqlite3.connect(":memory:", check_same_thread=False)  # some test clients run the app in a thread
    prepare(connection)
    return InlineDatabase(connection)


def environment(**more: str) -> Mapping[str, str]:
    return {**ENVIRONMENT, **{f"SYNCCORE_{name.upper()}": value for name, value in more.items()}}

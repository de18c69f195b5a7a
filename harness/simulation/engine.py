"""The core's durable engine, simulated: runs and their memos outlive an incarnation, tickers do not."""

import asyncio
import pickle
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from random import Random
from typing import Any

from harness.simulation.incarnation import Incarnation, in_a_run
from harness.simulation.memos import Memo, decoded, encoded, error_of
from synccore.ports.engine import Process, RunState, RunStatus, StepTaken, Tick, Ticker
from synccore.ports.holding import Worker

LATER_S = 0.001  # no ticker calls itself sooner
GRAIN_S = 1e-6  # so little before its moment a ticker is called already: times are floats
START_JITTER_S = 0.02  # within it the seed decides which of several runnable runs begins first
RESTLESS_S = 180.0  # after a run that could not say how it ended: who asks for those only does so a minute later
NOBODY = Worker("", "")


@dataclass
class Stored:
    """One run as it is kept."""

    id: str
    process: str
    key: str
    argument: str
    state: RunState = "queued"
    error: str = ""
    begins_at: float = 0.0  # business time, while it waits for its turn; 0.0 once it has begun
    holder: Worker = NOBODY  # the release that alone goes on with it, and which worker of it has begun it
    memos: list[Memo] = field(default_factory=list)


@dataclass
class EngineState:
    """What survives a crash."""

    runs: dict[str, Stored] = field(default_factory=dict)
    busy: dict[str, str] = field(default_factory=dict)  # key -> the run that holds it, of whichever release
    queues: dict[tuple[str, str], deque[str]] = field(default_factory=dict)  # (release, key) -> runs, oldest first
    engines: "list[SimulatedEngine]" = field(default_factory=list)  # of the cores that are alive

    def free(self, key: str, run_id: str) -> None:
        """The run has ended: another of its key may begin."""
        if self.busy.get(key) == run_id:
            del self.busy[key]
        self.next_of(key)

    def next_of(self, key: str) -> None:
        """Whichever worker is the first takes the next run of a key."""
        some = self.engines
        for engine in some if len(some) < 2 else some[0]._chance.sample(some, len(some)):
            engine.next_of(key)


@dataclass
class _Ticking:
    """A ticker and when it wants to be called."""

    name: str
    interval_s: float
    fn: Ticker
    begun_at: float = 0.0
    alarm: float | None = None  # business time
    pending: bool = True  # a round is due at the next point of its grid
    last: float = 0.0  # business time of the latest round or wake-up: the next point of the grid lies behind it
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    looking: bool = False  # a round is under way
    rounds: int = 0
    reads: dict[str, None] = field(default_factory=dict)  # systems that it has asked so far
    failures: list[str] = field(default_factory=list)


_looking: ContextVar[_Ticking | None] = ContextVar("_looking", default=None)  # the ticker whose round this is
RunList = list[RunStatus]
Lines = list[str]


class SimulatedEngine:
    """See `ports.engine.Engine`. `now` is business time, which runs with the loop's.

    A ticker that found nothing is not called again before something has changed where it looks (`poke`) or its own
    alarm rings: it would see the same books. That is what makes idle months cheap. Where it looks is learnt from the
    calls of its rounds (`asked`).
    """

    def __init__(
        self, state: EngineState, life: Incarnation, now: Callable[[], float], chance: Random, worker: Worker = NOBODY
    ) -> None:  # fmt: skip
        self._state, self._life, self._now, self._chance, self.worker = state, life, now, chance, worker
        self._processes: dict[str, Process] = {}
        self._tickers: dict[str, _Ticking] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closed = True
        self._restless = 0.0  # until then (business time) all tickers are called at each point of their grid

    # -- Engine -----------------------------------------------------------------------------

    def register(self, process: str, fn: Process) -> None:
        """See Engine."""
        self._processes[process] = fn

    def every(self, name: str, interval_s: float, fn: Ticker) -> None:
        """See Engine."""
        self._tickers[name] = _Ticking(name, interval_s, fn)

    def alarm(self, ticker: str, at: float) -> None:
        """See Engine."""
        if self._life.dead:
            return
        ticking = self._tickers[ticker]
        if ticking.alarm is None or at < ticking.alarm:
            ticking.alarm = at
            ticking.wake.set()

    async def start(self) -> None:
        """See Engine."""
        self._closed, state = False, self._state
        state.engines[:] = [engine for engine in state.engines if not engine._life.dead]
        state.busy = {}
        state.queues = {at: queue for at, queue in state.queues.items() if at[0] != self.worker.release}
        state.engines.append(self)
        for run in state.runs.values():
            if run.state == "running" and run.holder == self.worker:  # as in DBOS: it goes on with what was its own
                run.state = "queued"
            if run.state == "running":  # another's: the queue of its key is shut until it has ended
                state.busy[run.key] = run.id
        for run in state.runs.values():
            if run.state == "queued" and run.holder.release == self.worker.release:
                self._enqueue(run)
        for ticking in self._tickers.values():
            ticking.begun_at = self._now()
            self._tasks.append(asyncio.get_running_loop().create_task(self._tick(ticking)))

    async def submit(self, process: str, key: str, run_id: str, argument: Any) -> bool:
        """See Engine."""
        if self._life.dead:
            await self._life.never()
        if run_id in self._state.runs:
            return False
        run = Stored(run_id, process, key, encoded(argument))
        self._state.runs[run_id] = run
        self._enqueue(run)
        return True

    async def status(self, run_id: str) -> RunStatus | None:
        """See Engine."""
        run = self._state.runs.get(run_id)
        return None if run is None else self._status(run)

    async def list(self, state: RunState | None = None) -> RunList:
        """See Engine."""
        runs = self._state.runs
        found = runs.values() if state != "running" else [runs[run_id] for run_id in self._state.busy.values()]
        return [self._status(run) for run in found if state in (None, run.state)]

    async def cancel(self, run_id: str) -> bool:
        """See Engine; a run under way ends at its next step, and as in DBOS its key is free at once."""
        run = self._state.runs.get(run_id)
        if run is None or run.state not in ("queued", "running"):
            return False
        run.state = "cancelled"
        self._state.free(run.key, run.id)
        return True

    async def steps(self, run_id: str) -> Sequence[StepTaken]:
        """See Engine."""
        run = self._state.runs.get(run_id)
        return [] if run is None else [StepTaken(memo.name, error_of(memo)) for memo in run.memos]

    async def fork(self, run_id: str, step: int, as_run: str) -> bool:
        """See Engine."""
        if self._life.dead:
            await self._life.never()
        old = self._state.runs[run_id]
        if as_run in self._state.runs:
            return False
        new = Stored(as_run, old.process, old.key, old.argument, memos=old.memos[:step])
        self._state.runs[new.id] = new
        self._enqueue(new)
        return True

    async def close(self) -> None:
        """See Engine."""
        self._closed = True
        self.leave()
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()

    def _status(self, run: Stored) -> RunStatus:
        mine = run.holder in (self.worker, Worker("", self.worker.release))
        return RunStatus(run.id, run.process, run.key, run.state, run.error, None if mine else run.holder)

    # -- what the world asks ------------------------------------------------------------------

    def leave(self) -> None:
        """Its core is gone."""
        if self in self._state.engines:
            self._state.engines.remove(self)

    def poke(self, system: str = "") -> None:
        """Something has changed in a system (or anywhere): every ticker that looks there does so at its next time."""
        for ticking in self._tickers.values():
            if not system or system in ticking.reads:
                _rouse(ticking)

    def rouse(self, ticker: str) -> None:
        """Let one ticker look at its next time."""
        if ticker in self._tickers:
            _rouse(self._tickers[ticker])

    def asked(self, system: str) -> None:
        """The core calls a system; if this is within the round of a ticker, that is where it looks."""
        if (ticking := _looking.get()) is not None:
            ticking.reads[system] = None

    @property
    def stands_still(self) -> bool:
        """Its core was stopped, and does not go on by itself."""
        return self._life.stopped

    @property
    def busy(self) -> bool:
        """A run is under way or about to begin."""
        return any(self._state.runs[run].holder == self.worker for run in self._state.busy.values())

    def next_round(self) -> float | None:
        """When a ticker that has not looked since the last change will look (business time); None: all have."""
        return min((self._grid(ticking) for ticking in self._tickers.values() if ticking.pending), default=None)

    def next_alarm(self) -> float | None:
        """When a ticker will look by itself (business time)."""
        return min((ticking.alarm for ticking in self._tickers.values() if ticking.alarm is not None), default=None)

    def timers(self) -> Sequence[tuple[str, float | None, float | None, Lines]] | None:
        """Each ticker's alarm, its next look for a change (business times), and where it looks; None amid a round."""
        every = self._tickers.values()
        if self._now() < self._restless or any(one.looking for one in every):
            return None
        return [(one.name, one.alarm, self._grid(one) if one.pending else None, sorted(one.reads)) for one in every]

    def failures(self) -> Lines:
        """Rounds of tickers that raised."""
        return [f"{name}: {failure}" for name, ticking in self._tickers.items() for failure in ticking.failures]

    # -- runs -----------------------------------------------------------------------------------

    def _enqueue(self, run: Stored) -> None:
        run.holder = Worker("", self.worker.release)
        self._state.queues.setdefault((self.worker.release, run.key), deque()).append(run.id)
        self._state.next_of(run.key)

    def go_on(self) -> None:
        """Its core was stopped, and is not any more."""
        self._life.go_on()
        for _, key in self._state.queues:
            self.next_of(key)

    def next_of(self, key: str) -> None:
        """Begin the next run of a key, if there is one here and none is under way."""
        if self._closed or self._life.dead or self._life.stopped or key in self._state.busy:
            return
        queue = self._state.queues.get((self.worker.release, key), deque())
        while queue and self._state.runs[queue[0]].state != "queued":
            queue.popleft()  # cancelled before it began
        if not queue:
            return
        run = self._state.runs[queue.popleft()]
        self._state.busy[key] = run.id
        run.state, run.holder = "running", self.worker
        delay_s = self._chance.random() * START_JITTER_S
        self._tasks.append(asyncio.get_running_loop().create_task(self._run(run, delay_s)))
        if len(self._tasks) > 200:
            self._tasks = [task for task in self._tasks if not task.done()]

    async def _run(self, run: Stored, delay_s: float) -> None:
        _looking.set(None)
        in_a_run.set(True)
        run.begins_at = self._now() + delay_s
        await asyncio.sleep(delay_s)
        run.begins_at = 0.0
        await self._life.point(f"run {run.process}")
        if run.state != "cancelled":
            try:
                await self._processes[run.process](_Running(run, self._life), decoded(run.argument))
            except _Cancelled:
                pass
            except Exception as error:
                await self._life.point(f"failed {run.process}")
                self._end(run, "failed", repr(error))
                self._restless = self._now() + RESTLESS_S
                self.poke()
            else:
                await self._life.point(f"done {run.process}")
                self._end(run, "done")
        self._state.free(run.key, run.id)

    def _end(self, run: Stored, state: RunState, error: str = "") -> None:
        """A run that was cancelled behind its last step remains cancelled, as in DBOS."""
        if run.state == "running" and run.holder == self.worker:
            run.state, run.error = state, error

    # -- tickers --------------------------------------------------------------------------------

    async def _tick(self, ticking: _Ticking) -> None:
        _looking.set(ticking)
        while True:
            await self._until_due(ticking)
            if self._life.dead:
                await self._life.never()
            ticking.pending, ticking.alarm, ticking.looking = False, None, True
            try:
                found = await ticking.fn()
            except Exception as error:
                ticking.failures.append(repr(error))
                found = Tick(True)
            ticking.rounds, ticking.looking = ticking.rounds + 1, False
            if found.worked or self._now() < self._restless:
                ticking.pending = True
            if found.next_due is not None:  # time passes before: it may be a rounding error away, again and again
                self.alarm(ticking.name, max(found.next_due, self._now() + LATER_S))

    async def _until_due(self, ticking: _Ticking) -> None:
        if not ticking.rounds:
            return
        ticking.last, loop = self._now(), asyncio.get_running_loop()
        while True:
            now = self._now()
            if ticking.alarm is not None and ticking.alarm <= now + GRAIN_S:
                return
            grid = self._grid(ticking)
            if ticking.pending and grid <= now + GRAIN_S:
                return
            due = min(at for at in (grid if ticking.pending else None, ticking.alarm, float("inf")) if at is not None)
            ticking.wake.clear()
            bell = None if due == float("inf") else loop.call_later(max(0.0, due - now), ticking.wake.set)
            await ticking.wake.wait()
            if bell is not None:
                bell.cancel()
            if self._now() + GRAIN_S < due:
                ticking.last = max(ticking.last, self._now())

    def _grid(self, ticking: _Ticking) -> float:
        if not ticking.rounds:
            return ticking.begun_at
        passed = ticking.last - ticking.begun_at + GRAIN_S  # a round that was called a hair early has been
        return ticking.begun_at + ticking.interval_s * (int(passed / ticking.interval_s) + 1)


class _Cancelled(BaseException):
    """Ends a run that was cancelled; no `except Exception` of a process keeps it."""


class _Running:
    """See `ports.engine.Run`."""

    def __init__(self, run: Stored, life: Incarnation) -> None:
        self._run, self._life = run, life
        self.id, self.key = run.id, run.key
        self._index = 0

    def _check(self) -> None:
        if self._run.state == "cancelled":
            raise _Cancelled

    async def step(self, name: str, fn: Callable[[], Any]) -> Any:
        """See Run."""
        self._check()
        index = self._index
        self._index += 1
        if index < len(self._run.memos):
            memo = self._run.memos[index]
            if memo.name != name:
                raise RuntimeError(f"step {index} of {self.id} was {memo.name} and is {name} now: not deterministic")
        else:
            memo = Memo(name)
            try:
                memo.value = encoded(await fn())
            except Exception as error:
                memo.error = pickle.dumps(error)
            await self._life.point(f"memo {name}")
            self._check()
            self._run.memos.append(memo)
            await self._life.point(f"memoed {name}")
        if memo.error is not None:
            remembered: Exception = pickle.loads(memo.error)
            raise remembered
        return decoded(memo.value)


def _rouse(ticking: _Ticking) -> None:
    if not ticking.pending:
        ticking.pending = True
        ticking.wake.set()

"""Durable execution: processes made of memoised steps, one at a time per key, and tickers.

A process looks, acts and ends; it never waits for the outside. What must happen later is a due row in the work list.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeVar

from synccore.ports.holding import Worker

T = TypeVar("T")

RunState = Literal["queued", "running", "done", "failed", "cancelled"]


class Run(Protocol):
    """One execution of a process."""

    id: str
    key: str

    async def step(self, name: str, fn: Callable[[], Awaitable[T]]) -> T:
        """Run `fn` once and remember its result (JSON values only); after a crash the remembered result is returned.

        An exception is remembered and raised again likewise.
        """
        ...


@dataclass(frozen=True)
class RunStatus:
    """What the engine knows of a run. `held_by`: the worker who alone goes on with it; None: this one does, or may."""

    id: str
    process: str
    key: str
    state: RunState
    error: str = ""
    held_by: Worker | None = None


@dataclass(frozen=True)
class StepTaken:
    """One remembered step of a run: its result is kept, or its error (then it was the last)."""

    name: str
    error: str = ""


@dataclass(frozen=True)
class Tick:
    """What one round of a ticker found: did it work, and when will it have work by itself (business time)."""

    worked: bool
    next_due: float | None = None


Process = Callable[[Run, Any], Awaitable[None]]
Ticker = Callable[[], Awaitable[Tick]]


class Engine(Protocol):
    """What the core asks of a durable engine. Runs survive the process; tickers do not need to."""

    @property
    def worker(self) -> Worker:
        """Under which name this process takes up runs; who starts under it again goes on with what it had begun."""
        ...

    def register(self, process: str, fn: Process) -> None:
        """Name a process; before `start`."""
        ...

    def every(self, name: str, interval_s: float, fn: Ticker) -> None:
        """Call `fn` every `interval_s` wire seconds, never twice at once; before `start`. A raising tick is logged.

        The first round begins at `start`; a round's `next_due` counts as an `alarm` at that time.
        """
        ...

    def alarm(self, ticker: str, at: float) -> None:
        """Let this ticker's next round begin at business time `at` at the latest (an earlier alarm stays)."""
        ...

    async def start(self) -> None:
        """Recover what was under way and begin."""
        ...

    async def submit(self, process: str, key: str, run_id: str, argument: Any) -> bool:
        """Queue a run, once for ever per `run_id`; runs of one key go one at a time in order. False: known already."""
        ...

    async def status(self, run_id: str) -> RunStatus | None:
        """A run's state, or None."""
        ...

    async def list(self, state: RunState | None = None) -> "list[RunStatus]":
        """Runs, oldest first."""
        ...

    async def cancel(self, run_id: str) -> bool:
        """Stop a run that is not finished; False when there was none to stop."""
        ...

    async def steps(self, run_id: str) -> Sequence[StepTaken]:
        """The steps of a run that are remembered, in order; none for an unknown run."""
        ...

    async def fork(self, run_id: str, step: int, as_run: str) -> bool:
        """Run again as `as_run`, from the step with this index (0-based), with the results before it.

        Queued like a submitted run, once for ever per `as_run`. False: known already. LookupError: no such `run_id`.
        """
        ...

    async def close(self) -> None:
        """Stop taking up work; what is under way is taken up again by the next start."""
        ...

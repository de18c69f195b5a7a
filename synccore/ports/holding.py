"""Who may write: a run that was taken over is fenced off, and what was begun before has a time to be sent in.

A worker says that it is alive while there is any work (`Workers.beat`), and another takes over what it has under way
once it has not done so for long (`engine.holding`). It may be gone, or stopped (a paused machine, a long collection)
and wake up when its work is another's. So whatever a run does in the store it does unless it is fenced, in the same
transaction (`engine.holding.Held`); and an intention to write that was recorded is sent within `LEASE_S` or not at all.
Who takes over fences first and begins only when that time is past. What is stopped within the very call that sends is
beyond that: there the key of the write helps.
"""

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol

LEASE_S = 50.0  # wire seconds: a call may take 30, and who takes over waits for 60
PAUSE_S = 60.0  # between the fence and the new beginning
BEAT_S = 5.0  # between two signs of life of a worker, while there is any work
LOST_AFTER_S = 60.0  # without a sign of life it is lost, and its work another's
KEPT_S = 30 * 86_400.0  # so long it is known who was there, and which runs were taken over

HOLDER: ContextVar[str] = ContextVar("HOLDER", default="")
"""The run that is going on here, '' outside of all."""


@dataclass(frozen=True)
class Sending:
    """A write whose intention is recorded: what its calls carry, and until when (wire time) they may begin."""

    traceparent: str
    until: float


SENDING: ContextVar[Sending | None] = ContextVar("SENDING", default=None)
"""The write that is being sent; adapters heed it with each call."""


@dataclass(frozen=True)
class Worker:
    """A process of the core by its name, and the release that it runs; name '': any worker of that release."""

    name: str
    release: str


class Workers(Protocol):
    """Which workers are alive, and which runs were taken over; as all stores within the transaction of a `Unit`."""

    def beat(self, worker: Worker, at: float) -> None:
        """It is alive."""
        ...

    def beats(self) -> Mapping[Worker, int]:
        """How often each has said so: whose number no longer grows is lost. No clocks are compared."""
        ...

    def fence(self, run_id: str, at: float) -> None:
        """From now on this run does nothing any more: another goes on with its work."""
        ...

    def fenced(self, run_id: str) -> float | None:
        """When this run was taken over; None: it was not."""
        ...

    def forget(self, before: float) -> None:
        """Workers that were last heard of, and runs that were taken over, before that time."""
        ...

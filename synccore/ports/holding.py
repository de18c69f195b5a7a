"""Who may write: a run that was taken over is fenced off, and what was begun before has a time to be sent in.

A worker may be stopped anywhere (a paused machine, a long collection) and wake up when its work is another's. So the
intention to write is recorded only for a run that is not fenced, in the same transaction; and what was recorded is sent
within `LEASE_S` or not at all. Who takes over fences first and begins only when that time is past
(`engine.dispatch`). What is stopped within the very call that sends is beyond that: there the key of the write helps.
"""

from contextvars import ContextVar
from dataclasses import dataclass

LEASE_S = 50.0  # wire seconds: a call may take 30, and who takes over waits for 60

HOLDER: ContextVar[str] = ContextVar("HOLDER", default="")
"""The run that is going on here, '' outside of all."""


@dataclass(frozen=True)
class Sending:
    """A write whose intention is recorded: what its calls carry, and until when (wire time) they may begin."""

    traceparent: str
    until: float


SENDING: ContextVar[Sending | None] = ContextVar("SENDING", default=None)
"""The write that is being sent; adapters heed it with each call."""

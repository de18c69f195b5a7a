"""The limiter and circuit breaker of one system: how many calls at once, when none, and who looks after an outage.

A limit is the vendor's word and counts in wire time. An outage is ours to find out: after a few failures in a row the
system is away, work that needs it waits, and one call at a time looks whether it is back, ever more seldom.
"""

import asyncio
from dataclasses import dataclass

from synccore.ports.clock import Clock
from synccore.ports.outcomes import Away, Later, Limited

FIRST_S, AWAY_MAX_S = 2.0, 300.0  # so that one more failure after its return keeps within a quarter of an hour
STREAK_BEFORE_AWAY = 3
LOOKING_S = 5.0  # while one call looks whether the system is back, the others stay away so long


@dataclass
class Target:
    """One system: calls go through `slots`, none before `paused_until` (wire time) or `look_at` (business time)."""

    name: str
    clock: Clock
    slots: asyncio.Semaphore
    paused_until: float = 0.0
    streak: int = 0
    look_at: float = 0.0
    cause: str = ""

    def check(self) -> None:
        """Raise Limited while the target is paused, Away while it is not there: a process does not wait.

        For the call that comes next: who is let through to an absent system is the one that looks.
        """
        remaining = self.paused_until - self.clock.wire()
        if remaining > 0:
            raise Limited(remaining, f"{self.name} is paused")
        if self.streak < STREAK_BEFORE_AWAY:
            return
        now = self.clock.now()
        if now < self.look_at:
            raise Away(self.name, self.look_at - now, self.cause)
        self.look_at = now + LOOKING_S

    def pause(self, seconds: float) -> None:
        """No calls for so long."""
        self.paused_until = max(self.paused_until, self.clock.wire() + seconds)

    def failed(self, cause: str, retry_after_s: float | None = None) -> None:
        """Count a failure in a row; from the third on the target is away, and it is looked for ever more seldom."""
        self.streak += 1
        self.cause = cause
        if retry_after_s is not None:
            self.pause(retry_after_s)
        if self.streak >= STREAK_BEFORE_AWAY:
            self.look_at = self.clock.now() + self.backoff()

    def outage(self, cause: str) -> Later:
        """What a call that was certainly not applied ends with."""
        if self.streak >= STREAK_BEFORE_AWAY:
            return Away(self.name, max(0.0, self.look_at - self.clock.now()), cause)
        return Later(self.backoff(), cause)  # it counts: a system that fails at one thing alone is never away

    def backoff(self) -> float:
        """How long to stay away after so many failures in a row."""
        return min(AWAY_MAX_S, FIRST_S * float(1 << max(0, min(self.streak - 1, 16))))

    def answered(self) -> None:
        """It answers (again)."""
        self.streak = 0

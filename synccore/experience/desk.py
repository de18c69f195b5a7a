"""What the experience API asks of a core; the bootstrap's `Core` is one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from synccore.domain.service_levels import Level, Objective
from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.engine import StepTaken
from synccore.ports.rehearsals import Rehearsed
from synccore.ports.reports import KeptReport, TaxReport
from synccore.ports.stores import Signal, Unit


@dataclass(frozen=True)
class TickerView:
    """One ticker, as operators see it."""

    rounds: int
    quiet: bool
    next_due: float | None
    error: str
    away: str = ""
    looking: bool = False


class Desk(Protocol):
    """The core behind the API. Tokens map to role names (viewer, operator, admin)."""

    @property
    def database(self) -> Database:
        """The core's memory."""
        ...

    @property
    def clock(self) -> Clock:
        """The core's clock."""
        ...

    @property
    def version(self) -> str:
        """The application version that runs belong to."""
        ...

    @property
    def changes(self) -> int:
        """Grows with every change; equal numbers mean that nothing happened between."""
        ...

    def role_of(self, token: str) -> str:
        """The role of a bearer token, '' for a wrong one; in constant time."""
        ...

    def webhook_verified(self, authorization: str) -> bool:
        """Whether an Authorization header is the one that the platform was given; in constant time."""
        ...

    async def receive(self, event: Mapping[str, Any]) -> bool:
        """Store a platform event and the work it means, and hand it over; False when it was known.

        ValueError: the event makes no sense.
        """
        ...

    async def doubt(self, system: str, since: float) -> int:
        """What was written to a system since then may be gone: it was set back. How many writes that are."""
        ...

    async def replay(self, signals: Sequence[Signal], customer: str = "") -> int:
        """Translate stored signals into work again; returns how many mean any (of a customer, if one is named)."""
        ...

    async def rehearse(self, signals: Sequence[Signal], customer: str = "") -> list[Rehearsed]:
        """What a replay would do, without doing it."""
        ...

    async def reconcile(self, by: str, heals: bool = False) -> KeptReport:
        """Compare all books now, keep the report, and heal copies if asked to.

        Raises Later or Rejected when a system cannot be read.
        """
        ...

    async def taxes(self) -> TaxReport:
        """What the ledgers declare as tax; raises Later or Rejected when the platform cannot be read."""
        ...

    def exports(self, report_id: str) -> Path | None:
        """The file with the books of a report, None when it is not kept."""
        ...

    async def positions(self) -> Mapping[str, str]:
        """How far each source has been read, by the cursor's name."""
        ...

    def service_levels(self, unit: Unit) -> Sequence[tuple[Objective, Level]]:
        """What the core promises of its flows, and how far it keeps that now."""
        ...

    async def steps(self, run_id: str) -> Sequence[StepTaken]:
        """The steps that the engine remembers of a run."""
        ...

    async def kick(self) -> None:
        """Work was added or woken: hand it over now."""
        ...

    async def reload(self) -> None:
        """Mappings that the core holds in memory have changed."""
        ...

    def touch(self) -> None:
        """Note a change."""
        ...

    def quiet(self) -> bool:
        """Every ticker has looked since the last change and found nothing."""
        ...

    def tickers(self) -> Mapping[str, TickerView]:
        """All tickers by name."""
        ...

    async def foreign_runs(self) -> int:
        """Unfinished runs of other application versions: theirs while a worker of them is alive."""
        ...

    @property
    def alone(self) -> bool:
        """No other process works under this worker's name."""
        ...

    def taken_over_at(self) -> Mapping[str, float]:
        """Runs that other workers hold, by id, and when this one looks at each again (business time)."""
        ...

    def metrics(self, gauges: Mapping[str, tuple[str, float]]) -> bytes:
        """All counters and the given gauges as Prometheus text."""
        ...

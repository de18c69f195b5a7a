"""Who did what; append-only."""

from dataclasses import dataclass
from typing import Any, Protocol

Json = Any


@dataclass(frozen=True)
class AuditEntry:
    """One act of a person or of the core."""

    actor: str
    action: str
    subject: str
    details: Json
    at: float


class Audit(Protocol):
    """Who did what; append-only."""

    def add(self, actor: str, action: str, subject: str, details: Json, at: float) -> None:
        """Record an act."""
        ...

    def of_subject(self, subject: str) -> list[AuditEntry]:
        """What was done to one thing, oldest first."""
        ...

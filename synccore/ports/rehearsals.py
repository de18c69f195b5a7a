"""What a dry run tells."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class PlannedWrite:
    """One write that would be sent; `fields`: name -> [now, then], what is new has None now."""

    method: str
    target: str  # the path at the system, or `erp_legacy <interface>`
    fields: dict[str, tuple[Any, Any]]


@dataclass
class Rehearsed:
    """A piece of work: what it would write, why it would wait, or `nothing to do`."""

    process: str
    subject: str
    outcome: str = "nothing to do"
    writes: list[PlannedWrite] = field(default_factory=list)

"""Canonical events: CloudEvents 1.0 with the extensions the core uses."""

from dataclasses import dataclass, field
from typing import Any

TYPE_PREFIX = "windtunnel."


@dataclass(frozen=True)
class Event:
    """One canonical event. `source` + `id` identify it; `partition` is the customer it belongs to.

    `type` is the business name without prefix (order-received, invoice-issued, …); `sequence` is
    given by the log when it is appended.
    """

    type: str
    source: str
    id: str
    subject: str
    partition: str
    time: float  # business time, epoch seconds
    data: dict[str, Any] = field(default_factory=dict)
    causation: str = ""
    correlation: str = ""
    sequence: int = 0
    version: int = 1

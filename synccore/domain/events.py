"""Canonical events: CloudEvents 1.0 with the extensions the core uses."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TYPE_PREFIX = "windtunnel."


def dataschema(kind: str, version: int) -> str:
    """The URI of a type's schema; the reviewed document carries it as `$id`."""
    return f"urn:windtunnel:event:{kind}:{version}"


@dataclass(frozen=True)
class Event:
    """One canonical event. `source` + `id` identify it; `partition` is the customer it belongs to.

    `type` is the business name without prefix (order-received, invoice-issued, …); `sequence` is
    given by the log when it is appended; `version` is that of the type's schema.
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

    @staticmethod
    def full_type(kind: str) -> str:
        """The CloudEvents `type` of a business name."""
        return TYPE_PREFIX + kind

    def cloud_event(self) -> dict[str, Any]:
        """The event as CloudEvents 1.0 JSON; extensions partitioning, sequence (sorts as text), causation."""
        return {
            "specversion": "1.0", "id": self.id, "source": self.source, "type": self.full_type(self.type),
            "subject": self.subject, "time": datetime.fromtimestamp(self.time, UTC).isoformat(timespec="milliseconds"),
            "datacontenttype": "application/json", "dataschema": dataschema(self.type, self.version),
            "partitionkey": self.partition, "sequence": f"{self.sequence:020d}", "causationid": self.causation,
            "correlationid": self.correlation, "data": self.data,
        }  # fmt: skip

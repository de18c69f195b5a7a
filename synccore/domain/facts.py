"""How canonical events are made from business facts: type, identity and partition, the same on every retelling."""

from typing import Any

from synccore.domain.events import Event
from synccore.domain.payloads import checked

SOURCES = {name: f"/systems/{name}" for name in ("salesforce", "subscriptions", "erp_cloud", "erp_legacy", "metering")}


def fact(
    kind: str, system: str, key: str, partition: str, at: float, data: dict[str, Any], causation: str = "",
    correlation: str = "",
) -> Event:  # fmt: skip
    """The event of a business fact. `key` identifies the fact in its system (the bill's number, the deal's id, …).

    Raises payloads.Misshapen when the data are not what an event of this type carries.
    """
    version = checked(kind, data).version
    return Event(
        type=kind, source=SOURCES[system], id=f"{kind}/{key}", subject=key, partition=partition, time=at, data=data,
        causation=causation, correlation=correlation or key, version=version,
    )  # fmt: skip

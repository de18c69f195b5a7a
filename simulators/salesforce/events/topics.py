"""Topics by name: which entities' events each one carries, and who may publish there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.salesforce.events.avro import event_name
from simulators.salesforce.schemas import Schema

approximate(
    "Change Data Capture",
    "is on for every writable object unless `change_events` in org.yaml lists some; a real org begins with none",
    source="ours",
)

ALL = "/data/ChangeEvents"
_DATA, _EVENT = "/data/", "/event/"


@dataclass(frozen=True)
class Topic:
    """What a name leads to: entity names as the bus has them, and the one whose schema the topic has ('': several)."""

    name: str
    entities: tuple[str, ...]
    entity: str = ""
    publishes: bool = False


def captured(schema: Schema) -> frozenset[str]:
    """The objects whose changes are told, by canonical name."""
    return _known(schema)[0]


def find(schema: Schema, name: str) -> Topic | None:
    """The topic of that name, or None."""
    selected, by_event = _known(schema)
    head, slash, last = name.rpartition("/")
    kind = head + slash
    if name == ALL:
        return Topic(name, tuple(sorted(selected)))
    if last.endswith("__chn") and kind in (_DATA, _EVENT):
        return _channel(schema, name, kind, last)
    if kind == _DATA and last in by_event:
        return Topic(name, (by_event[last],), by_event[last])
    if kind == _EVENT and last in platform_events(schema):
        return Topic(name, (last,), last, publishes=True)
    return None


def platform_events(schema: Schema) -> dict[str, Any]:
    """The platform events that the org declares, by name."""
    found: dict[str, Any] = schema.raw.get("events") or {}
    return found


def _channel(schema: Schema, name: str, kind: str, last: str) -> Topic | None:
    members = (schema.raw.get("channels") or {}).get(last)
    if members is None or all(member.endswith("__e") for member in members) != (kind == _EVENT):
        return None
    return Topic(name, tuple(members))


def _known(schema: Schema) -> tuple[frozenset[str], dict[str, str]]:
    found: tuple[frozenset[str], dict[str, str]] | None = schema.plans.get("events")
    if found is None:
        named = schema.raw.get("change_events")
        writable = [sobject.name for sobject in schema.objects.values() if sobject.writable and not sobject.setting]
        selected = frozenset(writable if named is None else named)
        found = schema.plans["events"] = (selected, {event_name(name): name for name in writable})
    return found

"""Events as JSON, the way CometD clients are sent them: made of the very payload that Pub/Sub clients decode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import fastavro
import orjson

from simulators.kit.fidelity import approximate, exact
from simulators.salesforce.events.avro import ADDRESS_PARTS, decoded
from simulators.salesforce.events.bus import Event

if TYPE_CHECKING:
    from simulators.salesforce.events.bus import Bus

exact(
    "change events as JSON: what is not empty of a new record, what changed of an updated one (null if emptied), "
    "nothing of a deleted one; changed fields by name; moments as ISO texts",
    source="documented, observed",
    held_by="test_cometd",
)
approximate("`event` of a platform event in JSON", "has EventUuid and replayId alone", source="documented")

HEADER = "ChangeEventHeader"
_BITMAPS = ("nulledFields", "diffFields", "changedFields")
_WHOLE = ("CREATE", "UNDELETE")


class Shown:
    """Turns events into what a CometD message has as `data`; remembers the schemas that it has parsed."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._schemas: dict[str, tuple[Any, list[dict[str, Any]]]] = {}

    def data(self, event: Event) -> dict[str, Any]:
        """{schema, payload, event: {replayId, …}}."""
        parsed, fields = self._schema(event.schema)
        record = decoded(parsed, event.payload)
        about: dict[str, Any] = {"replayId": event.replay}
        if HEADER in record:
            payload = _change(record, fields)
        else:
            payload = {field["name"]: _text(field, record.get(field["name"])) for field in fields}
            about = {"EventUuid": event.id, **about}
        return {"schema": event.schema, "payload": payload, "event": about}

    def _schema(self, schema: str) -> tuple[Any, list[dict[str, Any]]]:
        found = self._schemas.get(schema)
        if found is None:
            known = self._bus.schema(schema)
            assert known is not None  # an event's schema is kept before the event
            plain = orjson.loads(known[1])
            found = self._schemas[schema] = fastavro.parse_schema(plain), orjson.loads(known[1])["fields"]
        return found


def _change(record: Mapping[str, Any], fields: Sequence[dict[str, Any]]) -> dict[str, Any]:
    header = {name: value for name, value in record[HEADER].items() if name not in _BITMAPS}
    changed = _names(record[HEADER]["changedFields"], fields)
    payload: dict[str, Any] = {HEADER: {**header, "changedFields": changed}}
    for field in fields[1:]:
        name, value = field["name"], record.get(field["name"])
        parts = [one.partition(".")[2] for one in changed if one.startswith(f"{name}.")]
        if header["changeType"] in _WHOLE and value is not None:
            payload[name] = _filled(value) if isinstance(value, dict) else _text(field, value)
        elif parts:
            payload[name] = {part: (value or {}).get(part) for part in parts}
        elif name in changed:
            payload[name] = _text(field, value)
    return payload


def _filled(value: Mapping[str, Any]) -> dict[str, Any]:
    return {part: one for part, one in value.items() if one is not None}


def _names(bitmaps: Sequence[str], fields: Sequence[dict[str, Any]]) -> list[str]:
    """The fields that bitmaps speak of: one of the top level, and `place-bitmap` for each compound."""
    found: list[str] = []
    for text in bitmaps:
        place, nested, bits = text.rpartition("-")
        chosen = fields if not nested else _parts(fields[int(place)])
        prefix = f"{fields[int(place)]['name']}." if nested else ""
        number = int(bits, 16)
        found += [f"{prefix}{one['name']}" for at, one in enumerate(chosen) if number >> at & 1]
    return found


def _parts(field: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Parts of a compound; a type that is spelled out elsewhere is the address, whose parts are always the same."""
    for kind in field["type"]:
        if isinstance(kind, dict):
            found: list[dict[str, Any]] = kind["fields"]
            return found
    return [{"name": part} for part in ADDRESS_PARTS]


def _text(field: Mapping[str, Any], value: Any) -> Any:
    """A value as JSON has it: Avro's milliseconds are dates, times and moments again, as the field's note says."""
    kind = str(field.get("doc", "")).split(":")[1:2]
    if value is None or kind not in (["DateTime"], ["DateOnly"], ["TimeOnly"]):
        return value
    moment = datetime.fromtimestamp(value / 1000, UTC)
    text = f"{moment:%Y-%m-%dT%H:%M:%S}.{value % 1000:03d}Z"
    day, _, time = text.partition("T")
    return {"DateTime": text, "DateOnly": day, "TimeOnly": time}[kind[0]]

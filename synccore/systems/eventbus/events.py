"""Change events as the core reads them: Avro by the schema that each names, bitmaps turned into our field names."""

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import fastavro

from synccore.domain.drift import FieldMaps
from synccore.ports.feed import Told

_GAP, _OVERFLOW, _HEADER = "GAP_", "GAP_OVERFLOW", "ChangeEventHeader"


@dataclass(frozen=True)
class Shape:
    """A schema: the names at each place, and those within the records that stand there."""

    parsed: Any
    names: tuple[str, ...]
    within: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, text: str) -> "Shape":
        """Of its JSON. Raises ValueError."""
        schema = json.loads(text)
        try:
            records: dict[str, tuple[str, ...]] = {}
            within = [_within(field["type"], records) for field in schema["fields"]]
            names = tuple(str(field["name"]) for field in schema["fields"])
            return cls(fastavro.parse_schema(schema), names, tuple(within))
        except Exception as error:  # the codec has no class of its own for what it cannot read
            raise ValueError(f"the schema is none: {type(error).__name__}") from None

    def fields(self, bitmaps: list[str]) -> frozenset[str]:
        """The names that bitmaps stand for; those within a compound are put behind its own: `BillingCity`."""
        found: list[str] = []
        for bitmap in bitmaps:
            parent, _, bits = bitmap.rpartition("-")
            names, number = self.names, int(bits, 16)
            prefix = ""
            if parent:
                prefix = self.names[int(parent)].removesuffix("Address")
                names = self.within[int(parent)]
                prefix = "" if prefix == "Name" else prefix
            found += [prefix + name for place, name in enumerate(names) if number >> place & 1]
        return frozenset(found)


def _within(kind: Any, records: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Names of the record among a field's types; one that is spelled out is known by its name from then on."""
    for one in kind if isinstance(kind, list) else [kind]:
        if isinstance(one, dict) and one.get("type") == "record":
            names = tuple(str(field["name"]) for field in one["fields"])
            records[str(one["name"])] = names
            return names
        if isinstance(one, str) and one.rpartition(".")[2] in records:
            return records[one.rpartition(".")[2]]
    return ()


def told(shape: Shape, payload: bytes, topic: str, place: str, client: str, maps: FieldMaps, system: str) -> Told:
    """One event. Raises ValueError for a payload that its schema does not fit."""
    try:
        record: Any = fastavro.schemaless_reader(io.BytesIO(payload), shape.parsed, None)
        header: Mapping[str, Any] = record[_HEADER]
        kind, name = str(header["changeType"]), str(header["entityName"])
        changed = shape.fields(header["changedFields"]) if kind == "UPDATE" else None
        ids = tuple(map(str, header["recordIds"]))
        values = {maps.ours(system, name, key): value for key, value in record.items() if value is not None}
        at = float(header["commitTimestamp"]) / 1000.0
        ours = f"client={client}" in str(header["changeOrigin"]).split(";")
    except Exception as error:
        raise ValueError(f"an event that its schema does not fit: {type(error).__name__}") from None
    if changed is not None:
        changed = frozenset(maps.ours(system, name, field) for field in changed)
    known = "OVERFLOW" if kind == _OVERFLOW or not ids else "GAP" if kind.startswith(_GAP) else kind
    return Told(topic, place, name, known, ids, changed, values, ours, at)

"""Avro schemas of change and platform events, made from the org's schema, and values as those schemas carry them."""

from __future__ import annotations

import base64
import hashlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import Any

import fastavro
import orjson

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.events.cells import NULL, cell, record_cell
from simulators.salesforce.schemas import Field, SObject

exact(
    "change event schemas: header first, then every field but Id, IsDeleted and SystemModstamp, nullable; address "
    "parts and names of people as records; changed, nulled and diff fields as upper-case bitmaps by position",
    source="recorded, observed",
    held_by="test_change_events",
)
approximate(
    "Schema ids", "are a fingerprint of our schema text: 22 characters, other than the vendor's for a like schema"
)

NAMESPACE = "com.sforce.eventbus"
CHANGE_TYPES = ("CREATE", "UPDATE", "DELETE", "UNDELETE", "GAP_CREATE", "GAP_UPDATE", "GAP_DELETE", "GAP_UNDELETE",
                "GAP_OVERFLOW", "SNAPSHOT")  # fmt: skip
_UNSEEN = frozenset(("Id", "IsDeleted", "SystemModstamp"))
ADDRESS_PARTS = ("Street", "City", "State", "PostalCode", "Country", "StateCode", "CountryCode", "Latitude",
                  "Longitude", "GeocodeAccuracy")  # fmt: skip
_DEGREES = frozenset(("Latitude", "Longitude"))
_NAME_PARTS = ("Salutation", "FirstName", "LastName")
_PERSONS = {"Account": "Switchable_PersonName", "Contact": "PersonName"}  # what a Name is a record of
_DOCS = {
    "picklist": "DynamicEnum", "multipicklist": "MultiEnum", "textarea": "StringPlusClob", "phone": "Phone",
    "url": "Url", "email": "Email", "currency": "Currency", "double": "Double", "percent": "Percent", "int": "Integer",
    "boolean": "Boolean", "datetime": "DateTime", "date": "DateOnly", "time": "TimeOnly", "reference": "EntityId",
}  # fmt: skip
TYPES = {"currency": "double", "double": "double", "percent": "double", "int": "int", "boolean": "boolean",
          "datetime": "long", "date": "long", "time": "long"}  # fmt: skip
_ROLES = {"CreatedDate": "CreatedDate:DateTime", "CreatedById": "CreatedBy:EntityId", "Name": "Name:Name",
          "OwnerId": "ForeignKey:EntityId"}  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One field of an event: what it is called, and the object's fields that it is made of (several: a compound)."""

    name: str
    parts: tuple[tuple[int, str, Field], ...]  # place and name within the compound, field
    compound: bool = False


@dataclass(frozen=True)
class Layout:
    """The events of one object: their columns by position (from 1; 0 is the header) and their schema."""

    entity: str
    columns: tuple[Column, ...]
    text: str  # the schema as JSON

    @cached_property
    def id(self) -> str:
        """22 characters of base64url over a 16-byte fingerprint."""
        return schema_id(self.text)

    def encode(self, header: Mapping[str, Any], doc: Doc, wanted: frozenset[str] | None) -> bytes:
        """An event's payload; `wanted` names the fields that have values (None: all)."""
        cells = [NULL] * len(self.columns)  # what is missing is null by itself
        for place, column in self._always:
            value = _value(column, doc, wanted)
            if column.compound:
                cells[place] = record_cell(_members(column), value)
            else:
                cells[place] = cell("boolean", value)
        plain = self._plain
        for name, value in doc.items():
            if name in plain and (wanted is None or name in wanted):
                field_of, place = plain[name]
                cells[place] = cell(TYPES.get(field_of.type, "string"), converted(field_of, value))
        return encoded(_HEADER, header) + b"".join(cells)

    @cached_property
    def _always(self) -> tuple[tuple[int, Column], ...]:
        """Columns that are more than one stored value: compounds, and booleans, which are never null."""
        columns = enumerate(self.columns)
        return tuple((at, one) for at, one in columns if one.compound or one.parts[0][2].type == "boolean")

    @cached_property
    def _plain(self) -> dict[str, tuple[Field, int]]:
        """The other columns by the field that they show."""
        always = {place for place, _ in self._always}
        return {one.parts[0][2].name: (one.parts[0][2], at) for at, one in enumerate(self.columns) if at not in always}

    @cached_property
    def _places(self) -> dict[str, tuple[int, int, bool]]:
        """Position of a field's column (from 1), place within it, and whether it is a compound."""
        columns = enumerate(self.columns, 1)
        return {field.name: (at, bit, one.compound) for at, one in columns for bit, _, field in one.parts}

    def bitmap(self, fields: frozenset[str]) -> list[str]:
        """The places of fields: one map for the top level, and one for each compound that is concerned."""
        top, nested = 0, dict[int, int]()
        for place, bit, compound in (self._places[name] for name in fields if name in self._places):
            if compound:
                nested[place] = nested.get(place, 0) | 1 << bit
            else:
                top |= 1 << place
        within = [f"{place}-{_hexadecimal(bits)}" for place, bits in sorted(nested.items())]
        return [_hexadecimal(top), *within] if top or within else []


def _hexadecimal(bits: int) -> str:
    return "0x" + bits.to_bytes(max(1, (bits.bit_length() + 7) // 8), "big").hex().upper()


def encoded(schema: Any, record: Mapping[str, Any]) -> bytes:
    """Raw Avro: no container, no schema in front."""
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def decoded(schema: Any, payload: bytes) -> dict[str, Any]:
    """The record of a payload; ValueError when it is none, or something is left behind it."""
    source = io.BytesIO(payload)
    try:
        record: Any = fastavro.schemaless_reader(source, schema, None)
    except Exception as error:  # the codec has no class of its own for what it cannot read
        raise ValueError(f"the payload does not fit the schema: {type(error).__name__}") from None
    if source.read(1) or not isinstance(record, dict):
        raise ValueError("the payload is longer than the schema says")
    return record


def schema_id(text: str) -> str:
    """The id of a schema is a function of its text."""
    return base64.urlsafe_b64encode(hashlib.blake2b(text.encode(), digest_size=16).digest()).decode().rstrip("=")


# -- change events ----------------------------------------------------------------------------


def event_name(sobject: str) -> str:
    """`AccountChangeEvent`, `Invoice__ChangeEvent`."""
    return f"{sobject.removesuffix('c')}ChangeEvent" if sobject.endswith("__c") else f"{sobject}ChangeEvent"


def change_layout(sobject: SObject) -> Layout:
    """How changes of an object are told."""
    columns = tuple(_columns(sobject))
    fields = [_header()]
    spelled = False  # a named type is spelled out where it first occurs
    for column in columns:
        address = column.compound and column.name != "Name"
        kind = _kind(sobject, column, spelled)
        spelled = spelled or address
        doc = "Data:Address" if address else doc_of(sobject.fields[column.name.lower()])
        fields.append({"name": column.name, "type": kind, "doc": doc, "default": None})
    schema = {"type": "record", "name": event_name(sobject.name), "namespace": NAMESPACE, "fields": fields}
    return Layout(sobject.name, columns, orjson.dumps(schema).decode())


def _columns(sobject: SObject) -> list[Column]:
    person = _PERSONS.get(sobject.name)
    found: list[Column] = []
    for field in sobject.fields.values():
        if (
            field.name in _UNSEEN
            or field.formula
            or field.compound
            or (person == "PersonName" and field.name in _NAME_PARTS)
        ):
            continue
        if field.type == "address":
            found.append(_compound(sobject, field.name, field.name.removesuffix("Address"), ADDRESS_PARTS))
        elif field.name == "Name" and person == "PersonName":
            found.append(_compound(sobject, field.name, "", _NAME_PARTS))
        else:
            found.append(Column(field.name, ((0, field.name, field),)))
    return found


def _compound(sobject: SObject, name: str, group: str, parts: Sequence[str]) -> Column:
    known = ((place, part, sobject.get(f"{group}{part}")) for place, part in enumerate(parts))
    return Column(name, tuple((place, part, one) for place, part, one in known if one is not None), compound=True)


def _kind(sobject: SObject, column: Column, spelled: bool) -> list[Any]:
    person = _PERSONS.get(sobject.name) if column.name == "Name" else None
    if person is not None:
        record = _record(person, _NAME_PARTS)
        return ["null", record] if column.compound else ["null", "string", record]
    if column.compound:
        return ["null", f"{NAMESPACE}.Address" if spelled else _record("Address", ADDRESS_PARTS)]
    return ["null", TYPES.get(column.parts[0][2].type, "string")]


def _record(name: str, parts: tuple[str, ...]) -> dict[str, Any]:
    fields = [
        {"name": part, "type": ["null", kind], "doc": "Data:Text", "default": None}
        for part, kind in _kinds(parts).items()
    ]
    return {"type": "record", "name": name, "namespace": NAMESPACE, "fields": fields}


@cache
def _kinds(parts: tuple[str, ...]) -> dict[str, str]:
    """Kinds of a compound's parts, by name."""
    return {part: "double" if part in _DEGREES else "string" for part in parts}


def _members(column: Column) -> dict[str, str]:
    return _kinds(_NAME_PARTS if column.name == "Name" else ADDRESS_PARTS)


def doc_of(field: Field) -> str:
    """Role and type, as the vendor notes them beside each field."""
    kind = _DOCS.get(field.type, "Text")
    role = _ROLES.get(field.name, f"{'ForeignKey' if field.type == 'reference' else 'Data'}:{kind}")
    return f"{role}:00N" if field.custom else role


def _header() -> dict[str, Any]:
    texts = {"type": "array", "items": "string"}
    kinds = {"type": "enum", "name": "ChangeType", "namespace": NAMESPACE, "symbols": list(CHANGE_TYPES)}
    fields: Sequence[tuple[str, Any]] = (
        ("entityName", "string"), ("recordIds", texts), ("changeType", kinds), ("changeOrigin", "string"),
        ("transactionKey", "string"), ("sequenceNumber", "int"), ("commitTimestamp", "long"), ("commitNumber", "long"),
        ("commitUser", "string"), ("nulledFields", texts), ("diffFields", texts), ("changedFields", texts),
    )  # fmt: skip
    record = {"type": "record", "name": "ChangeEventHeader", "namespace": NAMESPACE,
              "fields": [{"name": name, "type": kind} for name, kind in fields]}  # fmt: skip
    return {"name": "ChangeEventHeader", "type": record}


_HEADER = fastavro.parse_schema(_header()["type"])


# -- values -----------------------------------------------------------------------------------


def _value(column: Column, doc: Doc, wanted: frozenset[str] | None) -> Any:
    if column.compound and not any(field.name in doc for _, _, field in column.parts):
        return None  # most records lack most compounds
    values = {
        part: converted(field, doc.get(field.name))
        for _, part, field in column.parts
        if wanted is None or field.name in wanted
    }
    if not column.compound:
        return next(iter(values.values()), None)
    return values if any(value is not None for value in values.values()) else None


def converted(field: Field, value: Any) -> Any:
    """A stored value as Avro carries it; dates and moments are milliseconds since 1970, a boolean is never null."""
    if value is None:
        return False if field.type == "boolean" else None
    kind = TYPES.get(field.type)
    if kind == "double":
        return float(value)
    if kind == "long":
        return _milliseconds(field.type, value)
    return value


def _milliseconds(kind: str, text: str) -> int:
    if kind == "time":
        hours, minutes, seconds = text.rstrip("Z").split(":")
        return round((int(hours) * 3600 + int(minutes) * 60 + float(seconds)) * 1000)
    moment = datetime.fromisoformat(text) if kind == "datetime" else datetime.fromisoformat(f"{text}T00:00:00+00:00")
    return round(moment.timestamp() * 1000)

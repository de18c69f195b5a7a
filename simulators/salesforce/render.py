"""Records as they go over the wire."""

from collections.abc import Iterable
from typing import Any

from simulators.kit.store import Doc
from simulators.salesforce.schemas import ADDRESS_PARTS, Field, SObject

_PARTS = tuple(sorted((part[0].lower() + part[1:], part) for part in ADDRESS_PARTS))


def attributes(sobject: str, record_id: str, root: str) -> dict[str, str]:
    """The `attributes` member of a record."""
    return {"type": sobject, "url": f"{root}/sobjects/{sobject}/{record_id}"}


def address(doc: Doc, compound: str) -> dict[str, Any] | None:
    """A compound address from its parts, or None when all are empty."""
    group = compound.removesuffix("Address")
    found = {shown: doc.get(group + part) for shown, part in _PARTS}
    return found if any(value is not None for value in found.values()) else None


def value(doc: Doc, field: Field) -> Any:
    """One field of a record as shown."""
    if field.type == "address":
        return address(doc, field.name)
    return doc.get(field.name, False if field.type == "boolean" else None)


def record(sobject: SObject, doc: Doc, root: str) -> dict[str, Any]:
    """A whole record, nulls included."""
    shown: dict[str, Any] = {"attributes": attributes(sobject.name, doc["Id"], root)}
    for name, missing in sobject.shown:
        shown[name] = doc.get(name, missing)
    for field in sobject.addresses:
        shown[field.name] = address(doc, field.name)
    return shown


def selection(sobject: SObject, doc: Doc, root: str, fields: Iterable[Field]) -> dict[str, Any]:
    """Some fields of a record, and always its id."""
    shown: dict[str, Any] = {"attributes": attributes(sobject.name, doc["Id"], root)}
    for field in fields:
        shown[field.name] = value(doc, field)
    shown.setdefault("Id", doc["Id"])
    return shown

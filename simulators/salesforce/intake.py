"""From what a client wrote to field values: names in any case, types, references by external id, access."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from simulators.salesforce.errors import ApiError, Problem, failed
from simulators.salesforce.schemas import Field, SObject
from simulators.salesforce.state import OrgState
from simulators.salesforce.values import Rejected, Unreadable, coerce


class Writing(NamedTuple):
    """Who writes, when (epoch s) and how. `relaxed`: seed rows may set what the API keeps to itself."""

    at: float
    user: str
    body: bytes = b""
    csv: bool = False
    relaxed: bool = False
    origin: str = ""  # the interface and client, as change events name them


def read_values(
    org: OrgState, sobject: SObject, raw: Mapping[str, Any], creating: bool, how: Writing
) -> dict[str, Any]:
    """Field values by canonical name; None clears. Raises ApiError with every problem of the first kind found."""
    values: dict[str, Any] = {}
    closed: list[str] = []
    problems: list[Problem] = []
    for key, value in raw.items():
        field = sobject.fields.get(key.lower())
        if field is None:
            if key.lower() != "attributes":
                _related(org, sobject, key, value, values)
            continue
        if field.name == "Id" and not how.relaxed:
            raise failed("INVALID_FIELD", "The Id field should not be specified in the sobject data.")
        if field.formula and how.relaxed:
            continue  # an export has its values, this org its own
        if not _open(field, creating, how):
            closed.append(field.name)
            continue
        try:
            values[field.name] = coerce(sobject, field, value)
        except Rejected as rejected:
            problems.append(rejected.problem)
        except Unreadable as unreadable:
            problems.append(_unreadable(unreadable, key, how))
    if closed:
        message = (
            f"Unable to create/update fields: {', '.join(closed)}. Please check the security settings of this field "
            "and verify that it is read/write for your profile or permission set."
        )
        raise ApiError(Problem("INVALID_FIELD_FOR_INSERT_UPDATE", message, tuple(closed)))
    if problems:
        raise ApiError(problems)
    return values


def _open(field: Field, creating: bool, how: Writing) -> bool:
    if how.relaxed:
        return field.type != "address"
    return field.createable if creating else field.updateable


def _unreadable(error: Unreadable, key: str, how: Writing) -> Problem:
    if how.csv:
        message = f"{error.field.label}: value not of required type: {error.value}"
        return Problem("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (error.field.name,))
    line, column = position(how.body, key)
    message = f"{error} or request may be missing a required field at [line:{line}, column:{column}]"
    raise ApiError(Problem("JSON_PARSER_ERROR", message), whole=True)


def position(body: bytes, key: str) -> tuple[int, int]:
    """Line and column (from 1) of the value under `key` in a JSON body; (1, 1) when it cannot be found."""
    text = body.decode("utf-8", "replace")
    match = re.search(rf'"{re.escape(key)}"\s*:\s*', text)
    if match is None:
        return 1, 1
    before = text[: match.end()]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def _related(org: OrgState, sobject: SObject, key: str, value: Any, values: dict[str, Any]) -> None:
    reference = sobject.parents.get(key.lower())
    if reference is None or not (value is None or isinstance(value, Mapping)):
        raise failed("INVALID_FIELD", f"No such column '{key}' on sobject of type {sobject.name}")
    if value is None:
        values[reference.name] = None
        return
    named = {name: item for name, item in value.items() if name.lower() not in ("attributes", "type")}
    target = org.spec(reference.to) if len(reference.targets) == 1 else _named_target(org, reference, key, value)
    if len(named) != 1:
        raise failed("INVALID_FIELD", f"The relationship '{key}' must name exactly one external id of {target.name}")
    name, wanted = next(iter(named.items()))
    field = target.get(name)
    if field is None:
        raise failed("INVALID_FIELD", f"No such column '{name}' on sobject of type {target.name}")
    if not field.id_lookup:
        message = f"Field name provided, {name} is not an External ID or indexed field for {target.name}"
        raise failed("INVALID_FIELD", message)
    values[reference.name] = _look_up(org, target, field, wanted)


def _named_target(org: OrgState, reference: Field, key: str, value: Mapping[str, Any]) -> SObject:
    """Which object a reference to one of several means: the value's `attributes.type`, or `type`."""
    attributes = value.get("attributes")
    named = attributes.get("type") if isinstance(attributes, Mapping) else value.get("type")
    if not isinstance(named, str) or named.lower() not in {one.lower() for one in reference.targets}:
        message = f"The relationship '{key}' needs the type of its record, which is one of {reference.targets}"
        raise failed("INVALID_FIELD", message)
    return org.spec(named)


def _look_up(org: OrgState, target: SObject, field: Field, wanted: Any) -> str:
    if field.type == "id":
        return str(wanted)
    try:
        value = coerce(target, field, wanted if isinstance(wanted, str) else str(wanted))
    except (Rejected, Unreadable):
        value = None
    found = [] if value is None else org.where(target.name, field.name, value, limit=2)
    if not found:
        message = f"Foreign key external ID: {wanted} not found for field {field.name} in entity {target.name}"
        raise failed("INVALID_FIELD", message)
    if len(found) > 1:
        message = f"Foreign key external ID: {wanted} matches more than one {target.name} by field {field.name}"
        raise failed("INVALID_FIELD", message)
    return str(found[0]["Id"])

"""Request bodies to canonical values: names in any case, references in all their forms, nothing unknown kept."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from simulators.erp_cloud.errors import Problem, Refused, invalid_content, invalid_value, unknown_property
from simulators.erp_cloud.rules_money import number_text, precision_error
from simulators.erp_cloud.schemas import Field
from simulators.kit.fidelity import approximate, exact

exact("references as object, id, external id, refName", source="documented, observed", held_by="test_records")
approximate("refName", "stands on every reference")
approximate("read-only properties in a body", "are dropped silently")

Values = dict[str, Any]
Resolve = Callable[[str, str, str], str | None]

LENIENCY = ("ignore", "warning", "error")
IGNORED = frozenset(("links", "id", "refname"))  # what a GET shows and a write may send back
_DAY = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_EXTERNAL_ID = re.compile(r"[A-Za-z0-9_-]{1,100}")
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_BAD: Any = object()


def load_json(body: bytes) -> Any:
    """The JSON value of a body, numbers exact; not JSON: Refused."""

    def no_constant(name: str) -> Any:
        raise ValueError(f"{name} is not JSON")

    try:
        value = json.loads(body.decode(), parse_float=Decimal, parse_constant=no_constant)
        if b"\\u" in body:
            json.dumps(value, ensure_ascii=False, default=str).encode()  # half a surrogate pair is no character
        return value
    except (ValueError, RecursionError, InvalidOperation):
        raise Refused(invalid_content("Invalid JSON body. Provide valid JSON content.")) from None


def load_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body; an empty body is an empty object."""
    value = load_json(body) if body.strip() else {}
    if not isinstance(value, dict):
        raise Refused(invalid_content("Invalid content. Provide a JSON object."))
    return value


@dataclass
class Reader:
    """Reads one record body. `names` and `values` are the leniency headers; what was let pass is in `warnings`."""

    fields: Mapping[str, Field]
    resolve: Resolve
    names: str = "warning"
    values: str = "error"
    warnings: list[str] = field(default_factory=list)

    def read(self, body: Mapping[str, Any]) -> Values:
        """Canonical values by camelCase name: text, bool, int, decimal text, ids; None clears."""
        return self._record(body, self.fields, "")

    def _record(self, body: Mapping[str, Any], fields: Mapping[str, Field], path: str) -> Values:
        values: Values = {}
        for name, given in body.items():
            where = f"{path}.{name}" if path else name
            known = fields.get(name.lower())
            if known is None:
                if name.lower() not in IGNORED:
                    self._complain(unknown_property(where), self.names)
                continue
            if known.read_only:
                continue
            if given is None or given == "":
                values[known.name] = None
                continue
            value = self._value(known, given, f"{path}.{known.name}" if path else known.name)
            if value is not _BAD:
                values[known.name] = value
        return values

    def _complain(self, problem: Problem, leniency: str) -> None:
        if leniency == "error":
            raise Refused(problem)
        if leniency == "warning":
            self.warnings.append(f"{problem.path}: {problem.detail}")

    def _value(self, one: Field, given: Any, path: str) -> Any:
        value = self._sublist(one, given, path) if one.type == "sublist" else self._single(one, given, path)
        if value is _BAD:
            self._complain(invalid_value(path), self.values)
        return value

    def _single(self, one: Field, given: Any, path: str) -> Any:
        if one.type == "ref":
            return self._reference(one.target, given)
        if one.type == "refs":
            return self._references(one, given)
        if one.type == "enum":
            return _enum(one, given)
        if one.type == "anyref":
            return _any_id(given)
        if one.type == "subrecord":
            return self._record(given, one.fields, path) if isinstance(given, dict) else _BAD
        return _SCALARS[one.type](one.name, given)

    def _sublist(self, one: Field, given: Any, path: str) -> Any:
        items = given.get("items") if isinstance(given, dict) else None
        if not isinstance(items, list):
            return _BAD
        lines = []
        for index, line in enumerate(items):
            where = f"{path}.items[{index}]"
            if not isinstance(line, dict):
                raise Refused(invalid_value(where))
            lines.append(self._record(line, one.fields, where))
        return lines

    def _reference(self, target: str, given: Any) -> Any:
        how, value = _reference_parts(given)
        found = self.resolve(target, how, value) if value else None
        return _BAD if found is None else found

    def _references(self, one: Field, given: Any) -> Any:
        items = given.get("items") if isinstance(given, dict) else given
        if not isinstance(items, list):
            items = [given]
        found = [self._reference(one.target, item) for item in items]
        return _BAD if _BAD in found else found


def _reference_parts(given: Any) -> tuple[str, str]:
    """How a reference is given: {"id": "21"}, {"id": 21}, "21", 21, {"externalId": "X"}, "eid:X", {"refName": "N"}."""
    if isinstance(given, dict):
        for how in ("id", "externalId", "refName"):
            value = next((value for name, value in given.items() if name.lower() == how.lower()), None)
            if value is not None:
                return how, "" if isinstance(value, bool | dict | list) else str(value)
        return "id", ""
    if isinstance(given, bool | list | Decimal):
        return "id", ""
    text = str(given)
    return ("externalId", text[4:]) if text.startswith("eid:") else ("id", text)


def _any_id(given: Any) -> Any:
    _, value = _reference_parts(given)
    return value or _BAD


def _enum(one: Field, given: Any) -> Any:
    how, value = _reference_parts(given)
    if not one.values:
        return value or _BAD
    if how == "id" and value in one.values:
        return value
    wanted = value.lower()
    return next((key for key, name in one.values.items() if name.lower() == wanted), _BAD)


def _string(name: str, given: Any) -> Any:
    if isinstance(given, bool | dict | list):
        return _BAD
    text = str(given)
    if name == "externalId" and not _EXTERNAL_ID.fullmatch(text):
        return _BAD
    return text if "\x00" not in text and "\x1f" not in text else _BAD


def _boolean(_name: str, given: Any) -> Any:
    if isinstance(given, bool):
        return given
    return {"T": True, "F": False, "true": True, "false": False}.get(given, _BAD) if isinstance(given, str) else _BAD


def _integer(_name: str, given: Any) -> Any:
    if isinstance(given, bool | dict | list):
        return _BAD
    try:
        value = Decimal(given)
    except (InvalidOperation, ValueError):
        return _BAD
    return int(value) if value.is_finite() and abs(value) < 10**9 and value == int(value) else _BAD


def _number(_name: str, given: Any) -> Any:
    if isinstance(given, bool | dict | list):
        return _BAD
    try:
        value = Decimal(given)
    except (InvalidOperation, ValueError):
        return _BAD
    if precision_error(value) or -value.as_tuple().exponent > 20:  # type: ignore[operator]
        return _BAD
    return number_text(value)


def _day(_name: str, given: Any) -> Any:
    if not isinstance(given, str) or not _DAY.fullmatch(given):
        return _BAD
    year, month, day = int(given[:4]), int(given[5:7]), int(given[8:])
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return given if year and day <= _MONTH_DAYS[month - 1] - (month == 2 and not leap) else _BAD


_SCALARS: dict[str, Callable[[str, Any], Any]] = {
    "string": _string, "boolean": _boolean, "integer": _integer, "number": _number, "money": _number, "date": _day,
    "datetime": _string,
}  # fmt: skip

"""Field values: what a client sends turned into what the org keeps, or the vendor's complaint (pure)."""

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from simulators.kit.fidelity import approximate
from simulators.salesforce.errors import Problem
from simulators.salesforce.ids import parse_id
from simulators.salesforce.moments import read_date, read_datetime, read_time
from simulators.salesforce.schemas import Field, SObject

approximate(
    "numbers",
    "are kept as doubles, as the API shows them; sums and derivations are decimal and rounded half up. Beyond 15 "
    "significant digits a double does not hold every cent",
)

Reader = Callable[[SObject, Field, Any], Any]

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")
_JSON_NAMES: dict[type, str] = {str: "VALUE_STRING", bool: "VALUE_TRUE", int: "VALUE_NUMBER_INT",
                                float: "VALUE_NUMBER_FLOAT", dict: "START_OBJECT", list: "START_ARRAY"}  # fmt: skip
_TRUE, _FALSE = ("true", "1"), ("false", "0", "")


class Unreadable(ValueError):
    """A value of another type than the field's: in JSON the whole request is refused, in CSV the row is."""

    def __init__(self, field: Field, value: object) -> None:
        self.field, self.value = field, value
        kind = "VALUE_FALSE" if value is False else _JSON_NAMES.get(type(value), "VALUE_STRING")
        shown = str(value).lower() if isinstance(value, bool) else value
        super().__init__(f"Cannot deserialize instance of {field.type} from {kind} value {shown}")


class Rejected(ValueError):
    """A readable value that the field does not take."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def coerce(sobject: SObject, field: Field, value: Any) -> Any:
    """The stored form of a value (None clears). Raises Unreadable or Rejected."""
    if value is None:
        return None
    reader: Reader = _READERS.get(field.type, _text)
    kept = reader(sobject, field, value)
    return None if kept == "" else kept


def _text(sobject: SObject, field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(field, value)
    text = value.strip(" \t\r\n")
    if len(text) > field.length:
        message = f"{sobject.label} {field.label}: data value too large: {text} (max length={field.length})"
        raise Rejected(Problem("STRING_TOO_LONG", message, (field.name,)))
    return text


def _picklist(sobject: SObject, field: Field, value: Any) -> str:
    text = _text(sobject, field, value)
    if not text or not field.values or text in field.values:
        return text
    for known in field.values:
        if known.lower() == text.lower():
            return known
    if field.restricted:
        message = f"{field.label}: bad value for restricted picklist field: {text}"
        raise Rejected(Problem("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,)))
    return text


def _email(sobject: SObject, field: Field, value: Any) -> str:
    text = _text(sobject, field, value)
    if text and not _EMAIL.match(text):
        message = f"{field.label}: invalid email address: {text}"
        raise Rejected(Problem("INVALID_EMAIL_ADDRESS", message, (field.name,)))
    return text


def _boolean(_sobject: SObject, field: Field, value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _TRUE + _FALSE:
        return value.lower() in _TRUE
    raise Unreadable(field, value)


def _number(_sobject: SObject, field: Field, value: Any) -> int | float | None:
    if isinstance(value, str) and not value.strip():
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise Unreadable(field, value)
    text = str(value).strip()
    try:
        exact = Decimal(text if text.isascii() and "_" not in text else "none")  # Python reads both, nobody writes them
    except InvalidOperation:
        raise Unreadable(field, value) from None
    if not exact.is_finite():
        raise Unreadable(field, value)
    whole = field.precision - field.scale
    if exact.adjusted() >= max(whole, 1):
        message = f"{field.label}: value outside of valid range on numeric field: {value}"
        raise Rejected(Problem("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,)))
    if field.type == "int":
        if exact != exact.to_integral_value():
            raise Unreadable(field, value)
        return int(exact)
    return float(round_half_up(exact, field.scale))


def _moment(reader: Callable[[str], str | None]) -> Callable[[SObject, Field, Any], str]:
    def read(_sobject: SObject, field: Field, value: Any) -> str:
        if not isinstance(value, str):
            raise Unreadable(field, value)
        if not value.strip():
            return ""
        found = reader(value.strip())
        if found is None:
            raise Unreadable(field, value)
        return found

    return read


def _reference(_sobject: SObject, field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise Unreadable(field, value)
    if not value.strip():
        return ""
    found = parse_id(value.strip())
    if found is None:
        message = f"{field.label}: id value of incorrect type: {value}"
        raise Rejected(Problem("MALFORMED_ID", message, (field.name,)))
    return found


_READERS: dict[str, Reader] = {
    "picklist": _picklist, "email": _email, "boolean": _boolean, "int": _number, "double": _number,
    "currency": _number, "percent": _number, "date": _moment(read_date), "datetime": _moment(read_datetime),
    "time": _moment(read_time), "reference": _reference, "id": _reference,
}  # fmt: skip


def round_half_up(amount: Decimal, scale: int) -> Decimal:
    """The one place where amounts are rounded."""
    return amount.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)


def exact(value: float | int | None) -> Decimal:
    """A stored number as the decimal that was meant (missing: zero)."""
    return Decimal(0) if value is None else Decimal(repr(value))


def number(amount: Decimal, scale: int) -> float:
    """A decimal as it is stored, rounded half up."""
    found = float(round_half_up(amount, scale))
    return 0.0 if not found or math.isnan(found) else found

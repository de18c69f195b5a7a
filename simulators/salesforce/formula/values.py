"""Values that formulas reckon with: decimals, text, truth, dates and moments, and nothing; stored values both ways."""

import operator
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from simulators.kit.store import Doc
from simulators.salesforce.schemas import Field

Value = Any  # Decimal, str, bool, date, datetime, or None: what is blank; text that is blank is None too

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_DAY_S = Decimal(86_400)


class FormulaError(ValueError):
    """A formula that cannot be: its text, a name in it, or the type of a value."""


def stored(doc: Doc, item: Field) -> Value:
    """A field's value in a document as formulas see it; a missing boolean is false."""
    value = doc.get(item.name)
    if item.family == "boolean":
        return bool(value)
    if value is None or value == "":
        return None
    if item.family == "number":
        number = Decimal(repr(value))
        return number / 100 if item.type == "percent" else number  # ten percent are 0.1 to a formula
    if item.family == "date":
        return date.fromisoformat(value)
    if item.family == "datetime":
        return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S.%f%z")
    return value


def written(value: Value) -> Any:
    """A formula's result as a client would write it into a field. One of percent gets it as it is, although formulas
    read a hundred percent as 1 (https://help.salesforce.com/s/articleView?id=000380436): 1 is stored as one percent.
    """
    if isinstance(value, Decimal):
        return int(value) if value.adjusted() < 30 and value == value.to_integral_value() else float(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else value


def shown(value: Value) -> str:
    """TEXT() of a value, and what `&` joins."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    return value.isoformat() if isinstance(value, date) else str(value)


def compare(symbol: str, left: Value, right: Value) -> bool:
    """A comparison; what is blank equals what is blank, and is neither more nor less than anything."""
    left, right = (None if one == "" else one for one in (left, right))
    if symbol in ("=", "==", "<>", "!="):
        return bool(left == right) == (symbol in ("=", "=="))
    if left is None or right is None:
        return False
    try:
        return _COMPARISONS[symbol](left, right)
    except TypeError:
        return False


def reckon(symbol: str, left: Value, right: Value) -> Value:
    """Arithmetic, also of dates and of text with `+`; blank with anything is blank, and so is what cannot be."""
    if symbol == "+" and (isinstance(left, str) or isinstance(right, str)):
        left, right = ("" if one is None else one for one in (left, right))  # no text is an empty one
        return left + right if isinstance(left, str) and isinstance(right, str) else None
    if left is None or right is None:
        return None
    try:
        if isinstance(left, date) or isinstance(right, date):
            return _dated(symbol, left, right)
        if symbol == "^":
            return left ** min(right, Decimal(1_000))
        return {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}[symbol](left, right)
    except (ArithmeticError, InvalidOperation, TypeError, ValueError):
        return None


def _dated(symbol: str, left: Value, right: Value) -> Value:
    if isinstance(left, date) and isinstance(right, date):
        passed: timedelta = left - right
        return Decimal(passed.days) + Decimal(passed.seconds) / _DAY_S if symbol == "-" else None
    moment, days = (left, right) if isinstance(left, date) else (right, left)
    if isinstance(days, bool) or not isinstance(days, Decimal) or symbol not in "+-":
        return None
    if not isinstance(moment, datetime):
        days = Decimal(int(days))
    return moment + timedelta(days=float(days if symbol == "+" else -days))


def truth(value: Value) -> bool:
    """Whether a condition holds; blank does not."""
    return value is True

"""SOQL's meaning over Python rows, written apart from the simulator and slow on purpose, for random tests.

A condition is a tuple: ("and"|"or", parts), ("not", part), ("cmp", path, op, value), ("in"|"not in", path, values).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True)
class Days:
    """A date literal: its text and the days it covers, as offsets from today."""

    text: str
    first: int
    after: int


def value_of(row: Row, path: str) -> Any:
    """The value at a path; a missing parent has none of anything."""
    found: Any = row
    for part in path.split("."):
        if found is None:
            return None
        found = found.get(part)
    return found


def holds(condition: Any, row: Row, today: date) -> bool:
    """Whether a row meets a condition; null compares like nothing but null."""
    kind = condition[0]
    if kind == "and":
        return all(holds(part, row, today) for part in condition[1])
    if kind == "or":
        return any(holds(part, row, today) for part in condition[1])
    if kind == "not":
        return not holds(condition[1], row, today)
    value = _folded(value_of(row, condition[1]))
    if kind in ("in", "not in"):
        wanted = [_folded(one) for one in condition[2]]
        return (value in wanted) == (kind == "in")
    return _compared(value, condition[2], condition[3], today)


def _folded(value: Any) -> Any:
    if value == "":
        return None
    return value.upper() if isinstance(value, str) else value


def _compared(value: Any, operator: str, wanted: Any, today: date) -> bool:
    if isinstance(wanted, Days):
        return _within(value, operator, wanted, today)
    if operator == "LIKE":
        if value is None:
            return False
        return re.fullmatch(_expression(wanted.upper()), value, re.DOTALL) is not None
    wanted = _folded(wanted)
    if operator == "=":
        return bool(value == wanted)
    if operator == "!=":
        return bool(value != wanted)
    if value is None or wanted is None:
        return False
    return bool({"<": value < wanted, "<=": value <= wanted, ">": value > wanted, ">=": value >= wanted}[operator])


def _expression(pattern: str) -> str:
    """A LIKE pattern as a regular expression; `\\%` and `\\_` are the characters themselves."""
    out, place = "", 0
    while place < len(pattern):
        char = pattern[place]
        if char == "\\" and pattern[place + 1 : place + 2] in ("%", "_"):
            out += re.escape(pattern[place + 1])
            place += 2
            continue
        out += {"%": ".*", "_": "."}.get(char, re.escape(char))
        place += 1
    return out


def _within(value: Any, operator: str, days: Days, today: date) -> bool:
    first, after = ((today + timedelta(days=shift)).isoformat() for shift in (days.first, days.after))
    if value is None:
        return operator == "!="
    day = value[:10]
    return {
        "=": first <= day < after, "!=": not first <= day < after, "<": day < first, "<=": day < after,
        ">": day >= after, ">=": day >= first,
    }[operator]  # fmt: skip


def ordered(rows: list[Row], order: list[tuple[str, bool, bool]], ranks: dict[str, list[str]]) -> list[Row]:
    """Rows by terms (path, descending, nulls last): nulls first unless told, picklists as set up, text without case."""
    found = list(rows)
    for path, descending, nulls_last in reversed(order):
        nulls = [row for row in found if value_of(row, path) is None]
        others = [row for row in found if value_of(row, path) is not None]
        others.sort(key=lambda row, path=path: _rank(value_of(row, path), ranks.get(path)), reverse=descending)
        found = others + nulls if nulls_last else nulls + others
    return found


def _rank(value: Any, known: list[str] | None) -> Any:
    return known.index(value) if known else value.upper() if isinstance(value, str) else value

"""SOQL's meaning over Python rows, written apart from the simulator and slow on purpose, for random tests.

A condition is a tuple: ("and"|"or", parts), ("not", part), ("cmp", path, op, value), ("in"|"not in", path, values).
"""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
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


# -- groups and their totals --------------------------------------------------------------------

Group = tuple[Any, ...]


def corporate(amount: float | None, rate: str) -> float | None:
    """An amount in the corporate currency, to the cent, half up."""
    if amount is None:
        return None
    return float((Decimal(str(amount)) / Decimal(rate)).quantize(Decimal("0.01"), ROUND_HALF_UP))


def grouped(rows: list[Row], keys: list[str], kind: str) -> list[tuple[Group, Group, list[Row]]]:
    """Every group of a GROUP BY, ROLLUP or CUBE: its key values, which of the keys are summed over, and its rows."""
    everything = list(range(len(keys)))
    choices = {"": [everything], "ROLLUP": [everything[:count] for count in range(len(keys), -1, -1)]}
    kept_sets = choices.get(kind) or [
        [place for place in everything if mask >> place & 1] for mask in range(2 ** len(keys))
    ]  # fmt: skip
    found = []
    for kept in kept_sets:
        members: dict[Group, list[Row]] = {} if kept else {(): []}
        for row in rows:
            members.setdefault(tuple(_key(row, keys[place]) for place in kept), []).append(row)
        for values, inside in members.items():
            named = dict(zip(kept, values, strict=True))
            shown = tuple(named.get(place) for place in everything)
            found.append((shown, tuple(int(place not in named) for place in everything), inside))
    return found


def _key(row: Row, path: str) -> Any:
    if path.startswith("CALENDAR_YEAR("):
        day = value_of(row, path[14:-1])
        return None if day is None else int(day[:4])
    return value_of(row, path)


def totals(rows: list[Row], amounts: list[float | None]) -> Group:
    """COUNT(Id), COUNT, SUM, MIN, MAX of the amounts, and COUNT_DISTINCT of the stages."""
    known = [amount for amount in amounts if amount is not None]
    total = float(sum(Decimal(str(amount)) for amount in known)) if known else None
    stages = {row["StageName"].upper() for row in rows}
    return (len(rows), len(known), total, min(known, default=None), max(known, default=None), len(stages))

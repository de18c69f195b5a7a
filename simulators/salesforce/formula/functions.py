"""The functions of formulas over values: name, how many arguments, and what it gives. Blank in, blank out, mostly."""

import calendar
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_UP, Decimal, InvalidOperation

from simulators.salesforce.formula.values import Value, shown
from simulators.salesforce.moments import zone

Call = Callable[..., Value]


def _number(value: Value) -> Value:
    try:
        return Decimal(str(value).strip()) if isinstance(value, str) else value
    except InvalidOperation:
        return None


def _rounded(value: Decimal, places: Decimal) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)


def _whole(how: str) -> Call:
    return lambda value: value.to_integral_value(how)


def day_of(value: Value, key: str) -> Value:
    """DATEVALUE: the day of a moment where a user is, or the one that a text writes; a day is one. Blank: neither."""
    if isinstance(value, datetime):
        return value.astimezone(zone(key)).date()
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) else None


def _date(year: Decimal, month: Decimal, day: Decimal) -> Value:
    try:
        return date(int(year), int(month), int(day))
    except (ValueError, OverflowError):
        return None


def _add_months(start: date, months: Decimal) -> Value:
    """The last day of a month stays a last day."""
    year, month = divmod(start.year * 12 + start.month - 1 + int(months), 12)
    if not 1 <= year <= 9998:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    was_last = start.day == calendar.monthrange(start.year, start.month)[1]
    return start.replace(year=year, month=month + 1, day=last if was_last else min(start.day, last))


def _find(wanted: str, text: str, start: Decimal = Decimal(1)) -> Decimal:
    return Decimal(text.find(wanted, max(int(start) - 1, 0)) + 1)


def _middle(text: str, start: Decimal, length: Decimal) -> str:
    return text[max(int(start) - 1, 0) :][: max(int(length), 0)]


def _weekday(value: date) -> Decimal:
    return Decimal(value.isoweekday() % 7 + 1)


def _moment(value: Value) -> Value:
    if isinstance(value, str):
        return datetime.fromisoformat(value.strip().replace(" ", "T").removesuffix("Z")).replace(tzinfo=UTC)
    return value if isinstance(value, datetime) else datetime(value.year, value.month, value.day, tzinfo=UTC)


def _padded(text: str, length: Decimal, pad: str) -> str:
    """What is missing of so many characters."""
    missing = min(int(length), 4_000) - len(text)
    return (pad * missing)[:missing] if missing > 0 else ""


STRICT: dict[str, tuple[int, int, Call]] = {
    "VALUE": (1, 1, _number), "ABS": (1, 1, abs), "ROUND": (2, 2, _rounded),
    "FLOOR": (1, 1, _whole(ROUND_FLOOR)), "CEILING": (1, 1, _whole(ROUND_CEILING)), "TRUNC": (1, 1, _whole(ROUND_DOWN)),
    "MOD": (2, 2, lambda a, b: a - b * (a / b).to_integral_value(ROUND_FLOOR) if b else None),
    "MAX": (1, 30, lambda *a: max(a)), "MIN": (1, 30, lambda *a: min(a)),
    "UPPER": (1, 1, str.upper), "LOWER": (1, 1, str.lower), "TRIM": (1, 1, str.strip),
    "LEFT": (2, 2, lambda text, n: text[: max(int(n), 0)]),
    "RIGHT": (2, 2, lambda text, n: text[-int(n) :] if int(n) > 0 else ""),
    "MID": (3, 3, _middle), "FIND": (2, 3, _find), "SUBSTITUTE": (3, 3, lambda t, a, b: t.replace(a, b)),
    "DATE": (3, 3, _date), "YEAR": (1, 1, lambda d: Decimal(d.year)),
    "MONTH": (1, 1, lambda d: Decimal(d.month)), "DAY": (1, 1, lambda d: Decimal(d.day)),
    "WEEKDAY": (1, 1, _weekday), "ADDMONTHS": (2, 2, _add_months), "DATETIMEVALUE": (1, 1, _moment),
    "SQRT": (1, 1, lambda n: n.sqrt()),
    "LPAD": (2, 3, lambda t, n, pad=" ": _padded(t, n, pad) + t[: int(n)]),
    "RPAD": (2, 3, lambda t, n, pad=" ": t[: int(n)] + _padded(t, n, pad)), "CASESAFEID": (1, 1, lambda one: one),
}  # fmt: skip
"""Least and most arguments; blank when any argument is, or when the values are of the wrong type."""

_BLANK = (None, "")


def _regex(text: Value, pattern: Value) -> bool:
    try:
        return re.fullmatch(str(pattern or ""), str(text or "")) is not None
    except re.error:
        return False


def _case(value: Value, *rest: Value) -> Value:
    pairs, otherwise = rest[:-1], rest[-1]
    for at in range(0, len(pairs) - 1, 2):
        if value == pairs[at] or (value in _BLANK and pairs[at] in _BLANK):
            return pairs[at + 1]
    return otherwise


def _link(url: Value, label: Value, target: Value = "_blank") -> str:
    return f'<a href="{shown(url)}" target="{shown(target)}">{shown(label)}</a>'


LENIENT: dict[str, tuple[int, int, Call]] = {
    "AND": (1, 99, lambda *a: all(one is True for one in a)), "OR": (1, 99, lambda *a: any(one is True for one in a)),
    "NOT": (1, 1, lambda a: a is not True), "IF": (3, 3, lambda a, b, c: b if a is True else c),
    "CASE": (4, 99, _case), "ISBLANK": (1, 1, lambda a: a in _BLANK), "ISNULL": (1, 1, lambda a: a in _BLANK),
    "BLANKVALUE": (2, 2, lambda a, b: b if a in _BLANK else a),
    "NULLVALUE": (2, 2, lambda a, b: b if a in _BLANK else a), "TEXT": (1, 1, shown),
    "LEN": (1, 1, lambda a: Decimal(len(shown(a)))),
    "ISNUMBER": (1, 1, lambda a: _number(a) is not None if isinstance(a, str) else a is not None),
    "BEGINS": (2, 2, lambda a, b: shown(a).startswith(shown(b))), "CONTAINS": (2, 2, lambda a, b: shown(b) in shown(a)),
    "ISPICKVAL": (2, 2, lambda a, b: shown(a) == shown(b)), "REGEX": (2, 2, _regex),
    "HYPERLINK": (2, 3, _link), "IMAGE": (2, 4, lambda url, text, *_: f'<img src="{shown(url)}" alt="{shown(text)}"/>'),
    "BR": (0, 0, lambda: "\n"),
    "INCLUDES": (2, 2, lambda a, b: shown(b) in shown(a).split(";")),
}  # fmt: skip
"""Functions that have an answer for what is blank."""

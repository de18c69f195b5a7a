"""Functions that SuiteQL has and SQLite lacks, on the marked date form of `moments`."""

import calendar
import math
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from simulators.erp_cloud.moments import MARK, account_format, hour_of_day, marked, read_account_date
from simulators.erp_cloud.schemas import APPROVAL, BY_CODE, STATUS
from simulators.erp_cloud.state import State

_FORMAT = re.compile(
    r'"[^"]*"|YYYY|MONTH|MON|DAY|DY|HH24|HH12|HH|MI|SSXFF|SS|FF\d?|YY|MM|DD|AM|PM|Q|FM|.', re.IGNORECASE | re.DOTALL
)
# pieces of an Oracle date format that are plain digits: where they stand in a marked date
_DIGITS = {
    "YYYY": (1, 5), "YY": (3, 5), "MM": (6, 8), "DD": (9, 11), "HH24": (12, 14), "MI": (15, 17), "SS": (18, 20),
    "SSXFF": (18, 20),
}  # fmt: skip
_WORDS = {"MON": "%b", "MONTH": "%B", "DY": "%a", "DAY": "%A", "HH12": "%I", "HH": "%I", "AM": "%p", "PM": "%p"}
_READ = {
    "YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d{1,2})", "DD": r"(?P<day>\d{1,2})", "HH24": r"(?P<hour>\d{1,2})",
    "HH12": r"(?P<hour>\d{1,2})", "HH": r"(?P<hour>\d{1,2})", "MI": r"(?P<minute>\d{1,2})",
    "SS": r"(?P<second>\d{1,2})", "SSXFF": r"(?P<second>\d{1,2})(?:\.\d+)?", "MON": r"(?P<name>[A-Za-z]{3})",
    "MONTH": r"(?P<name>[A-Za-z]+)", "AM": r"(?P<half>[AaPp][Mm])", "PM": r"(?P<half>[AaPp][Mm])",
}  # fmt: skip
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_abbr) if number}


def install(db: sqlite3.Connection, state: State, now: Callable[[], float]) -> None:
    """Register the functions on the store's connection."""
    for name, arguments, function in _TABLE:
        db.create_function(name, arguments, function, deterministic=True)
    db.create_function("ns_now", 0, lambda: _mark(datetime.fromtimestamp(int(now()), UTC)), deterministic=True)
    db.create_function("ns_df", -1, lambda kind, key, code=None: _display(state, kind, key, code), deterministic=True)


def _display(state: State, kind: str, key: Any, code: str | None) -> str | None:
    if key is None:
        return None
    if kind == "_status":
        title = BY_CODE[code].title if code in BY_CODE else ""
        return f"{title} : {STATUS.get(code or '', {}).get(str(key), key)}"
    if kind == "_type":
        return BY_CODE[key].title if key in BY_CODE else str(key)
    if kind == "_approval":
        return APPROVAL.get(str(key), str(key))
    return state.name_of(kind, str(key)) or None


def _mark(moment: datetime) -> str:
    return f"{MARK}{moment.isoformat(' ')[:19]}"


def _moment(value: Any) -> datetime:
    if isinstance(value, str) and not value.startswith(MARK):
        value = read_account_date(value)
    if not isinstance(value, str):
        raise ValueError("a date is needed")
    return datetime.fromisoformat(value[1:])


@lru_cache(maxsize=200)
def _pieces(pattern: str) -> tuple[str, ...]:
    return tuple(piece for piece in _FORMAT.findall(pattern) if piece.upper() != "FM")


@lru_cache(maxsize=200)
def _reader(pattern: str) -> re.Pattern[str]:
    """A regular expression that reads dates of an Oracle format; the time part may be missing from the text."""
    parts, clock = "", False
    for piece in _pieces(pattern):
        name = piece.upper()
        if name.startswith("FF"):
            parts += r"\d+"
        elif name in _READ:
            if name.startswith("HH") and not clock and parts:
                clock, parts = True, parts.rstrip("\\ T") + "(?:[ T]"
            parts += _READ[name]
        else:
            parts += re.escape(piece.strip('"'))
    return re.compile(parts + (")?" if clock else ""))


def to_date(value: Any, pattern: str | None = None) -> str | None:
    """TO_DATE: a text by an Oracle format (default: the account's) as a marked date."""
    if value is None:
        return None
    text = str(value)
    if text.startswith(MARK):
        return text
    if pattern is None:
        return date(text)
    found = _reader(str(pattern)).fullmatch(text.strip())
    parts = {} if found is None else {name: part for name, part in found.groupdict().items() if part is not None}
    month = _MONTHS.get(parts["name"][:3].lower(), 0) if "name" in parts else int(parts.get("month", 1))
    moment = "year" in parts and marked(
        int(parts["year"]), month, int(parts.get("day", 1)), hour_of_day(int(parts.get("hour", 0)), parts.get("half")),
        int(parts.get("minute", 0)), int(parts.get("second", 0)),
    )  # fmt: skip
    if not moment:
        raise ValueError(f"{text} does not fit the format {pattern}")
    return moment


def date(value: Any) -> str | None:
    """A text compared with a date column: in account format, else it is an error."""
    if value is None:
        return None
    text = str(value)
    found = text if text.startswith(MARK) else read_account_date(text)
    if found is None:
        raise ValueError(f"{text} is not a date in the account's format")
    return found


def to_char(value: Any, pattern: str | None = None) -> str | None:
    """TO_CHAR of a date by an Oracle format, of a number as plain text or with the format's decimals."""
    if value is None:
        return None
    if isinstance(value, str) and value.startswith(MARK):
        if pattern is None:
            return account_format(value)
        return "".join([_piece(value, piece) for piece in _pieces(str(pattern))])
    if isinstance(value, float):
        value = Decimal(repr(round(value, 6)))
    if pattern is not None and not isinstance(value, str):
        _, _, decimals = pattern.partition(".")
        return f"{Decimal(value).quantize(Decimal(1).scaleb(-len(decimals)), ROUND_HALF_UP):f}"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return str(value)


def _piece(value: str, piece: str) -> str:
    name = piece.upper()
    if name in _DIGITS:
        first, last = _DIGITS[name]
        return value[first:last]
    if name == "Q":
        return str((int(value[6:8]) + 2) // 3)
    if name in _WORDS:
        text = _moment(value).strftime(_WORDS[name])
        return text.upper() if piece.isupper() and name in ("MON", "MONTH", "DY", "DAY") else text
    return "000" if name.startswith("FF") else piece.strip('"')


def trunc(value: Any, unit: Any = None) -> Any:
    """TRUNC of a date (to day, month, quarter or year) or of a number."""
    if value is None:
        return None
    if isinstance(value, str) and value.startswith(MARK):
        moment = _moment(value).replace(hour=0, minute=0, second=0)
        name = str(unit or "DD").upper()
        if name in ("MM", "MON", "MONTH"):
            moment = moment.replace(day=1)
        elif name == "Q":
            moment = moment.replace(month=(moment.month - 1) // 3 * 3 + 1, day=1)
        elif name in ("YYYY", "YEAR", "YY", "Y"):
            moment = moment.replace(month=1, day=1)
        return _mark(moment)
    scale = 10 ** int(unit or 0)
    return math.trunc(round(float(value) * scale, 6)) / scale


def to_number(value: Any, _pattern: str | None = None) -> float | int | None:
    """TO_NUMBER: a text as a number, else an error."""
    if value is None or isinstance(value, int | float):
        return value
    number = float(str(value).replace(",", ""))
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def add_months(value: Any, months: Any) -> str | None:
    """ADD_MONTHS: the same day, or the month's last where there is none."""
    if value is None or months is None:
        return None
    moment = _moment(value)
    index = moment.year * 12 + moment.month - 1 + int(months)
    year, month = divmod(index, 12)
    last = calendar.monthrange(moment.year, moment.month)[1] == moment.day
    days = calendar.monthrange(year, month + 1)[1]
    return _mark(moment.replace(year=year, month=month + 1, day=days if last else min(moment.day, days)))


def last_day(value: Any) -> str | None:
    """LAST_DAY of the date's month."""
    if value is None:
        return None
    moment = _moment(value)
    return _mark(moment.replace(day=calendar.monthrange(moment.year, moment.month)[1]))


def plus_days(value: Any, days: Any) -> str | None:
    """A date and some (fractions of) days."""
    return None if value is None or days is None else _mark(_moment(value) + timedelta(days=float(days)))


def days_between(left: Any, right: Any) -> float | None:
    """Days from right to left."""
    return None if left is None or right is None else (_moment(left) - _moment(right)).total_seconds() / 86_400


def decode(value: Any, *rest: Any) -> Any:
    """DECODE(value, search, result, …, default); NULL matches NULL."""
    pairs, default = (rest[:-1], rest[-1]) if len(rest) % 2 else (rest, None)
    for search, result in zip(pairs[::2], pairs[1::2], strict=True):
        if value == search or (value is not None and search is not None and str(value) == str(search)):
            return result
    return default


def half_up(value: Any, digits: Any = 0) -> Any:
    """ROUND of a number, half away from zero, or of a date to its day."""
    if value is None:
        return None
    if isinstance(value, str) and value.startswith(MARK):
        return trunc(plus_days(value, 0.5))
    exact = Decimal(repr(round(float(value), 9))).quantize(Decimal(1).scaleb(-int(digits)), ROUND_HALF_UP)
    return float(exact)


def concat(*values: Any) -> str:
    """CONCAT: NULL counts as empty, numbers as SuiteQL shows them."""
    return "".join("" if value is None else str(to_char(value)) for value in values)


def _numeric(function: Callable[[Any], int]) -> Callable[[Any], Any]:
    return lambda value: None if value is None else function(value)


_TABLE: tuple[tuple[str, int, Callable[..., Any]], ...] = (
    ("ns_to_date", 1, to_date), ("ns_to_date", 2, to_date), ("ns_date", 1, date), ("ns_to_char", 1, to_char),
    ("ns_to_char", 2, to_char), ("ns_trunc", 1, trunc), ("ns_trunc", 2, trunc), ("ns_to_number", 1, to_number),
    ("ns_to_number", 2, to_number), ("ns_add_months", 2, add_months), ("ns_last_day", 1, last_day),
    ("ns_plus_days", 2, plus_days), ("ns_days_between", 2, days_between), ("ns_decode", -1, decode),
    ("ns_nvl2", 3, lambda value, yes, no: no if value is None else yes), ("ns_round", 1, half_up),
    ("ns_round", 2, half_up), ("ns_concat", -1, concat), ("ns_floor", 1, _numeric(math.floor)),
    ("ns_ceil", 1, _numeric(math.ceil)),
    ("ns_mod", 2, lambda value, by: None if value is None or by is None else value if not by else math.fmod(value, by)),
)  # fmt: skip

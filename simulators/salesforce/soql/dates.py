"""Date literals as ranges of days (pure): TODAY, LAST_N_DAYS:n and their kin."""

from collections.abc import Callable
from datetime import date, timedelta

Range = tuple[date, date]  # first day, first day after

_FIRST, _LAST = date(1700, 1, 1), date(4000, 12, 31)


def literal_range(word: str, number: int | None, today: date, fiscal: int = 1) -> Range | None:
    """The days that a literal means, or None when it is no date literal. Weeks begin on Sunday (en_US), fiscal years
    in the month `fiscal`."""
    name = word.upper()
    if number is None:
        return _plain(name, today, fiscal)
    for prefix, steps in (("LAST_N_", _last), ("NEXT_N_", _next), ("N_", _ago)):
        unit = name.removeprefix(prefix).removesuffix("_AGO" if prefix == "N_" else "")
        if name.startswith(prefix) and unit in _KNOWN and (prefix != "N_" or name.endswith("_AGO")):
            return steps(unit, number, today, fiscal)
    return None


def _plain(name: str, today: date, fiscal: int) -> Range | None:
    if name in _DAYS:
        first, after = _DAYS[name]
        return _shift(today, first), _shift(today, after)
    relation, _, unit = name.partition("_")
    if relation not in _STEPS or f"{unit}S" not in _KNOWN:
        return None
    step = _STEPS[relation]
    return _nth(f"{unit}S", step, today, fiscal), _nth(f"{unit}S", step + 1, today, fiscal)


def _last(unit: str, number: int, today: date, fiscal: int) -> Range:
    if unit == "DAYS":
        return _shift(today, -number), _shift(today, 1)
    return _nth(unit, -number, today, fiscal), _nth(unit, 0, today, fiscal)


def _next(unit: str, number: int, today: date, fiscal: int) -> Range:
    if unit == "DAYS":
        return _shift(today, 1), _shift(today, number + 1)
    return _nth(unit, 1, today, fiscal), _nth(unit, number + 1, today, fiscal)


def _ago(unit: str, number: int, today: date, fiscal: int) -> Range:
    return _nth(unit, -number, today, fiscal), _nth(unit, 1 - number, today, fiscal)


def _nth(unit: str, step: int, today: date, fiscal: int) -> date:
    """The first day of the unit `step` units from the present one."""
    if unit in _FISCAL:
        length = _FISCAL[unit]
        return _month(today, length * step - (today.month - fiscal) % 12 % length)
    return _UNITS[unit](today, step)


def _shift(day: date, days: int) -> date:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return _FIRST if days < 0 else _LAST


def _week(day: date, step: int) -> date:
    return _shift(day, -((day.weekday() + 1) % 7) + 7 * max(-10_000_000, min(step, 10_000_000)))


def _month(day: date, step: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + step, 12)
    if not _FIRST.year <= year <= _LAST.year:
        return _FIRST if step < 0 else _LAST
    return date(year, month + 1, 1)


def _quarter(day: date, step: int) -> date:
    return _month(day.replace(month=(day.month - 1) // 3 * 3 + 1), 3 * step)


def _year(day: date, step: int) -> date:
    return _month(day.replace(month=1), 12 * step)


_UNITS: dict[str, Callable[[date, int], date]] = {
    "DAYS": _shift, "WEEKS": _week, "MONTHS": _month, "QUARTERS": _quarter, "YEARS": _year,
}  # fmt: skip
_FISCAL = {"FISCAL_QUARTERS": 3, "FISCAL_YEARS": 12}  # months
_KNOWN = {*_UNITS, *_FISCAL}
_STEPS = {"LAST": -1, "THIS": 0, "NEXT": 1}
_DAYS = {
    "TODAY": (0, 1), "YESTERDAY": (-1, 0), "TOMORROW": (1, 2), "LAST_90_DAYS": (-90, 1), "NEXT_90_DAYS": (1, 91),
}  # fmt: skip

"""Dates as the vendor writes them: ISO in records, a marked sortable form in SQL, M/D/YYYY in SuiteQL answers."""

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MARK = "\x1f"
_ACCOUNT_DATE = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?: (\d{1,2}):(\d\d)(?::(\d\d))?(?: ?([aApP][mM]))?)?")


def stamp(at: float) -> str:
    """Epoch seconds as a record's datetime, whole seconds UTC: `2026-01-31T09:00:00Z`."""
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def today(at: float, zone: str) -> str:
    """The account's calendar day at this instant."""
    return datetime.fromtimestamp(at, ZoneInfo(zone) if zone != "UTC" else UTC).date().isoformat()


def later(day: str, days: int) -> str:
    """A day some days on."""
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()


def sql_day(day: str | None) -> str | None:
    """A record's date in SQL form."""
    return None if not day else f"{MARK}{day} 00:00:00"


def sql_stamp(moment: str | None) -> str | None:
    """A record's datetime in SQL form (account time zone UTC)."""
    return None if not moment else f"{MARK}{moment[:10]} {moment[11:19]}"


def account_format(marked: str) -> str:
    """What SuiteQL answers for a date or datetime column: `1/31/2026`."""
    return f"{int(marked[6:8])}/{int(marked[9:11])}/{marked[1:5]}"


def read_account_date(text: str) -> str | None:
    """A date in account format (M/D/YYYY, optionally with H:MM[:SS] and am/pm) in SQL form; None when it is none."""
    found = _ACCOUNT_DATE.fullmatch(text.strip())
    if found is None:
        return None
    month, day, year, hour, minute, second, half = found.groups()
    return marked(
        int(year), int(month), int(day), hour_of_day(int(hour or 0), half), int(minute or 0), int(second or 0)
    )


def hour_of_day(hour: int, half: str | None) -> int:
    """An hour with am or pm as an hour of 24."""
    if half is None:
        return hour
    return hour % 12 + (12 if half.lower() == "pm" else 0) if 1 <= hour <= 12 else 99


def marked(year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0) -> str | None:
    """SQL form of a moment; None when there is no such moment."""
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return f"{MARK}{moment.isoformat(' ')[:19]}"

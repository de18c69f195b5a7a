"""Dates and times as Salesforce writes and reads them."""

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import format_datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DATETIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?\Z",
    re.IGNORECASE | re.ASCII,
)
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)\Z", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?Z?\Z", re.ASCII)
FIRST_YEAR, LAST_YEAR = 1700, 4000


def stamp(at: float) -> str:
    """Epoch seconds as a system timestamp: whole seconds, UTC, `2026-01-02T03:04:05.000+0000`."""
    return _stamp(int(at))


@lru_cache(maxsize=256)
def _stamp(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


@lru_cache(maxsize=256)
def http_date(stamped: str) -> str:
    """A stored datetime as HTTP headers write it."""
    return format_datetime(datetime.fromtimestamp(epoch(stamped), UTC), usegmt=True)


def day(at: float) -> date:
    """The UTC day of a moment."""
    return datetime.fromtimestamp(at, UTC).date()


@lru_cache(maxsize=64)
def zone(key: str) -> tzinfo:
    """The time zone of a TimeZoneSidKey; GMT for one that is not known."""
    try:
        return ZoneInfo(key)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


def local_day(at: float, key: str) -> date:
    """The day of a moment where a user is."""
    return datetime.fromtimestamp(at, zone(key)).date()


@lru_cache(maxsize=256)
def midnight(first: date, key: str) -> str:
    """When a user's day begins, in the stored form."""
    found = datetime(first.year, first.month, first.day, tzinfo=zone(key)).astimezone(UTC)
    return f"{found:%Y-%m-%dT%H:%M:%S}.000+0000"


def localized(stamped: str | None, key: str) -> str | None:
    """A stored datetime as a user's clock shows it, in the same form."""
    if stamped is None or zone(key) is UTC:
        return stamped
    try:
        found = datetime.strptime(stamped, "%Y-%m-%dT%H:%M:%S.%f%z").astimezone(zone(key))
    except (ValueError, OverflowError):
        return stamped
    return f"{found:%Y-%m-%dT%H:%M:%S}.{found.microsecond // 1000:03d}+0000"


@lru_cache(maxsize=1024)
def read_datetime(text: str) -> str | None:
    """An ISO-8601 moment in the org's form (UTC, milliseconds); None when it is none, or outside 1700-4000."""
    match = _DATETIME.match(text)
    if match is None:
        return None
    year, month, dom, hour, minute = (int(part) for part in match.groups()[:5])
    second, fraction, zone = match.group(6), match.group(7), match.group(8)
    millis = int((fraction or "0").ljust(3, "0")[:3])
    try:
        moment = datetime(year, month, dom, hour, minute, int(second or 0), millis * 1000, tzinfo=UTC)
        if zone and zone.upper() != "Z":
            shift = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:]))
            moment = moment - shift if zone[0] == "+" else moment + shift
    except (ValueError, OverflowError):
        return None
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}+0000"


def read_date(text: str) -> str | None:
    """A date `YYYY-MM-DD` (a datetime is cut to its day); None when it is none, or outside 1700-4000."""
    match = _DATE.match(text)
    if match is None:
        moment = read_datetime(text)
        return None if moment is None else moment[:10]
    try:
        found = date(int(match.group(1)), int(match.group(2)), int(match.group(3)))
    except ValueError:
        return None
    return found.isoformat() if FIRST_YEAR <= found.year <= LAST_YEAR else None


def read_time(text: str) -> str | None:
    """A time of day as `HH:MM:SS.mmmZ`, or None."""
    match = _TIME.match(text)
    if match is None or int(match.group(1)) > 23 or int(match.group(2)) > 59 or int(match.group(3) or 0) > 59:
        return None
    hour, minute, second, millis = match.group(1), match.group(2), match.group(3) or "00", match.group(4) or "0"
    return f"{hour}:{minute}:{second}.{millis.ljust(3, '0')}Z"


def epoch(stamped: str) -> float:
    """Epoch seconds of a stored datetime."""
    return datetime.strptime(stamped, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp()

"""Dates as the vendor writes them: ISO in records, a marked sortable form in SQL, M/D/YYYY in SuiteQL answers."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MARK = "\x1f"


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
    """A date in account format (M/D/YYYY, optionally with HH:MM[:SS] and am/pm) in SQL form; None when it is none."""
    day, _, clock = text.strip().partition(" ")
    for form in ("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%m/%d/%Y"):
        try:
            moment = datetime.strptime(f"{day} {clock}".strip(), form)  # noqa: DTZ007 (an account-local wall time)
        except ValueError:
            continue
        return f"{MARK}{moment:%Y-%m-%d %H:%M:%S}"
    return None

"""Dates as the entities see them: the day of an instant in a zone, and when the next batch cut-off is."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def day(epoch_s: float, zone: str) -> date:
    """The calendar day of an instant in the entity's own time zone."""
    return datetime.fromtimestamp(epoch_s, UTC).astimezone(ZoneInfo(zone)).date()


def midnight(day_: date, zone: str) -> int:
    """Epoch seconds at which that day begins in the zone."""
    return int(datetime.combine(day_, time(0), ZoneInfo(zone)).timestamp())


def stamp(epoch_s: float, zone: str) -> tuple[str, str]:
    """(YYYYMMDD, HHMMSS) of an instant in a zone."""
    local = datetime.fromtimestamp(epoch_s, UTC).astimezone(ZoneInfo(zone))
    return local.strftime("%Y%m%d"), local.strftime("%H%M%S")


def next_cutoff(epoch_s: float, zone: str, cutoff: str, lead_minutes: int) -> float:
    """When the next batch should be handed over: `lead_minutes` before the cut-off (HH:MM local time), as epoch s.

    Between that moment and the cut-off itself the answer is `epoch_s`: there is still time. A file handed over on a
    day without a window simply waits for the next one.
    """
    hour, minute = (int(part) for part in cutoff.split(":"))
    local_day = day(epoch_s, zone)
    at = datetime.combine(local_day, time(hour, minute), ZoneInfo(zone)).timestamp()
    if epoch_s >= at:
        at = datetime.combine(local_day + timedelta(days=1), time(hour, minute), ZoneInfo(zone)).timestamp()
    return max(epoch_s, at - lead_minutes * 60)

"""Terms and dates: where a billing term begins and ends, in the site's time zone, without month-end drift."""

import calendar as months
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from simulators.kit.fidelity import exact

exact(
    "month ends keep their anchor day; terms by whole days (00:00:00 to 23:59:59, site zone) or to the instant",
    source="documented",
    held_by="test_rules",
)

DAY_S = 86_400
UNITS = ("day", "week", "month", "year")


@lru_cache(maxsize=64)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@dataclass(frozen=True)
class Calendar:
    """The site's zone and precision. With whole days a term runs from 00:00:00 to 23:59:59 local time."""

    zone: str = "UTC"
    whole_days: bool = False

    def local(self, at: int) -> datetime:
        """The site's wall clock at an instant."""
        return datetime.fromtimestamp(at, UTC).astimezone(_zone(self.zone))

    def instant(self, local: datetime) -> int:
        """The instant of a site wall clock time."""
        return int(local.timestamp())

    def day_start(self, at: int) -> int:
        """Midnight, local, of the day of an instant."""
        return self.instant(self.local(at).replace(hour=0, minute=0, second=0, microsecond=0))

    def midnight(self, year: int, month: int, day: int) -> int:
        """The instant at which a local day begins."""
        return self.instant(datetime(year, month, day, tzinfo=_zone(self.zone)))

    def term_start(self, at: int) -> int:
        """Where a term begins that is asked for at this instant."""
        return self.day_start(at) if self.whole_days else at

    def last_second(self, boundary: int) -> int:
        """The end of a term as the vendor shows it; `boundary` is the first instant of the next term."""
        return boundary - 1 if self.whole_days else boundary

    def anchor_day(self, at: int) -> int:
        """The day of the month on which terms that begin here keep beginning (31 stays 31 through February)."""
        return self.local(at).day

    def add(self, start: int, count: int, unit: str, anchor_day: int) -> int:
        """The instant `count` units after `start`; month ends follow the anchor day: 31 Jan, 28 Feb, 31 Mar."""
        local = self.local(start)
        if unit in ("day", "week"):
            moved = local.replace(tzinfo=None) + timedelta(days=count * (7 if unit == "week" else 1))
        else:
            index = local.year * 12 + local.month - 1 + count * (12 if unit == "year" else 1)
            year, month = divmod(index, 12)
            day = min(anchor_day, months.monthrange(year, month + 1)[1])
            moved = local.replace(tzinfo=None, year=year, month=month + 1, day=day)
        return self.instant(moved.replace(tzinfo=_zone(self.zone)))

    def days_between(self, start: int, end: int) -> int:
        """Whole local days from one instant to another (a day of 23 or 25 hours counts one)."""
        return (self.local(end).date() - self.local(start).date()).days


def due_date(date: int, net_term_days: int) -> int:
    """When an invoice falls due: so many days of 24 hours after its date."""
    return date + net_term_days * DAY_S

"""The batch calendar: when the nightly window opens and closes in the site's own zone, over DST and holidays."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
SEARCH_DAYS_MAX = 400  # a calendar with no window in over a year is a mistake


@dataclass(frozen=True)
class Window:
    """One night: instants in epoch seconds; `night` is the local date on which it opens."""

    night: date
    opens: float
    closes: float
    cutoff: float

    def at(self, share: float) -> float:
        """An instant within the window: 0 is its opening, 1 its close (a DST night is shorter or longer)."""
        return self.opens + (self.closes - self.opens) * share


@dataclass(frozen=True)
class Calendar:
    """The site's nights. Times are local wall-clock; a close before the opening belongs to the next day."""

    zone: ZoneInfo
    opening: time
    closing: time
    cutoff: time
    weekdays: frozenset[int]
    holidays: frozenset[date]

    def local(self, at: float) -> datetime:
        """An instant on the site's wall clock."""
        return datetime.fromtimestamp(at, self.zone)

    def window(self, night: date) -> Window:
        """The window that opens on a local date, whether or not it is a working night."""
        closes_on = night if self.closing > self.opening else night + timedelta(days=1)
        cut_on = night if self.cutoff <= self.opening else night - timedelta(days=1)
        return Window(
            night, _instant(night, self.opening, self.zone), _instant(closes_on, self.closing, self.zone),
            _instant(cut_on, self.cutoff, self.zone),
        )  # fmt: skip

    def works(self, night: date) -> bool:
        """Whether a batch runs on this local date: not on weekends and bank holidays."""
        return night.weekday() in self.weekdays and night not in self.holidays

    def next_window(self, after: float) -> Window:
        """The first window that opens strictly after an instant."""
        night = self.local(after).date() - timedelta(days=1)
        for _ in range(SEARCH_DAYS_MAX):
            if self.works(night) and (window := self.window(night)).opens > after:
                return window
            night += timedelta(days=1)
        raise ValueError(f"the calendar has no window within {SEARCH_DAYS_MAX} days")


def _instant(day: date, at: time, zone: ZoneInfo) -> float:
    """A wall-clock time as an instant; one that the clock skips is the instant of the change itself or after it."""
    return datetime.combine(day, at, zone).astimezone(UTC).timestamp()


def parse_calendar(data: dict[str, Any]) -> Calendar:
    """A calendar from seed data: zone, window [opens, closes], cutoff, holidays, weekdays (`mon-fri` or a list)."""
    try:
        opening, closing = (time.fromisoformat(text) for text in data.get("window", ["22:00", "02:00"]))
        return Calendar(
            ZoneInfo(data["zone"]), opening, closing, time.fromisoformat(data.get("cutoff", "21:45")),
            _weekdays(data.get("weekdays", "mon-fri")),
            frozenset(date.fromisoformat(day) for day in data.get("holidays", [])),
        )  # fmt: skip
    except (KeyError, TypeError, ZoneInfoNotFoundError) as error:
        raise ValueError(f"calendar: {error!r}") from error


def _weekdays(spec: str | list[str]) -> frozenset[int]:
    if isinstance(spec, str) and "-" in spec:
        first, last = (_DAYS.index(day.strip().lower()[:3]) for day in spec.split("-"))
        return frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    names = spec.split(",") if isinstance(spec, str) else spec
    return frozenset(_DAYS.index(day.strip().lower()[:3]) for day in names)

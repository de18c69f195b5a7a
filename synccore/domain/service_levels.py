"""Service levels: how much of what was begun was done in time, and from when to when too little of it was."""

from collections.abc import Iterable
from dataclasses import dataclass

DAY_S = 86_400.0
WINDOW_S = 28 * DAY_S
KEPT_S = 3 * WINDOW_S  # how far back is looked: an alert that has burnt for longer is told from then on


@dataclass(frozen=True)
class Objective:
    """That `target_percent` of what a window of 28 days has begun is done within `bound_s` in that `ledger`."""

    name: str
    says: str
    ledger: str
    bound_s: float
    target_percent: int = 99


@dataclass(frozen=True)
class Turn:
    """One thing that an objective counts: when it began, and when it was done (None: it is not); epoch seconds."""

    subject: str
    begun: float
    ended: float | None


@dataclass(frozen=True)
class Alert:
    """From then on too much was late; `until`: no longer, None: it still is."""

    since: float
    until: float | None


@dataclass(frozen=True)
class Level:
    """What the window that ends now comes to. `waiting`: not done, and within its bound; `late`: subjects, sorted.

    `alerts`: those that burn, or have burnt within the window, oldest first.
    """

    kept: int
    waiting: int
    late: tuple[str, ...]
    alerts: tuple[Alert, ...]

    @property
    def burns(self) -> bool:
        """Whether too much is late now."""
        return any(alert.until is None for alert in self.alerts)


def level(objective: Objective, turns: Iterable[Turn], now: float) -> Level:
    """The figures at `now`. What is not done is late from the end of its bound on, not only once it is done."""
    kept, waiting, late = 0, 0, []
    changes: list[tuple[float, int, int]] = []  # at; how many are counted more, and how many of those are late
    for turn in turns:
        due, ends = turn.begun + objective.bound_s, turn.begun + WINDOW_S
        is_late = turn.ended is None or turn.ended > due
        decided = due if is_late or turn.ended is None else turn.ended
        if decided <= now:
            changes += [(decided, 1, int(is_late)), (ends, -1, -int(is_late))]
        if ends <= now:
            continue
        if decided > now:
            waiting += 1
        elif is_late:
            late.append(turn.subject)
        else:
            kept += 1
    alerts = _alerts(objective, sorted(change for change in changes if change[0] <= now))
    recent = tuple(alert for alert in alerts if alert.until is None or alert.until > now - WINDOW_S)
    return Level(kept, waiting, tuple(sorted(late)), recent)


def _alerts(objective: Objective, changes: list[tuple[float, int, int]]) -> list[Alert]:
    found: list[Alert] = []
    counted, late, since = 0, 0, -1.0
    for place, (at, more, of_them_late) in enumerate(changes):
        counted, late = counted + more, late + of_them_late
        if place + 1 < len(changes) and changes[place + 1][0] == at:
            continue
        burns = late * 100 > counted * (100 - objective.target_percent)
        if burns and since < 0:
            since = at
        elif not burns and since >= 0:
            found.append(Alert(since, at))
            since = -1.0
    return [*found, Alert(since, None)] if since >= 0 else found

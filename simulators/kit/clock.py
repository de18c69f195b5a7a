"""Two times: wire time (real, or the simulation loop's) and business time = wire + offset."""

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path


class ClockError(ValueError):
    """A move that a business clock does not make: time only goes forward."""


class Clock:
    """Business time in epoch seconds UTC; it ticks with the wire and jumps only forward."""

    def __init__(self, wire: Callable[[], float], start: float | None = None) -> None:
        self.wire = wire
        self._offset = 0.0 if start is None else start - wire()
        self._listeners: list[Callable[[], None]] = []
        self._date = (0, "")

    def now(self) -> float:
        """Business time, epoch seconds."""
        return self.wire() + self._offset

    def moment(self) -> datetime:
        """Business time as an aware UTC datetime."""
        return datetime.fromtimestamp(self.now(), UTC)

    def http_date(self) -> str:
        """Business time as an HTTP `Date` header value."""
        second = int(self.now())
        if self._date[0] != second:
            self._date = (second, format_datetime(self.moment(), usegmt=True))
        return self._date[1]

    def jump(self, to: float) -> None:
        """Move business time forward to `to` (epoch seconds); a move back raises ClockError.

        A target passed by less than a second is taken as reached: the clock ticks while people talk to it.
        """
        now = self.now()
        if to < now - 1.0:
            raise ClockError(f"the clock stands at {now:.3f} and only moves forward; {to:.3f} is in its past")
        self._offset += max(0.0, to - now)
        for listener in self._listeners:
            listener()

    def restart(self, start: float) -> None:
        """Begin anew at `start`: only a reset of the whole system does this."""
        self._offset = start - self.wire()
        for listener in self._listeners:
            listener()

    def keep(self, path: Path) -> None:
        """Go on with the time that `path` holds and write each move there: a restarted clock does not jump back."""
        if path.exists():
            self._offset = float(path.read_text())
        self.on_move(lambda: _written(path, str(self._offset)))

    def on_move(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every jump or restart."""
        self._listeners.append(listener)


def _written(path: Path, text: str) -> None:
    """Whole or not at all."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(text)
    temporary.replace(path)

"""Whether the core is at rest: every ticker has finished a full round that found nothing since the last change."""

from dataclasses import dataclass, field

import structlog

from synccore.engine.meter import Meter
from synccore.ports.clock import Clock
from synccore.ports.engine import Tick, Ticker
from synccore.ports.outcomes import Away, Later

log = structlog.get_logger("pulse")


@dataclass
class Beat:
    """What is known of one ticker."""

    rounds: int = 0
    looking: bool = False  # it is in the midst of a round
    quiet_since: int = -1  # the number of changes at the start of its latest round without finds
    next_due: float | None = None
    error: str = ""
    away: str = ""  # the system that it could not look into


@dataclass
class Pulse:
    """Counts changes and the rounds of tickers."""

    meter: Meter
    clock: Clock
    changes: int = 0
    beats: dict[str, Beat] = field(default_factory=dict)

    def changed(self) -> None:
        """Something happened: whoever looked before has to look again."""
        self.changes += 1

    def watched(self, name: str, ticker: Ticker) -> Ticker:
        """The ticker, with its rounds noted."""
        beat = self.beats.setdefault(name, Beat())

        async def tick() -> Tick:
            before = self.changes
            beat.looking = True
            try:
                found = await ticker()
            except Away as away:
                # nobody can look there now: that is no news, and rest is possible until the next look
                beat.rounds, beat.next_due, beat.error = beat.rounds + 1, self.clock.now() + away.delay_s, away.cause
                beat.quiet_since, beat.away = before, away.system
                self.meter.count("synccore_ticks", name, "away")
                return Tick(False, beat.next_due)
            except Later as later:
                beat.rounds, beat.next_due, beat.error = beat.rounds + 1, self.clock.now() + later.delay_s, later.cause
                self.meter.count("synccore_ticks", name, "later")
                log.warning("source not read", ticker=name, cause=later.cause)
                return Tick(True, beat.next_due)  # it has not looked, so it has not found nothing
            except Exception as error:
                beat.error = f"{type(error).__name__}: {error}"
                self.meter.count("synccore_ticks", name, "failed")
                raise
            finally:
                beat.looking = False
            beat.rounds, beat.next_due, beat.error = beat.rounds + 1, found.next_due, ""
            beat.away = ""
            self.meter.count("synccore_ticks", name, "worked" if found.worked else "idle")
            if found.worked:
                self.changed()
            else:
                beat.quiet_since = before
            return found

        return tick

    def quiet(self) -> bool:
        """Every ticker has looked since the last change and found nothing."""
        return all(beat.quiet_since == self.changes for beat in self.beats.values())

    def next_due(self) -> float | None:
        """When a ticker expects work by itself."""
        return min((beat.next_due for beat in self.beats.values() if beat.next_due is not None), default=None)

"""Workers of one store among each other: each says that it is alive, and who no longer does is found to be lost."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.engine import RunStatus
from synccore.ports.holding import BEAT_S, HOLDER, LOST_AFTER_S, Worker
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit

T = TypeVar("T")
Beats = Mapping[Worker, int]

_AGAIN_S = 5.0  # a run that was taken over ends with this; nothing comes of it
_EARLY = 0.9  # of the pause between two beats: a round that comes a little early is a beat nevertheless
_LOOKS = 3  # a worker is silent in so many looks at least: one look may meet a jump of the clock
_ASLEEP_S = LOST_AFTER_S / 2  # who has not looked for so long does not know what he has missed
GRAIN_S = 0.001  # an alarm may ring a hair before what it rings for: so near, due is due


class Held:
    """The store as runs see it: whatever one that was taken over means to do there is refused."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def run(self, fn: Callable[[Unit], T]) -> T:
        """See `ports.database.Database`; raises Later in a run that is fenced."""
        holder = HOLDER.get()
        if not holder:
            return await self._database.run(fn)

        def held(unit: Unit) -> T:
            if unit.workers.fenced(holder) is not None:
                raise Later(_AGAIN_S, f"{holder} was taken over by another run", counts=False)
            return fn(unit)

        return await self._database.run(held)


@dataclass
class _Silence:
    """Since when (business time) and in how many looks a worker's beats have not grown."""

    beats: int
    since: float
    looks: int = 1


class Watch:
    """One worker's eyes on the others.

    Beats are counted, not timed: clocks of different machines are never compared. While there is no work nobody beats.
    """

    def __init__(self, worker: Worker, clock: Clock, lost_after_s: float = LOST_AFTER_S) -> None:
        self._worker, self._clock, self._lost_after_s = worker, clock, lost_after_s
        self._silent: dict[Worker, _Silence] = {}
        self._beaten = self._looked = float("-inf")
        self.due: dict[str, float] = {}  # runs that others hold or held, and when they are looked at again

    def beat(self, unit: Unit, now: float) -> Beats | None:
        """Say that this worker is alive, if it is time to, or somebody's silence has been long enough; then what all
        have said so far.
        """
        if now - self._beaten < _EARLY * BEAT_S and now + GRAIN_S < min(self.due.values(), default=float("inf")):
            return None
        self._beaten = now
        unit.workers.beat(self._worker, now)
        return unit.workers.beats()

    @property
    def next_beat(self) -> float:
        """When it is time to again, while there is work."""
        return self._beaten + BEAT_S

    def lost(self, others: Iterable[RunStatus], beats: Beats, now: float) -> list[RunStatus]:
        """Those runs of others whose worker is lost; for the rest, when to look again is noted."""
        wire = self._clock.wire()
        if wire - self._looked > _ASLEEP_S:
            self._silent.clear()
        self._looked = wire
        held = [(run, run.held_by) for run in others if run.held_by is not None]
        for worker in dict.fromkeys(worker for _, worker in held):
            self._observe(worker, beats, now)
        lost = []
        for run, worker in held:
            silence = self._silent[worker]
            due = max(silence.since + self._lost_after_s, now + (_LOOKS - silence.looks) * BEAT_S)
            self.due[run.id] = due
            if due <= now + GRAIN_S:
                lost.append(run)
        return lost

    def _observe(self, worker: Worker, beats: Beats, now: float) -> None:
        """A run that waits for its release waits for any worker of that."""
        counted = sum(count for one, count in beats.items() if one.release == worker.release and not worker.name)
        counted = beats.get(worker, 0) if worker.name else counted
        silence = self._silent.get(worker)
        if silence is None or silence.beats != counted:
            self._silent[worker] = _Silence(counted, now)
        else:
            silence.looks += 1

"""Runs that begin in the midst of another: at a point the process forks, and the child goes on under a disturbance.

A fork is a snapshot of the whole world at once: systems, the core's memory and database, clock and chance. What comes
before a point is played once for all disturbances of it and of those behind it.
"""

import asyncio
import gc
import os
import pickle
import select
import signal
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import NoReturn

from harness.exploring.points import RECOVERY, Kind, Point, telling
from harness.simulation.world import SimWorld

Rest = tuple[int, int]
"""Before which step (from 1) a world rested, or within which (negative), and as which one (`Standings`)."""


@dataclass(frozen=True)
class Judged:
    """What became of one point: the run's outcome, its findings, and whether the point was really hit.

    `converged`: before or within which step (from 1) its world rested as that of another run did, which holds; 0: it
    never did. `rested`: how it rested otherwise, for those that come after it.
    """

    point: Point
    outcome: str
    findings: tuple[str, ...]
    hit: bool
    converged: int = field(default=0, compare=False)
    rested: frozenset[Rest] = field(default=frozenset(), compare=False, repr=False)


Tell = Callable[[Judged], bool]
"""Hears of each result as it comes; False means that no more are wanted."""


@dataclass
class Forks:
    """One process's part of an exploration: what it still has to branch off, and the children that are under way.

    `point` is the one that this process itself goes through, None in the process that plays the undisturbed run.
    """

    wanted: dict[tuple[Kind, int], list[Point]]
    workers: int
    tell: Tell
    good: set[Rest] | None = None  # rests from which a run came to hold; None: each branch is played to its end
    point: Point | None = None
    _children: dict[int, tuple[int, Point]] = field(default_factory=dict)  # by the pipe's end: process and point
    _answer: int = -1  # where a child says what it found
    _found: list[Judged] = field(default_factory=list)  # by a child's own children
    _stopped: bool = False
    _pairs: int = 0

    @classmethod
    def of(cls, points: Iterable[Point], workers: int, tell: Tell, good: set[Rest] | None = None) -> "Forks":
        """For the undisturbed run."""
        wanted: dict[tuple[Kind, int], list[Point]] = {}
        for point in points:
            wanted.setdefault(("call" if point.kind == "call" else "crash", point.number), []).append(point)
        return cls(wanted, max(1, workers), tell, good)

    def passing(self, world: SimWorld, kind: Kind, number: int) -> None:
        """See Flight.passing."""
        if self.point is not None and self.point.begins_pairs:
            self._recovering(world, kind, number)
            return
        for point in self.wanted.pop((kind, number), ()):
            if self._branch(point):
                point.disturb(world.flight)
                return

    def _recovering(self, world: SimWorld, kind: Kind, number: int) -> None:
        """This run has crashed once: at each of the first telling points of its recovery a branch crashes again."""
        first = self.point
        assert first is not None
        if kind != "crash" or number <= first.number or not telling(world.traces):
            return
        self._pairs += 1
        again = replace(first, what=f"{first.what}, then {world.points[-1]}", again=number - first.number)
        if self._branch(again):
            again.disturb(world.flight)
            return
        if self._pairs == RECOVERY:
            self.leave([])

    def _branch(self, point: Point) -> bool:
        """Fork; True in the child, which is to go on through the point."""
        while len(self._children) >= self.workers:
            self._gather()
        if self._stopped:
            return False
        loop = asyncio.get_running_loop()
        mine, its = os.pipe()
        process = os.fork()
        if process:
            os.close(its)
            self._children[mine] = (process, point)
            return False
        asyncio.events._set_running_loop(loop)  # asyncio takes a child for a stranger to its parent's loop
        gc.freeze()  # what was there before is not looked through: it would all have to be copied for that
        for pipe in (mine, *self._children):
            os.close(pipe)
        if self._answer >= 0:
            os.close(self._answer)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        self.wanted, self.point, self.workers, self.tell = {}, point, 1, self._keep
        self._children, self._answer, self._found, self._pairs = {}, its, [], 0
        return True

    def _keep(self, judged: Judged) -> bool:
        self._found.append(judged)
        return True

    def _gather(self) -> None:
        """Wait for the next child that is done, and tell of what it found."""
        ready, _, _ = select.select(list(self._children), [], [])
        process, point = self._children.pop(ready[0])
        with os.fdopen(ready[0], "rb") as pipe:
            answer = pipe.read()
        _, status = os.waitpid(process, 0)
        judged: list[Judged] = pickle.loads(answer) if answer else []
        if status or not answer:
            text = f"the process that flew through it ended with {os.waitstatus_to_exitcode(status)} and said nothing"
            judged = [Judged(point, "unknown", (text,), False)]
        for one in judged:
            if self.good is not None and one.outcome == "holds":
                self.good |= one.rested
            if not self.tell(one):
                self._stopped = True

    def finish(self) -> None:
        """Wait for all children, unless nobody wants to hear more of them."""
        while self._children and not self._stopped:
            self._gather()
        self.abandon()

    def abandon(self) -> None:
        """End all children: nobody waits for them any more."""
        for process, _ in self._children.values():
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        for pipe in self._children:
            os.close(pipe)
        self._children.clear()

    def leave(self, own: list[Judged]) -> NoReturn:
        """End this child: its parent hears of what it found, and of nothing else."""
        self.finish()
        with os.fdopen(self._answer, "wb") as pipe:
            pickle.dump([*self._found, *own], pipe)
        os._exit(0)

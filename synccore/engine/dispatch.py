"""Takes due work to the engine and brings each run's outcome back to the work list; nothing else does either."""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from synccore.engine.holding import GRAIN_S, Beats, Watch
from synccore.engine.meter import Meter
from synccore.engine.pulse import Pulse
from synccore.engine.retry import RetryPolicy, error_delay_s, later_delay_s
from synccore.ports.chance import Chance
from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.engine import Engine, Process, Run, RunStatus, Tick
from synccore.ports.holding import HOLDER, LOST_AFTER_S, PAUSE_S
from synccore.ports.outcomes import Away, Later, Limited, Parked
from synccore.ports.stores import BusinessException, DeadLetter, Json, Unit
from synccore.ports.work import Fork, WorkItem

TICKER = "dispatch"
_BATCH = 200  # items a round hands over at most
_STALE_S = 60.0  # after so long with the engine, ask it whether the run ended without telling us

# What an outcome does to its work item at a time, in the caller's transaction.
Act = Callable[[Unit, WorkItem, float], None]

log = structlog.get_logger("dispatch")


@dataclass(frozen=True)
class Taken:
    """What one round found: items now marked submitted, those marked before, and when the next falls due."""

    due: list[WorkItem]
    submitted: list[WorkItem]
    next_due: float | None
    forks: Mapping[str, Fork]  # by run id: those that go on from a step of an earlier run
    beats: Beats | None  # of all workers, where this one has just said that it is alive
    marked: bool  # whether anything at all was marked before


def run_id(item: WorkItem) -> str:
    """The engine's id of the item's present attempt; ids sort by arrival."""
    return f"{item.id}.{item.attempt:03d}"


def work_of(run_id: str) -> str:
    """The work that a run is an attempt at."""
    return run_id.rpartition(".")[0]


class Dispatcher:
    """Work list to engine and back.

    Crash-safe by order: an item is marked submitted and committed, then handed over; what was marked but never
    handed over is unknown to this incarnation and handed over again, which the engine ignores if it knows the run.
    """

    def __init__(
        self, database: Database, engine: Engine, clock: Clock, chance: Chance, meter: Meter, pulse: Pulse,
        policy: RetryPolicy, exception_due_s: Mapping[str, float], missed: Callable[[Away], None],
        lost_after_s: float = LOST_AFTER_S,
    ) -> None:  # fmt: skip
        self._database, self._engine, self._clock, self._chance = database, engine, clock, chance
        self._meter, self._pulse, self._policy = meter, pulse, policy
        self._missed = missed  # told when work begins to wait for a system that is away
        self.watch = Watch(engine.worker, clock, lost_after_s)
        self._exception_due_s = exception_due_s  # by owner role; "" for all others
        self._processes: set[str] = set()
        self._handed: set[str] = set()  # runs that this incarnation knows the engine to have; never iterated
        self._lock = asyncio.Lock()
        self._busy = self._again = False

    def register(self, name: str, process: Process) -> None:
        """Give the engine a process, wrapped so that its outcome reaches the work list."""
        self._processes.add(name)
        self._engine.register(name, self._wrapped(name, process))

    # -- out --------------------------------------------------------------------------------

    async def tick(self) -> Tick:
        """One round of the ticker: the safety net, and what makes delayed work due."""
        worked, next_due = await self._round(whole=True)
        return Tick(worked, next_due)

    async def kick(self, due_at: float | None = None) -> None:
        """A round right now, because work was just added. Never raises: the ticker follows in any case.

        `due_at`: when the earliest of all work falls due, if the caller knows; while that is to come an alarm will do.
        """
        if due_at is not None and due_at > self._clock.now() + GRAIN_S:
            self._engine.alarm(TICKER, due_at)
            return
        if self._busy:
            self._again = True
            return
        self._busy = True
        try:
            self._again = True
            while self._again:
                self._again = False
                await self._round(whole=False)
        except Exception:
            log.exception("kick failed; the ticker follows")
        finally:
            self._busy = False

    async def _round(self, whole: bool) -> tuple[bool, float | None]:
        """Hand over what is due; in a whole round also what was marked before and perhaps never handed over."""
        now = self._clock.now()
        async with self._lock:
            taken = await self._database.run(partial(self._take, now=now, whole=whole))
            if whole:
                marked = {item.run_id for item in taken.submitted}
                self._handed &= marked
                self.watch.due = {name: due for name, due in self.watch.due.items() if name in marked}
            found = {
                item.run_id for item in taken.submitted if not await self._hand_over(item, item.run_id, taken.forks)
            }
            for item in taken.due:
                self._pulse.changed()
                await self._hand_over(item, run_id(item), taken.forks)
        others = {}
        for item in taken.submitted:
            if item.run_id in found or now - item.submitted_at > _STALE_S:
                status = await self._ask(item, now)
                if status is not None:
                    others[status.id] = status
        if taken.beats is not None:
            others |= {run.id: run for run in await self._engine.list("running") if run.process in self._processes}
            for run in self.watch.lost(others.values(), taken.beats, now):
                await self._take_over(run, now)
        if taken.marked:  # each round says anew when the next one must be
            self._engine.alarm(TICKER, self.watch.next_beat)
        next_due = taken.next_due
        if next_due is None or (next_due <= now + GRAIN_S and not taken.due):
            return bool(taken.due), None  # what is due and not taken belongs to a process of another version
        self._engine.alarm(TICKER, next_due)
        return bool(taken.due), next_due

    def _take(self, unit: Unit, now: float, whole: bool) -> Taken:
        marked = unit.work.submitted_items() if whole else []
        submitted = [item for item in marked if item.process in self._processes]
        due = [item for item in unit.work.due(now + GRAIN_S, _BATCH) if item.process in self._processes]
        for item in due:
            unit.work.submitted(item.id, run_id(item), now)
        again = [item for item in submitted if item.attempt > 1 and item.run_id not in self._handed]
        again += [item for item in due if item.attempt > 1]
        forks = {run_id(item): fork for item in again if (fork := unit.work.fork_of(item.id, item.attempt)) is not None}
        beats = self.watch.beat(unit, now) if marked else None
        return Taken(due, submitted, unit.work.next_due(), forks, beats, bool(marked))

    async def _hand_over(self, item: WorkItem, name: str, forks: Mapping[str, Fork]) -> bool:
        """False if the engine had the run already, from an earlier incarnation or another worker."""
        if name in self._handed:
            return True
        fork, new = forks.get(name), True
        try:
            if fork is not None:
                new = await self._engine.fork(fork.run_id, fork.step, name)
        except LookupError:
            fork = None  # the engine has forgotten that run: from the beginning, which finds done what is done
        if fork is None:
            new = await self._engine.submit(item.process, item.key, name, {"work": item.id, "argument": item.argument})
        self._handed.add(name)
        return new

    async def _ask(self, item: WorkItem, now: float) -> RunStatus | None:
        """A run that ended in the engine alone (failed, cancelled, a store restored) is taken up again.

        Returns one that has not ended.
        """
        status = await self._engine.status(item.run_id)
        if status is None:
            self._handed.discard(item.run_id)
        elif status.state in ("queued", "running"):
            return status
        elif (fenced_at := await self._database.run(lambda unit: unit.workers.fenced(item.run_id))) is not None:
            await self._begin_anew(item, fenced_at, now)
        else:
            cause = f"the engine ended the run without an outcome: {status.state} {status.error}".strip()
            act = partial(self._error, cause=cause, chance=self._chance.uniform("retry"))
            await self._settle(item.run_id, item.id, act)
        return None

    async def _take_over(self, run: RunStatus, now: float) -> None:
        """A lost worker's run is fenced off: should it be there after all, it does nothing any more.

        It is ended once its work may be begun anew: until then nothing else of its key is begun. If its outcome is
        settled already, no work waits for it, but the queue of its key, which it keeps shut.
        """

        def fence(unit: Unit) -> tuple[WorkItem | None, float, list[str]]:
            if (fenced_at := unit.workers.fenced(run.id)) is None:
                log.warning("a lost worker's run is taken over", run=run.id, process=run.process, worker=run.held_by)
                unit.workers.fence(run.id, now)
            item = unit.work.get(work_of(run.id))
            if item is None or item.state != "submitted" or item.run_id != run.id:
                return None, now, []
            unit.work.keep_place(item.id)
            return item, fenced_at or now, _recall(unit, item.id, now)

        item, fenced_at, recalled = await self._database.run(fence)
        for behind in recalled:
            await self._engine.cancel(behind)
        if item is None or await self._begin_anew(item, fenced_at, now):
            await self._engine.cancel(run.id)

    async def _begin_anew(self, item: WorkItem, fenced_at: float, now: float) -> bool:
        """After a pause, in which a call of its run that was fenced off comes to its end (`ports.holding`)."""
        if now + GRAIN_S < (due := fenced_at + PAUSE_S):
            self.watch.due[item.run_id] = due
            self._engine.alarm(TICKER, due)
            return False
        taken_over = Later(self._policy.error_first_s, "another worker had begun it", counts=False)
        act = partial(self._later, later=taken_over, chance=self._chance.uniform("retry"))
        await self._settle(item.run_id, item.id, act, taken_over=True)
        return True

    # -- back -------------------------------------------------------------------------------

    def _wrapped(self, name: str, process: Process) -> Process:
        async def run_and_settle(run: Run, argument: Json) -> None:
            HOLDER.set(run.id)
            outcome, act, away = await self._outcome(name, process, run, argument["argument"])
            self._meter.count("synccore_runs", name, outcome)
            await self._settle(run.id, argument["work"], act)
            if away is not None:
                self._missed(away)

        return run_and_settle

    async def _outcome(self, name: str, process: Process, run: Run, argument: Json) -> tuple[str, Act, Away | None]:
        try:
            await process(run, argument)
        except Parked as parked:
            return "parked", partial(self._park, parked=parked), None
        except Away as away:
            return "away", partial(self._wait, away=away), away
        except Later as later:
            return "later", partial(self._later, later=later, chance=self._chance.uniform("retry")), None
        except Exception as error:
            log.exception("run failed", process=name, run=run.id)
            cause = "".join(traceback.format_exception_only(error)).strip()
            return "failed", partial(self._error, cause=cause, chance=self._chance.uniform("retry")), None
        return "done", self._finish, None

    async def _settle(self, name: str, work_id: str, act: Act, taken_over: bool = False) -> None:
        now = self._clock.now()

        def settle(unit: Unit) -> tuple[float | None, list[str]]:
            item = unit.work.get(work_id)
            if item is None or item.state != "submitted" or item.run_id != name:
                return None, []  # a repeat after a crash: this run's outcome is in the list already
            if not taken_over and unit.workers.fenced(name) is not None:
                return None, []  # it lost its lease, and says what was true before
            before = unit.work.placed(item.id)
            act(unit, item, now)
            keeps, after = unit.work.placed(item.id), unit.work.get(work_id)
            recalled = _recall(unit, item.id, now) if keeps and not before else []
            free = before and not keeps  # what it has kept behind it is due
            return now if free or after is None else after.due_at if after.state == "due" else None, recalled

        due_at, recalled = await self._database.run(settle)
        self._pulse.changed()
        for run in recalled:
            await self._engine.cancel(run)
        if due_at is not None and due_at <= now:
            await self.kick()
        elif due_at is not None:
            self._engine.alarm(TICKER, due_at)

    def _finish(self, unit: Unit, item: WorkItem, now: float) -> None:
        unit.work.finish(item.id)
        unit.exceptions.resolve_work(item.id, "a later run succeeded", "synccore", now)

    def _park(self, unit: Unit, item: WorkItem, now: float, parked: Parked) -> None:
        standing = []
        for finding in parked.findings:
            due_s = self._exception_due_s.get(finding.owner_role, self._exception_due_s[""])
            standing.append(unit.exceptions.open(BusinessException(
                "", finding.kind, item.subject, item.key, finding.reason, finding.owner_role, finding.actions,
                finding.waiting_on, item.id, now, now + due_s, details=finding.details,
            )))  # fmt: skip
        for exception in unit.exceptions.of_work(item.id):
            if exception.id not in standing:
                unit.exceptions.resolve(exception.id, "a later run no longer met it", "synccore", now)
        unit.work.park(item.id, parked.waiting_on, parked.cause)

    def _wait(self, unit: Unit, item: WorkItem, now: float, away: Away) -> None:
        """No retry, no budget: the work is parked until the system has been seen again.

        Its tries are kept: where a system fails at one thing alone it is seen at once, and the pauses must grow.
        """
        del now
        unit.work.park(item.id, away.topics, away.cause, keep_tries=True)

    def _later(self, unit: Unit, item: WorkItem, now: float, later: Later, chance: float) -> None:
        delay_s = later_delay_s(self._policy, later.delay_s, item.tries, later.counts, chance)
        if isinstance(later, Limited):
            unit.work.keep_place(item.id)
        _again_or_bury(unit, item, now, delay_s, later.cause, later.counts)

    def _error(self, unit: Unit, item: WorkItem, now: float, cause: str, chance: float) -> None:
        _again_or_bury(unit, item, now, error_delay_s(self._policy, item.tries, chance), cause, counts=True)


def _recall(unit: Unit, work_id: str, now: float) -> list[str]:
    """What came later and waits in the engine behind work that keeps its place; its runs, which are to be cancelled."""
    item = unit.work.get(work_id)
    if item is None:
        return []
    following = unit.work.following(work_id)
    for behind in following:
        unit.workers.fence(behind.run_id, now)  # should it begin before it is cancelled
        unit.work.later(behind.id, max(item.due_at, now), f"waits behind {work_id}", counts=False)
    return [behind.run_id for behind in following]


def _again_or_bury(unit: Unit, item: WorkItem, now: float, delay_s: float | None, cause: str, counts: bool) -> None:
    if delay_s is not None:
        unit.work.later(item.id, now + delay_s, cause, counts)
        return
    unit.letters.add(DeadLetter(
        "", item.id, item.process, item.subject, item.key, item.argument, cause, item.tries + 1, now
    ))  # fmt: skip
    unit.work.bury(item.id, cause)

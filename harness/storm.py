"""The disturbances of a run: put in place, watched where the core must die in their midst, and counted as probes."""

import asyncio

from harness.checkers import Outage
from harness.events import EventStream
from harness.scenario import Disturbance
from harness.world import World

_LOOK_S = 0.05  # how often to look whether an answer is being held
_PATIENCE_S = 120.0  # how long to wait for one to strike
_GRACE_S = 0.3  # the held answer's effect is in the books well within this


class Storm:
    """Knows which disturbances there are, and kills the core while one of them holds an answer."""

    def __init__(self, world: World, stream: EventStream) -> None:
        self._world, self._stream = world, stream
        self._placed: dict[str, Disturbance] = {}
        self._killers: list[Disturbance] = []
        self._watch: asyncio.Task[None] | None = None
        self._killing = False
        self._final: dict[str, int] = {}
        self._begun: dict[str, float] = {}
        self._outages: list[Outage] = []
        self.killed: dict[str, int] = {}
        self.failure: BaseException | None = None

    @property
    def placed(self) -> list[Disturbance]:
        """What is in place and not repaired."""
        return [one for name, one in self._placed.items() if name not in self._final]

    @property
    def going_on(self) -> list[str]:
        """Which of them strike again and again and have no end yet; one that has struck its times is over."""
        now = self._world.now()
        return [
            one.id for one in self.placed
            if not one.fault(now)["times"] and (one.lasts is None or self._begun[one.id] + one.lasts > now)
        ]  # fmt: skip

    async def place(self, disturbance: Disturbance) -> None:
        """From here on it is in the fault table of its system."""
        before = self._placed.get(disturbance.id)
        if before is not None and before.is_outage and disturbance.id not in self._final:  # it was, also if it is again
            self._outages.append(self._outage(before, await self._hits(before)))
        await self._world.control(disturbance.system, "POST", "/_control/faults", disturbance.fault(self._world.now()))
        self._placed[disturbance.id] = disturbance
        self._final.pop(disturbance.id, None)
        self._begun[disturbance.id] = self._world.now()
        if disturbance.kills_core is not None:
            self._killers.append(disturbance)
            self.killed[disturbance.id] = 0

    async def repair(self, disturbance_id: str) -> None:
        """It is over."""
        disturbance = self._placed[disturbance_id]
        hits = await self._hits(disturbance)
        self._final[disturbance_id] = hits
        if disturbance.is_outage:
            self._outages.append(self._outage(disturbance, hits))
        await self._world.control(disturbance.system, "DELETE", f"/_control/faults/{disturbance_id}")
        self._killers = [one for one in self._killers if one.id != disturbance_id]

    async def probes(self) -> dict[str, int]:
        """How often each disturbance was really hit."""
        found = {}
        for name, disturbance in self._placed.items():
            hits = self._final.get(name)
            hits = await self._hits(disturbance) if hits is None else hits
            found[name] = hits if disturbance.kills_core is None else self.killed[name]
        return found

    async def outages(self) -> list[Outage]:
        """When which system was away, also those that are not over."""
        going_on = [one for name, one in self._placed.items() if name not in self._final and one.is_outage]
        return [*self._outages, *[self._outage(one, await self._hits(one)) for one in going_on]]

    def _outage(self, disturbance: Disturbance, hits: int) -> Outage:
        begin, end = self._begun[disturbance.id], self._world.now()
        if disturbance.lasts is not None:
            end = min(end, begin + disturbance.lasts)
        return Outage(disturbance.system, begin, end, hits)

    async def _hits(self, disturbance: Disturbance) -> int:
        for row in await self._world.control(disturbance.system, "GET", "/_control/faults"):
            if row["id"] == disturbance.id:
                return int(row["hits"])
        return 0

    async def strikes(self, disturbance_id: str, within_s: float = _PATIENCE_S) -> bool:
        """Wait until a disturbance strikes at all; False if it does not within so much business time."""
        disturbance = self._placed.get(disturbance_id)
        if disturbance is None:
            return False
        until = self._world.now() + within_s
        while not await self._hits(disturbance):
            if self._world.now() >= until:
                return False
            await asyncio.sleep(_LOOK_S)
        return True

    # -- killing the core in the midst of a write -----------------------------------------------

    def begin(self) -> None:
        """Watch from now on, if there is anything to watch for."""
        if self._killers and self._watch is None:
            self._watch = asyncio.get_running_loop().create_task(self._look_out())

    async def end(self) -> None:
        """Stop watching; a kill under way is finished first."""
        while self._killing and self.failure is None:
            await asyncio.sleep(_LOOK_S)
        if self._watch is not None:
            self._watch.cancel()
            try:
                await self._watch
            except asyncio.CancelledError:
                pass
            self._watch = None
        if self.failure is not None:
            raise self.failure

    @property
    def watching(self) -> bool:
        """Whether it looks out for a moment at which the core must die."""
        return self._watch is not None

    @property
    def killing(self) -> bool:
        """Whether the core is dead at the moment because of a disturbance."""
        return self._killing

    async def _look_out(self) -> None:
        try:
            while self._killers:
                for disturbance in list(self._killers):
                    if await self._hits(disturbance) > self.killed[disturbance.id]:
                        await self._kill(disturbance)
                await asyncio.sleep(_LOOK_S)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # reported by `end`: a watcher that failed must not look like calm weather
            self.failure = error

    async def _kill(self, disturbance: Disturbance) -> None:
        how = disturbance.kills_core
        assert how is not None
        self._killing = True
        await asyncio.sleep(_GRACE_S)
        if how.wakes_after is None:
            await self._world.kill_core()
        else:
            self._world.join_core(how.release, how.wakes_after, how.restart_after)
        done = "killed" if how.wakes_after is None else "stopped"
        self._stream.add("crash", disturbance=disturbance.id, said=f"the core was {done} between a send and its commit")
        self.killed[disturbance.id] += 1
        self._killers = [one for one in self._killers if one.id != disturbance.id]
        await asyncio.sleep(how.restart_after)
        if how.wakes_after is None:
            await self._world.start_core(release=how.release, elsewhere=how.elsewhere)
        self._stream.add("note", said="the core was started again")
        self._killing = False

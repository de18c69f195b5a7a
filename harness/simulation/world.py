"""The simulated world of one run: implements harness.world.World over systems and core in this process."""

import asyncio
import json
from collections.abc import Callable, Mapping
from contextvars import Context
from functools import partial
from random import Random
from typing import Any, Literal

from harness.events import EventStream
from harness.scenario import Scenario
from harness.simulation.asgi import ConnectionBroke, Raw, UnderWay, request, served
from harness.simulation.backup import Backup
from harness.simulation.engine import EngineState, SimulatedEngine
from harness.simulation.flight_plan import Flight
from harness.simulation.hangar import CONTROL, CORE_HOST, CORE_TOKEN, HOSTS, NAMES, Hangar, shown
from harness.simulation.incarnation import Incarnation
from harness.simulation.ports import (
    Drop,
    SimulatedChance,
    SimulatedClock,
    SimulatedDatabase,
    SimulatedFiles,
    SimulatedTransport,
)  # fmt: skip
from harness.simulation.recording import recorder
from harness.simulation.streams import SimulatedChannel
from harness.world import PEOPLE, RELEASES, SYSTEMS, Json, NotQuiet, Release, Reply, SystemName, Unreachable
from simulators.kit.faults import Fault
from simulators.salesforce import PubSub
from synccore import bootstrap
from synccore.ports.holding import Worker

LOOK_S = 0.1  # virtual seconds between two looks whether all is quiet
FILE_TIMEOUT_S, CORE_TIMEOUT_S = 30.0, 120.0  # books that come by jobs: each of nine is looked at every five seconds
RESTART_S = 2.0  # how long a crashed core stays down
READS = ("GET ", "POST /services/rest/query/v1/suiteql", "read", "list", "RPC ")  # how requests begin that only ask


class SimWorld:
    """See harness.world.World. Lives within one run of a virtual loop."""

    mode: Literal["sim", "live"] = "sim"

    def __init__(self, hangar: Hangar, scenario: Scenario, seed: str, flight: Flight) -> None:
        self.hangar, self.flight, self.seed = hangar, flight, seed
        self._loop = asyncio.get_running_loop()
        self._genesis = scenario.genesis
        self._mappings = hangar.company.mappings_with(scenario.mappings)
        self.stream = EventStream(self.now)
        self.points: list[str] = []  # every crash point passed, by name
        self.traces: list[tuple[Any, ...]] = []  # of each: what would outlive a crash there, as far as it can differ
        self.requests: list[tuple[str, str]] = []  # what the core sent: (system, method and path)
        self.commits = 0
        self.asked = 0  # of these: what answered those who asked the core
        self.crashes = 0  # at crash points: not those that the story asks for
        self.engine_state = EngineState()
        self._chance = Random(f"{seed}/engine")
        self._turns = Random(f"{seed}/turns") if scenario.interleaved else None
        self._lives = self._places = self._asks = self._answers = 0
        self._life: Incarnation | None = None
        self._beside: list[Incarnation] = []  # older cores that are alive as well
        self.engine: SimulatedEngine | None = None
        self._hosts = {HOSTS[name]: system.app for name, system in hangar.systems.items()}
        self._api = served(hangar.api, lambda error: self.stream.add("note", said=f"the core raised {error}"))
        self.memory = hangar.fresh_memory()
        self._settings = hangar.settings
        self.backup: Backup | None = None
        self._under_way: UnderWay = []
        self._dumped: dict[SystemName, tuple[Any, Json]] = {}  # by system: the store's state, and the books of it
        self._restarting: asyncio.Task[None] | None = None

    # -- life ---------------------------------------------------------------------------------

    async def open(self) -> "SimWorld":
        """Reset the systems to the story's genesis and start everything."""
        hangar = self.hangar
        hangar.elapsed = self._loop.time
        hangar.deliver = self._deliver
        for name, system in hangar.systems.items():
            system.reset(self._genesis, self.seed)
            system.journal.listeners[:] = [recorder(self.stream, name)]
            system.store.listeners[1:] = [self._poker(name)]
            await system.start()
        await self.start_core()
        return self

    async def close(self) -> None:
        """Stop all."""
        for life in (*self._beside, self._life):
            if life is not None:
                life.dead = True
        self.hangar.core = None
        for system in self.hangar.systems.values():
            await system.stop()

    def _poker(self, name: SystemName) -> Callable[[list[Any]], None]:
        def changed(changes: list[Any]) -> None:
            for change in changes:
                if shown(name, change.kind):
                    return self._poke(name)

        return changed

    def _poke(self, system: str = "") -> None:
        for engine in self.engine_state.engines:
            engine.poke(system)

    async def back_up_core(self) -> None:
        """See World."""
        self.backup = Backup.of(self.memory, self.engine_state)

    async def start_core(self, from_backup: bool = False, release: Release = "", elsewhere: bool = False) -> None:
        """See World."""
        self._places += elsewhere
        if release:
            self._settings = self._settings.model_copy(update={"application_version": RELEASES[release]})
        if from_backup and self.backup is not None:  # the linter sees to it that there is one
            self._settings = self.backup.put_back(self.memory, self.engine_state, self._settings)
        self._lives += 1
        life = Incarnation(self._at_point, lambda: self._core_died(life, engine, channel), self._turns)
        worker = Worker(f"place-{self._places}", self._settings.application_version)
        engine = SimulatedEngine(self.engine_state, life, self.now, self._chance, worker)
        clock = SimulatedClock(self.hangar.wire, self.now, life)
        files = None
        if user := self._settings.erp_legacy_host and self._settings.erp_legacy_user:
            asks_legacy = partial(self._requested, "erp_legacy")
            files = SimulatedFiles(self._drop(), user, life, FILE_TIMEOUT_S, asks_legacy, self._under_way)
        channel = SimulatedChannel(self._bus, life, partial(self._requested, "salesforce"), self._under_way)
        ports = bootstrap.Ports(
            clock, SimulatedChance(f"{self.seed}/core/{self._lives}"),
            SimulatedTransport(self._hosts, life, self._core_sends, self._under_way), files,
            SimulatedDatabase(self.memory, life, self._committed), engine, channel,
        )  # fmt: skip
        core = bootstrap.build(self._settings, ports, self.flight.change, self._mappings)
        self._life, self.engine, self.hangar.core = life, engine, core
        started = life.serve(core.start())
        try:
            await started
        except ConnectionResetError:
            return  # it died while it started; whoever restarts it tries again

    def join_core(self, release: Release = "", stopped_s: float = 0.0, after_s: float = 0.0) -> None:
        """See World."""
        assert self._life is not None and self.engine is not None
        self._beside.append(self._life)
        if stopped_s:
            self._life.stop()
            self._loop.call_later(stopped_s, self.engine.go_on)
        self._restarting = self._loop.create_task(self._restart(after_s, release, True), context=Context())

    async def kill_core(self) -> None:
        """See World; those beside it as well."""
        for life in (*self._beside, self._life):
            if life is not None:
                life.kill()
        self._beside.clear()

    def _core_died(self, life: Incarnation, engine: SimulatedEngine, channel: SimulatedChannel) -> None:
        engine.leave()
        if life is self._life:
            self.hangar.core = None
        channel.cut()
        if self.memory.in_transaction:
            self.memory.rollback()

    def _at_point(self, name: str) -> bool:
        self.points.append(name)
        if self.flight.traced:
            self.traces.append(self._durable())
        if self.flight.passing is not None:
            self.flight.passing(self, "crash", len(self.points))
        first = self.flight.crash_at
        again = None if first is None or self.flight.crash_again is None else first + self.flight.crash_again
        if first is None or len(self.points) not in (first, again):
            return False
        self.crashes += 1
        if self.flight.stopped_s:
            self.stream.add("crash", said=f"the core was stopped at point {len(self.points)}: {name}")
            self.join_core(stopped_s=self.flight.stopped_s)
            return False
        self.stream.add("crash", said=f"the core died at point {len(self.points)}: {name}")
        restart = self._restart(elsewhere=self.flight.elsewhere)
        self._restarting = self._loop.create_task(restart, context=Context())  # nothing of the dead one's
        return True

    def _durable(self) -> tuple[Any, ...]:
        """Equal at two points that follow each other: a crash at either leaves the same behind, at the same time, and
        to the same people. What the core has only asked or looked up since is lost with it.
        """
        runs, systems = self.engine_state.runs.values(), self.hangar.systems.values()
        kept = tuple((run.state, len(run.memos)) for run in runs), tuple(system.store.state for system in systems)
        struck = tuple((fault.seen, fault.hits) for system in systems for fault in system.faults)
        counted = any(system.meter.profile != "roomy" for system in systems)  # each question, for the next one
        sent = sum(counted or not what.startswith(READS) for _, what in self.requests)
        waits = (self._asks, self.commits) if self._asks > self._answers else ()  # for an answer that never comes
        under_way = sum(not task.done() for task in self._under_way)
        chance = tuple(hash(one.getstate()) for one in (self._chance, self._turns) if one is not None)
        return self.memory.total_changes, kept, struck, sent, waits, under_way, self.now(), chance

    async def _restart(self, after_s: float = RESTART_S, release: Release = "", elsewhere: bool = False) -> None:
        await asyncio.sleep(after_s)
        await self.start_core(release=release, elsewhere=elsewhere)
        if self._restarting is asyncio.current_task():  # else it died while it started, and is restarted once more
            self._restarting = None

    def _core_sends(self, host: str, what: str) -> None:
        self._requested(NAMES[host], what)

    def _bus(self) -> PubSub:
        bus: PubSub = self.hangar.systems["salesforce"].pubsub  # type: ignore[attr-defined]
        return bus

    def _requested(self, system: SystemName, what: str) -> None:
        self.requests.append((system, what))
        if self.engine is not None:  # whose ticker asks is the ticker's own knowledge
            self.engine.asked(system)
        if self.flight.passing is not None:
            self.flight.passing(self, "call", len(self.requests))
        if len(self.requests) == self.flight.call_at:
            call = f"pubsub.{what.rpartition('/')[2]}" if what.startswith("RPC ") else "*"
            fault = {"id": "explored", "kind": self.flight.outcome, "delay_s": self.flight.delay_s, "operation": call}
            self.hangar.systems[system].faults.add(Fault.model_validate(fault))
            self.stream.add("note", said=f"request {len(self.requests)} ({system} {what}) meets {self.flight.outcome}")

    def _committed(self, rows: int) -> None:
        self.commits += 1
        if rows:
            self.stream.add("commit", rows=rows)
            for engine in self.engine_state.engines:
                engine.rouse("dispatch")  # the safety net behind the core's own hand-over

    # -- talking --------------------------------------------------------------------------------

    async def _deliver(self, method: str, url: str, headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
        path = "/" + url.split("/", 3)[3]
        raw = await self._ask_core(method, path, {"host": CORE_HOST, **headers}, body, timeout_s)
        return raw.status

    async def _ask_core(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float | None
    ) -> Raw:
        life = self._life
        if life is None or life.dead:
            raise ConnectionRefusedError("the core is down")
        self._asks += 1
        try:
            async with asyncio.timeout(timeout_s):  # the core goes on without us, and its own time-outs are its own
                raw: Raw = await life.serve(request(self._api, method, path, headers, body, None))
        finally:
            self._answers += 1
        return raw

    async def call(
        self, system: SystemName, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> Reply:
        """See World."""
        sent = {"host": HOSTS[system], "user-agent": PEOPLE, **(headers or {})}
        try:
            raw = await request(self.hangar.systems[system].app, method, path, sent, body, 60.0)
        except (ConnectionBroke, TimeoutError) as error:
            raise Unreachable(f"{system}: {error}") from None
        return Reply(raw.status, raw.headers, raw.body)

    async def control(self, system: SystemName, method: str, path: str, body: Json = None) -> Json:
        """See World."""
        if method == "GET" and path == "/_control/books":  # the same rows without rendering and parsing 100 kB
            return {"system": system, "at": self.now(), **self._books(system)}
        if method == "GET" and path == "/_control/health":
            return {"system": system, "now": self.now(), "failures": self.hangar.systems[system].jobs.failures}
        if method == "GET" and path == "/_control/faults":  # a storm looks at them every 50 ms
            return [fault.model_dump() for fault in self.hangar.systems[system].faults]
        data = b"" if body is None else json.dumps(body).encode()
        headers = {"x-control-token": CONTROL, "content-type": "application/json"}
        raw = await request(self.hangar.systems[system].app, method, path, headers, data, None)
        answer = json.loads(raw.body) if raw.body else None
        if raw.status >= 400:
            raise ValueError(f"{system} {path}: {answer.get('detail') if isinstance(answer, dict) else answer}")
        return answer

    def _books(self, name: SystemName) -> Json:
        """A system's books, dumped anew only when something was written in it since they were last asked for."""
        system = self.hangar.systems[name]
        state, known = system.store.state, self._dumped.get(name)
        if known is None or state is None or known[0] != state:
            known = self._dumped[name] = (state, system.books())
        return known[1]

    async def core(self, method: str, path: str, body: Json = None) -> tuple[int, Json]:
        """See World."""
        headers = {
            "host": CORE_HOST, "authorization": f"Bearer {CORE_TOKEN}", "content-type": "application/json",
        }  # fmt: skip
        data, before = b"" if body is None else json.dumps(body).encode(), self.commits
        try:
            raw = await self._ask_core(method, path, headers, data, CORE_TIMEOUT_S)
        except (OSError, TimeoutError) as error:
            raise Unreachable(str(error)) from None
        if method != "GET":
            self._poke()
        else:
            self.asked += self.commits - before
        try:
            return raw.status, json.loads(raw.body) if raw.body else None
        except ValueError:
            return raw.status, raw.body.decode("utf-8", "replace")

    async def put_file(self, user: str, path: str, data: bytes) -> None:
        """See World."""
        drop, name = self._drop(), self.hangar.partner(user)
        try:
            await drop.write(name, f"{path}.tmp", data)
            await drop.rename(name, f"{path}.tmp", path)
        except OSError as error:
            raise Unreachable(f"drop: {error}") from None

    def _drop(self) -> Drop:
        drop: Drop = self.hangar.systems["erp_legacy"].drop  # type: ignore[attr-defined]
        return drop

    def credentials(self, system: SystemName) -> Mapping[str, str]:
        """See World."""
        return self.hangar.secret[system]

    def base_url(self, system: SystemName) -> str:
        """See World."""
        return self.hangar.base_url(system)

    # -- time -----------------------------------------------------------------------------------

    def now(self) -> float:
        """See World."""
        return self._genesis + self._loop.time()

    async def advance(self, to: float) -> None:
        """See World: timers of systems and core ring on the way, each at its own time."""
        await asyncio.sleep(max(0.0, to - self.now()))
        await self.settle()

    async def settle(self, bound_s: float = 900.0) -> None:
        """See World."""
        deadline = self.now() + bound_s
        patience = deadline + 4 * 3600.0
        while True:
            due = self.stirs(deadline)
            if due is None:
                return await self._no_deadlock()
            if self.now() > patience:
                raise NotQuiet(f"still not quiet {bound_s / 60:.0f} minutes and four hours later: {self._open()}")
            await asyncio.sleep(max(LOOK_S, due - self.now()))

    def at_work(self, asked: bool = False) -> bool:
        """Is something under way, apart from the core's runs? `asked`: also if somebody waits for its answer."""
        self._under_way[:] = [task for task in self._under_way if not task.done()]
        idle = all(system.jobs.idle for system in self.hangar.systems.values())
        down = self._restarting is not None or self._life is None
        return down or bool(self._under_way) or not idle or (asked and self._asks > self._answers)

    def stirs(self, deadline: float) -> float | None:
        """When to look again, or None when nothing goes on and nothing is due before the deadline (business time)."""
        now = self.now()
        if self.at_work():
            return now
        dues = []
        delivery = self.hangar.systems["subscriptions"].jobs.next_due("deliver")
        if delivery is not None and delivery <= deadline:
            dues.append(delivery)
        for engine in self.engine_state.engines:
            if engine.stands_still:
                continue
            if engine.busy:
                return now
            following = engine.next_round()
            if following is not None:
                dues.append(following)
            alarm = engine.next_alarm()
            if alarm is not None and alarm <= deadline:
                dues.append(alarm)
        return min(dues, default=None)

    async def _no_deadlock(self) -> None:
        """Nothing will happen by itself any more: then no work of a living core may wait to be done."""
        if self._life is None or self._life.dead:
            return
        now = self.now()
        stuck = [
            f"{item.process} {item.subject} is {item.state}: {item.cause}"
            for item in await bootstrap.inline_database(self.memory).run(lambda unit: unit.work.open())
            if item.state == "submitted" or (item.state == "due" and item.due_at <= now)
        ]
        if stuck:
            raise NotQuiet(f"deadlock: all is quiet but there is work to be done: {'; '.join(stuck)}")

    def _open(self) -> str:
        runs = self.engine_state.runs.values()
        waiting = [f"{run.process} {run.id}" for run in runs if run.state in ("queued", "running")]
        jobs = [name for name in SYSTEMS if not self.hangar.systems[name].jobs.idle]
        failures = self.engine.failures()[-3:] if self.engine is not None else []
        return f"runs {waiting}; systems at work {jobs}; tickers that failed {failures}"

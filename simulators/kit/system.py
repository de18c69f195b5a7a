"""A simulated system: its parts, its life, and the one ASGI application that shows them."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

from simulators.kit.calls import Answer, Call
from simulators.kit.chance import Chance
from simulators.kit.clock import Clock
from simulators.kit.control import control_app
from simulators.kit.faults import FaultTable
from simulators.kit.jobs import Jobs
from simulators.kit.journal import Journal
from simulators.kit.kinds import Kind
from simulators.kit.limits import LimitMeter, Limits, Profile
from simulators.kit.outbox import Outbox, Sender
from simulators.kit.pact_states import State
from simulators.kit.routes import Match, Routes
from simulators.kit.standing import Standing
from simulators.kit.store import Change, Store
from simulators.kit.wire import App, Receive, Refusal, Scope, Send, Wire

Rows = list[dict[str, Any]]
Act = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]

BOOKS_VERSION = 1
BOOK_TABLES = ("party", "contract", "document", "line", "allocation", "ledger")


@dataclass(frozen=True)
class Settings:
    """What a system is started with. `credentials` are the vendor's own kind, by name."""

    wire: Callable[[], float]
    sender: Sender
    genesis: float
    seed: str = "windtunnel"
    control_token: str = "control"
    profile: Profile = "roomy"
    credentials: Mapping[str, str] | None = None
    data: Path | None = None  # folder of the persisted store; None keeps it in memory
    journal_capacity: int = 10_000


class SeedError(ValueError):
    """Seed data that the system cannot hold; the message names the place."""


class System:
    """Base of every simulated system. A vendor's package subclasses it and is entered by nothing else."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[Kind, ...]]
    inner: ClassVar[frozenset[str]] = frozenset()  # names of kinds that no interface of the vendor shows
    never_again: ClassVar[tuple[str, ...]] = ()  # how counters are named whose numbers the vendor never gives twice
    schema: ClassVar[str] = ""  # further SQL tables
    limits: ClassVar[Limits] = Limits()
    webhook_schedule_s: ClassVar[tuple[float, ...]] = ()
    max_body: int = 16 * 1024 * 1024
    max_target: int = 64 * 1024
    max_head: int | None = None
    ignore_case: ClassVar[bool] = False

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.clock = Clock(settings.wire, settings.genesis)
        self.chance = Chance(f"{settings.seed}/{self.name}")
        path = None if settings.data is None else settings.data / f"{self.name}.sqlite"
        self.store = Store(self.kinds, path, self.schema)
        if path is not None:
            self.clock.keep(path.with_suffix(".clock"))
        self.jobs = Jobs(self.store, self.clock)
        self.journal = Journal(settings.journal_capacity)
        self.faults = FaultTable(self.chance.stream("faults"))
        self.meter = LimitMeter(self.limits, settings.profile)
        self.outbox = Outbox(
            self.store, self.jobs, self.clock, self.journal, self.faults, settings.sender, self.webhook_schedule_s
        )
        self.routes = Routes(self.ignore_case)
        self.acts: dict[str, Act] = {}
        self.states: dict[str, State] = {}
        self.wire = Wire(self, self.clock, self.journal, self.faults, self.meter)
        self._loop_task: asyncio.Task[None] | None = None
        self.shown = 0  # grows with every change of a document that clients can see
        self.store.on_commit(self._journal_changes)
        self.build()
        if not self._restarted():
            self.begin()
        self.remember()

    # -- what a vendor fills in ---------------------------------------------------------------

    def build(self) -> None:
        """Register routes, job handlers, acts and provider states. Called once a process."""
        raise NotImplementedError

    def begin(self) -> None:
        """Put in place what a fresh system holds before any seed (an organisation, a standard price book, …)."""

    def seed(self, data: Mapping[str, Any]) -> dict[str, int]:
        """Load vendor-shaped seed rows; returns how many of each kind; bad rows raise SeedError and change nothing."""
        raise NotImplementedError

    def books(self) -> dict[str, Rows]:
        """The system's own books as vendor-named rows, by table of BOOK_TABLES."""
        raise NotImplementedError

    def forget(self) -> None:
        """Drop in-memory state that is not in the store (tokens, caches); called by reset and restore."""

    def release(self) -> None:
        """Answer whoever is held for long (long polls): the server is about to stop."""

    def operation(self, call: Call) -> str:
        """The route's name; systems with other rules override it."""
        match = self.routes.match(call)
        call.scope["windtunnel.match"] = match
        return match.route.operation if match.route else "unknown"

    def match(self, call: Call) -> Match:
        """The route match found when the operation was named."""
        found: Match = call.scope["windtunnel.match"]
        return found

    def authenticate(self, call: Call) -> Answer | None:
        """See `wire.Vendor`."""
        raise NotImplementedError

    def metered(self, call: Call) -> bool:
        """See `wire.Vendor`: every call."""
        del call
        return True

    def refuse(self, reason: Refusal, call: Call, *, status: int, retry_after_s: int | None) -> Answer:
        """See `wire.Vendor`."""
        raise NotImplementedError

    def expire_credentials(self) -> None:
        """See `wire.Vendor`."""
        raise NotImplementedError

    async def handle(self, call: Call) -> Answer:
        """See `wire.Vendor`."""
        raise NotImplementedError

    # -- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to work off due jobs."""
        self.jobs.begin()
        self._loop_task = asyncio.get_running_loop().create_task(self.jobs.run())

    async def stop(self) -> None:
        """Stop working; what is pending stays pending."""
        if self._loop_task is not None:
            self._loop_task.cancel()
            try:
                await self._loop_task
            except asyncio.CancelledError:
                pass
            self._loop_task = None
        await self.jobs.stop()

    @property
    def running(self) -> bool:
        """Whether the job loop is at work."""
        return self._loop_task is not None

    def remember(self) -> None:
        """Take the present state as the one that `reset` returns to (after a seed)."""
        self.store.remember()

    def reset(self, genesis: float | None = None, seed: str | None = None) -> None:
        """Back to the remembered state, clock at `genesis`, chance, faults, limits and journal fresh."""
        self.store.recall()
        self._fresh(seed)
        self.clock.restart(self.settings.genesis if genesis is None else genesis)

    def restore(self, image: bytes) -> None:
        """Replace the data by a snapshot's; faults and journal stay."""
        self.store.restore(image)
        self.forget()

    def standing(self) -> Standing:
        """What of the system's state is not in its store."""
        return Standing(now=self.clock.now(), chance=self.chance.standing(), faults=tuple(self.faults))

    def _set_back(self, image: bytes) -> None:
        names = [name for series in self.never_again for name in self.store.counters(series)]
        given = {name: self.store.last(name) or 0 for name in names}
        self.restore(image)
        for name, number in given.items():
            if number > (self.store.last(name) or 0):
                self.store.count(name, number)

    def stand(self, standing: Standing, image: bytes, by_vendor: bool = False) -> None:
        """Become what the system was when both were taken, its clock included; journal and limits begin anew.

        `by_vendor`: what a vendor never gives twice is not given again.
        """
        if by_vendor:
            self._set_back(image)
        else:
            self.restore(image)
        self.chance.stand(standing.chance)
        self.faults.clear(self.chance.stream("faults"))
        for fault in standing.faults:
            self.faults.add(fault)
        self.meter.reset()
        self.jobs.failures.clear()
        self.clock.restart(standing.now)

    def _fresh(self, seed: str | None) -> None:
        self.chance.restart(f"{seed if seed is not None else self.settings.seed}/{self.name}")
        self.faults.clear(self.chance.stream("faults"))
        self.meter.reset()
        self.journal.clear()
        self.jobs.failures.clear()
        self.forget()

    @property
    def seeded(self) -> bool:
        """Whether seed data was loaded: then a second load would only collide with the first."""
        return self.store.last("_seeded") is not None

    def _restarted(self) -> bool:
        """A persisted store that already holds data is gone on with, not begun anew."""
        if self.settings.data is None:
            return False
        begun = self.store.last("_begun")
        if begun is None:
            self.store.next("_begun")
        return begun is not None

    def _journal_changes(self, changes: list[Change]) -> None:
        at = self.clock.now()
        for change in changes:
            if change.kind not in self.inner:
                self.shown += 1
            if not change.kind.startswith("_"):
                self.journal.changed(at, self.name, change.kind, change.key, change.action)

    # -- ASGI ---------------------------------------------------------------------------------

    @cached_property
    def _control(self) -> App:
        """Built when it is first asked for: it costs more than all the rest of a system, and many need none."""
        return control_app(self)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The system as one ASGI application: the control page under `/_control`, the vendor's API everywhere else."""
        if scope["type"] == "lifespan":
            await _lifespan(self, receive, send)
        elif scope["type"] == "http":
            if scope["path"].startswith("/_control") or scope["path"].startswith("/_pact"):
                await self._control(scope, receive, send)
            else:
                await self.wire(scope, receive, send)


async def _lifespan(system: System, receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await system.start()
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await system.stop()
            system.store.close()
            await send({"type": "lifespan.shutdown.complete"})
            return

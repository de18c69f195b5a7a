"""A core of real processes and stores between fake systems: stories, faults at any call, crashes at any commit."""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from synccore.bootstrap import Core, Ports, build, prepare, settings_of
from synccore.core import Parts
from synccore.domain.deals import Account, Address
from synccore.engine.database import InlineDatabase
from synccore.ports.files import FileDrop
from synccore.ports.stores import Unit
from synccore.systems import Adapters
from tests.synccore.processes.cloud import FakeCloud
from tests.synccore.processes.vendors import FakePlatform, FakeSalesforce
from tests.synccore.processes.wire import Crash, Wire
from tests.synccore.worlds import DeadTransport, Even, HandClock, HandEngine, environment

T = TypeVar("T")
START = 1_767_603_600.0  # 2026-01-05T09:00Z
ITEMS = {
    "PLAT-ANNUAL": {
        "kind": "plan", "prices": {"USD": "platform-USD-yearly", "SGD": "platform-SGD-yearly"},
        "erp_item": "SUB-PLATFORM", "legacy": {"HKONT": "400100", "MATNR": "PLAT"},
    },
    "ONBOARD": {
        "kind": "charge", "prices": {"USD": "onboarding-USD", "SGD": "onboarding-SGD"}, "erp_item": "SVC-ONBOARD",
        "legacy": {"HKONT": "400200"},
    },
}  # fmt: skip
MAPPINGS: dict[str, dict[str, Any]] = {
    "entities": {
        "US": {"name": "US Inc", "currencies": ["USD"], "ledger": "cloud", "country": "US", "subsidiary": "1",
               "zone": "America/New_York", "business_entity": "US"},
        "SG": {"name": "SG Pte", "currencies": ["SGD"], "ledger": "legacy", "country": "SG", "company_code": "SG01",
               "zone": "Asia/Singapore", "business_entity": "SG"},
    },
    "items": ITEMS,
    "tax": {
        "US": {"rules": [
            {"country": "US", "state": "NY", "city": "New York", "rate": "8.875", "cloud_code": "US-NYC-8.875",
             "needs_state": True},
            {"country": "US", "rate": 0, "cloud_code": "US-0", "needs_state": True},
        ]},
        "SG": {"rules": [
            {"country": "SG", "rate": 8, "legacy_code": "A8", "needs_tax_id": True, "valid_to": "2023-12-31"},
            {"country": "SG", "rate": 9, "legacy_code": "A9", "needs_tax_id": True, "valid_from": "2024-01-01"},
        ]},
    },
}  # fmt: skip


def account(number: int = 1, **more: Any) -> Account:
    address = Address(street="1 Broadway", city="New York", state="NY", postal_code="10004", country="US")
    given = {"name": f"Customer {number}", "entity": "US", "bill_to": address, **more}
    return Account(id=f"001000000000{number:03d}AAA", **given)


class CrashingDatabase:
    """Commits that can be the last thing that happens, or not happen at all."""

    def __init__(self, inner: InlineDatabase, flight: "Flight") -> None:
        self._inner, self._flight = inner, flight

    async def run(self, fn: Callable[[Unit], T]) -> T:
        index, self._flight.commits = self._flight.commits, self._flight.commits + 1
        fault = self._flight.commit_script.pop(index, "")
        if fault == "crash-before":
            raise Crash(f"commit {index}")
        result = await self._inner.run(fn)
        if fault == "crash-after":
            raise Crash(f"commit {index}")
        return result


@dataclass
class Flight:
    """Systems and memory outlive the core; `core` is its present incarnation."""

    memory: bool = True  # does the engine remember steps over a crash?
    legacy: Any = None
    clock: HandClock = field(default_factory=lambda: HandClock(START))
    commit_script: dict[int, str] = field(default_factory=dict)
    commits: int = 0
    crashes: int = 0
    mappings: dict[str, dict[str, Any]] = field(default_factory=lambda: MAPPINGS)

    def __post_init__(self) -> None:
        self.wire = Wire(self.clock)
        self.salesforce, self.platform = FakeSalesforce(self.wire), FakePlatform(self.wire)
        self.cloud = FakeCloud(self.wire)
        connection = sqlite3.connect(":memory:")
        prepare(connection)
        self.database = InlineDatabase(connection)
        self.engine = HandEngine()
        self.core = self._build()

    def _build(self) -> Core:
        database = CrashingDatabase(self.database, self)
        files: FileDrop | None = None
        ports = Ports(self.clock, Even(), DeadTransport(), files, database, self.engine)
        systems = Adapters(self.salesforce, self.platform, self.cloud, self.legacy)

        def change(parts: Parts) -> Parts:
            return replace(parts, adapters=lambda *_given: systems)

        return build(settings_of(environment()), ports, change, self.mappings)

    async def start(self) -> None:
        await self.alive(self.core.start)

    async def alive(self, act: Callable[[], Awaitable[Any]]) -> None:
        """Do something; if the core is killed by it, start the next incarnation."""
        try:
            await act()
        except Crash:
            self.crashes += 1
            self.commit_script = {k: v for k, v in self.commit_script.items() if k >= self.commits}
            before = self.engine
            self.engine = HandEngine()
            if self.memory:
                self.engine.known, self.engine.memos = before.known, before.memos
                self.engine.states = {k: "queued" if v == "running" else v for k, v in before.states.items()}
            self.core = self._build()
            await self.alive(self.core.start)

    async def round(self) -> bool:
        """All tickers once, then all runs; True if anything happened."""
        before = (len(self.wire.writes), self.crashes)
        for name in list(self.engine.tickers):
            await self.alive(partial(self._tick, name))
        await self.alive(self.engine.drain)
        return before != (len(self.wire.writes), self.crashes)

    async def _tick(self, name: str) -> None:
        try:
            await self.engine.tickers[name]()
        except Crash:
            raise
        except Exception:  # a raising tick is the engine's to log
            return

    async def settle(self) -> None:
        """Until nothing is late or due within ten minutes and two rounds have found nothing."""
        quiet = 0
        for _ in range(80):
            self.clock.at += 15.0
            worked = await self.round()
            busy = await self.database.run(self._busy)
            quiet = 0 if worked or busy or self.wire.late else quiet + 1
            if quiet == 2:
                return
        raise AssertionError("the core does not come to rest")

    def _busy(self, unit: Unit) -> bool:
        due = unit.work.next_due()
        return (due is not None and due < self.clock.at + 600.0) or bool(unit.work.submitted_items())

    async def open_work(self) -> list[Any]:
        return await self.database.run(lambda unit: unit.work.open())

    async def exceptions(self) -> list[Any]:
        return await self.database.run(lambda unit: unit.exceptions.list("open"))

    async def letters(self) -> list[Any]:
        return await self.database.run(lambda unit: unit.letters.list())

    async def put(self, kind: str, key: str, value: Any) -> None:
        """A person changes a mapping."""

        def change(unit: Unit) -> None:
            unit.mappings.put(kind, key, value, "tester", self.clock.at)
            unit.work.wake(f"{ {'items': 'item', 'tax': 'tax', 'entities': 'entity'}[kind] }:{key}", self.clock.at)

        await self.database.run(change)


def fly(story: Callable[[Flight], Awaitable[None]], flight: Flight | None = None) -> Flight:
    """Run a story to its end."""
    flown = flight or Flight()

    async def go() -> None:
        await flown.start()
        await story(flown)

    asyncio.run(go())
    return flown

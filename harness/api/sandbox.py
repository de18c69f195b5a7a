"""The running sandbox as the API sees it: its world, the people who act in it, and a diary of what was noticed."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from harness.books import read_books, rows
from harness.canon import Canon, Correlation
from harness.drivers.stage import Buyer, Offer, Stage
from harness.events import EventKind, EventStream, RunEvent
from harness.scenario import Scenario
from harness.stack.journal import JournalPump
from harness.stack.launch import Stack
from harness.stack.world import LiveWorld
from harness.storm import Storm

DIARY_MAX = 20_000  # moments; older ones fall out, books never do
TRAVEL = "time_machine.travel_forward"
Row = Mapping[str, Any]


class Diary(EventStream):
    """What happened in the sandbox, without the calls: bounded, because a sandbox may run for days."""

    def __init__(self, now: Callable[[], float]) -> None:
        super().__init__(now)
        self._clock = now
        self._seq = 0
        self.travel = asyncio.Event()  # somebody has asked the platform's Time Machine to travel
        self.moments: deque[RunEvent] = deque(maxlen=DIARY_MAX)

    def add(self, kind: EventKind, at: float | None = None, **facts: Any) -> RunEvent:
        """Note it, unless it is a call or a mere update."""
        self._seq += 1
        event = RunEvent(self._seq, self._clock() if at is None else at, kind, facts)
        if kind in ("crash", "note") or (kind == "change" and facts.get("action") == "insert"):
            self.moments.append(event)
        if kind == "call" and facts.get("operation") == TRAVEL:
            self.travel.set()
        return event


class Sandbox:
    """One live stack with its people. Everything that acts goes through `stage`, as in a story."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.world: LiveWorld = stack.world
        self.company = stack.plan.company
        mappings = self.company.mappings_with(stack.plan.mappings)
        self.correlation = Correlation.of_entities(mappings.get("entities", {}), self.company.months)
        self.diary = Diary(self.world.now)
        self.storm, self.stage = self._people()
        self._pump = JournalPump(self.world, self.diary)

    def open(self) -> None:
        """Begin to take notes."""
        self._pump.start()

    async def close(self) -> None:
        """Take no more notes."""
        await self._pump.close()

    def forget(self) -> None:
        """The sandbox has become another: who was met and what was noticed belongs to the one before."""
        self.diary.moments.clear()
        self.storm, self.stage = self._people()

    def _people(self) -> tuple[Storm, Stage]:
        storm = Storm(self.world, self.diary)
        scenario = Scenario("sandbox", "Driven by hand", self.stack.plan.genesis, self.company.name, ())
        return storm, Stage(self.world, self.diary, scenario, self.company, storm, self.correlation)

    @property
    def core(self) -> str:
        """`up`, `stopped` by a person, or `dead` by itself."""
        if not self.world.core_wanted:
            return "stopped"
        core = self.world.core_process
        return "dead" if core is not None and core.exit_code is not None else "up"

    async def books(self) -> tuple[dict[str, Any], Canon]:
        """All books now, vendor-named and in the one vocabulary; who is new in them becomes known to the stage."""
        found = {system: await self.world.control(system, "GET", "/_control/books") for system in self.systems}
        self.meet(found["salesforce"])
        return found, read_books(found, self.correlation)

    @property
    def systems(self) -> list[Any]:
        """The systems' names, in the stack's order."""
        return list(self.stack.addresses.systems)

    def meet(self, salesforce: Row) -> None:
        """Accounts and deals that came by another way than this API (an SDK, a load) can be driven as well."""
        known = {buyer.account_id: buyer for buyer in self.stage.buyers.values()}
        for row in rows(salesforce, "party", "Account"):
            if row["Id"] not in known:
                buyer = Buyer(row["Id"], row["Name"], row["Id"], row.get("Selling_Entity__c") or "", "transfer")
                self.stage.buyers[buyer.id] = known[row["Id"]] = buyer
        offers = {offer.opportunity_id for offer in self.stage.offers.values()}
        began = {row["Id"]: row.get("Opportunity__c") for row in rows(salesforce, "contract", "Contract")}
        for row in rows(salesforce, "contract", "Opportunity"):
            owner = known.get(row.get("AccountId") or "")
            if row["Id"] not in offers and owner is not None:
                name = row.get("External_Id__c") or row["Id"]
                name = row["Id"] if name in self.stage.offers else name
                origin = began.get(row.get("ContractId") or "") or row["Id"]
                self.stage.offers[name] = Offer(name, row["Id"], owner, row.get("CurrencyIsoCode") or "USD", origin)

"""What the people in a story know while it is played: the world, and how their customers and deals are called there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from harness.canon import Correlation
from harness.checkers import Closing, Cutover, Drift, Replay
from harness.drivers.cloud_clerk import CloudClerk
from harness.drivers.platform import Platform
from harness.drivers.sales import Sales
from harness.drivers.wire import StepFailed
from harness.events import EventStream
from harness.load.send import LoadedDeal
from harness.scenario import Scenario, WorldFile
from harness.shares import products_of
from harness.storm import Storm
from harness.world import World

__all__ = ["Buyer", "Offer", "Stage", "StepFailed"]


@dataclass(frozen=True)
class Buyer:
    """A customer of the story, as Salesforce knows it."""

    id: str
    name: str
    account_id: str
    entity: str
    pays_by: str


@dataclass(frozen=True)
class Offer:
    """A deal of the story, as Salesforce knows it. `origin`: the opportunity that its contract began with."""

    id: str
    opportunity_id: str
    buyer: Buyer
    currency: str
    origin: str


@dataclass
class Stage:
    """A story being played in a world."""

    world: World
    stream: EventStream
    scenario: Scenario
    company: WorldFile
    storm: Storm
    correlation: Correlation = field(default_factory=Correlation)
    sales: Sales = field(init=False)
    platform: Platform = field(init=False)
    cloud_clerk: CloudClerk = field(init=False)
    buyers: dict[str, Buyer] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    milestones: dict[str, str] = field(default_factory=dict)  # id in the story -> record
    loaded: list[LoadedDeal] = field(default_factory=list)  # by close date and key
    cutovers: list[Cutover] = field(default_factory=list)  # entities that people have moved to another ledger
    closings: list[Closing] = field(default_factory=list)  # months that finance has closed or locked
    drifts: list[Drift] = field(default_factory=list)  # what administrators have changed
    replays: list[Replay] = field(default_factory=list)  # what operators let the core take again
    moved: set[str] = field(default_factory=set)  # ids of accounts that were corrected
    closed: int = 0  # how many of them, from the first, have been won
    edits: dict[str, str] = field(default_factory=dict)  # what a person has edited: id of the step -> the record
    consumed: dict[str, int] = field(default_factory=dict)  # usage exports: how many rows were sent, by file
    customer_changes: set[str] = field(default_factory=set)  # `subscription day` of what customers changed there
    backups: dict[str, tuple[str, float]] = field(default_factory=dict)  # of systems: the image, and when it was made
    set_back: list[str] = field(default_factory=list)  # systems that were restored from theirs
    bank_sequence: int | None = None  # number of the bank's last file, once known

    def __post_init__(self) -> None:
        self.sales = Sales(self.world)
        self.platform = Platform(self.world)
        self.cloud_clerk = CloudClerk(self.world)

    def today(self, entity: str = "") -> date:
        """The business date at one of the company's entities, which people there write on what they do; else UTC."""
        zone = self.company.entities.get(entity, {}).get("zone", "UTC")
        return datetime.fromtimestamp(self.world.now(), ZoneInfo(zone)).date()

    def ledger_of(self, bill: Mapping[str, Any], entity: str) -> str:
        """The system that has posted a bill of the platform: that of its day, where the entity has moved."""
        zone = ZoneInfo(self.company.entities[entity].get("zone", "UTC"))
        day, home = datetime.fromtimestamp(bill["date"], zone).date(), f"erp_{self.company.entities[entity]['ledger']}"
        country = (bill.get("shipping_address") or bill.get("billing_address") or {}).get("country") or ""
        for move in self.cutovers:
            if move.holds(entity, day, country, products_of(bill)):
                home = move.ledger
        return home

    async def carrier_of(self, bill: Mapping[str, Any], entity: str) -> str:
        """The system that customers pay a bill to: the one that carries its open item today."""
        moves = any(one.moves and one.entity == entity for one in self.cutovers)
        if moves and await self.cloud_clerk.knows(bill["id"]):
            return "erp_cloud"
        return self.ledger_of(bill, entity)

    def site_day(self) -> str:
        """The day at the platform's site (UTC in all our worlds)."""
        return datetime.fromtimestamp(self.world.now(), UTC).date().isoformat()

    def buyer(self, name: str) -> Buyer:
        """A customer that an earlier step opened."""
        try:
            return self.buyers[name]
        except KeyError:
            raise StepFailed(f"customer {name} does not exist: the step that opens it has not succeeded") from None

    def offer(self, name: str) -> Offer:
        """A deal that an earlier step made."""
        try:
            return self.offers[name]
        except KeyError:
            raise StepFailed(f"deal {name} does not exist: the step that makes it has not succeeded") from None

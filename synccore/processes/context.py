"""What the processes hold: memory, time, the systems, the conventions, and the functions that may be replaced."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from synccore.domain import drift, mappings, validation
from synccore.domain.drift import FieldMaps
from synccore.domain.keys import Keys
from synccore.domain.mappings import Entity, Item, TaxMap
from synccore.ports.chance import Chance
from synccore.ports.clock import Clock
from synccore.ports.database import Database
from synccore.ports.feed import Feed
from synccore.ports.stores import Unit
from synccore.ports.systems import CloudErp, LegacyErp, Platform, Salesforce
from synccore.ports.usage import Metering
from synccore.processes import writes

WATCH, SALES = "system-watch", "salesforce-changes"
INTERVALS_S = {
    SALES: 30.0,
    "platform-events": 60.0,
    "cloud-payments": 60.0,
    "legacy-outbound": 300.0,
    "metering-feed": 60.0,
    "metering-daily": 900.0,
    "milestones": 60.0,
    WATCH: 60.0,
}
POLICIES: dict[str, dict[str, Any]] = {
    "contract": {"action_at_term_end": "renew", "term_months": 12},
    # a renewal that is won up to `late_days` after a term began unbidden is of that term; what it changes holds from
    # the day on (late_changes: now, or park), a lost one ends the contract with its term (declined: cancel, nothing),
    # one that is won for a contract that has ended begins a new one (won_back: new_contract, park), and one that is
    # open while the platform renews by itself is told (auto_renewed: tell, nothing)
    "renewal": {"late_days": 30, "late_changes": "now", "declined": "cancel", "won_back": "new_contract",
                "auto_renewed": "tell"},
    # reopened: a deal that is won no longer is taken back by itself (auto) as long as nobody has paid, credited or
    # changed anything of it; `ask` leaves each to a person. paid: what was paid is for a person too (ask), or becomes
    # the customer's credit (credit). edited: the contract of a deal that is edited is corrected from the first day on
    # under the same conditions (auto), or stands as it is until a person has decided (ask)
    "compensation": {"reopened": "auto", "edited": "auto", "paid": "ask"},
    # price: blend, or park: seats at another price than the contract's are for a person; the rest: see `quotes`
    "amendment": {"price": "blend", "quoted": "period", "tolerance": 5},
    "platform": {"zone": "UTC"},  # the site's own zone: its days are what a term of whole days begins on
    "payment_terms": {"transfer": 30, "card": 0},
    "legacy_batch": {"zone": "Asia/Singapore", "cutoff": "21:45", "lead_minutes": 15, "bank": "0000113100",
                     "receivables": "0000140000", "tax": "0000175000", "first_customer": 900001,
                     "reversal_reason": "01"},
    "collections": {"hold_after_days": 0, "notice_after_days": 1},  # 0: off; days since a bill fell due
    "commitments": {},  # product code -> currency -> what a rated term comes to at least, e.g. "150.00"
    "receipts": {"on_account": "platform"},  # money for no bill: the customer's excess payment, or the `ledger`'s alone
    "refunds": {"erp_account": ""},  # bank account of the cloud ledger that pays out; '' is that ledger's own choice
    # late: list, or next_period: billed with the term in which it was reported. corrected (after its bill was closed):
    # list, or credit: what was billed too much is credited at the bill's own prices. raised (the same, upwards): list,
    # or next_period: what was billed too little is billed with the term in which it was reported, at that one's prices
    "usage": {"late": "list", "corrected": "list", "raised": "list"},
    "deal_types": {"Renewal": "renewal", "Amendment": "amendment"},  # all other types are new business
    "reconciliation": {"at": "", "zone": "UTC", "heal": False, "limit": 25},  # at: HH:MM of each day; "": on demand
    "rounding": {"erp_item": "", "tax_code": ""},
    # what a payment leaves open up to `tolerance` ({currency: major units}) is given up and posted to `erp_item` or
    # `legacy` (an account), up to `ask_percent` of the bill it is put before finance; 0: no bill is looked at.
    # `reasons`: name -> {percent, erp_item, legacy}: just so much of the net is given up, to an account of its own
    # tax: correct, or keep: a fee or a tax withheld lowers no tax on the sale, so all of it goes to its account
    # discount: what the legacy ledger has taken off with a payment (SKONTO) is for finance (ask), or granted (grant)
    "short_payments": {"tolerance": {}, "ask_percent": 0, "erp_item": "", "legacy": "", "reasons": {},
                       "tax": "correct", "discount": "ask"},
    # or next_open: the first open month after it, with its tax point kept (money_in: payments and refunds)
    "closed_period": {"posts_in": "ask", "money_in": "ask"},
    # or match: see `known_customers`; numbers: account -> its customer number in the legacy ledger, as a person says
    "known_customers": {"cloud": "create", "legacy": "create", "new": [], "numbers": {}},
    # what an open item is cleared against that moves to another ledger: an item of the cloud ledger that posts to its
    # clearing account, and the `legacy` ledger's own
    "migration": {"erp_item": "", "legacy": ""},
    # what a bill that is given up is posted to: it is no revenue that is taken back. `legacy`: the account there
    "write_offs": {"erp_item": "", "legacy": ""},
}  # fmt: skip


SALESFORCE_MERGED = "account-merged"  # links: loser -> <loser>/<the account that is left>


async def _nothing(*_: float) -> None:
    return None


@dataclass
class Context:
    """Everything a process needs. `kick` submits due work without waiting for the ticker.

    Whoever knows when the earliest work falls due tells `kick`: while that is to come nobody looks.
    """

    db: Database
    clock: Clock
    chance: Chance
    salesforce: Salesforce
    platform: Platform
    cloud: CloudErp | None = None
    legacy: LegacyErp | None = None
    metering: Metering | None = None
    kick: Callable[..., Awaitable[None]] = _nothing
    feed: Feed | None = None
    intervals: dict[str, float] = field(default_factory=lambda: dict(INTERVALS_S))
    overlap_s: int = 300  # how far a poll looks back behind its cursor
    partner: str = "SUBHUB"
    restored: bool = False  # the store came out of a backup: what it does not know of may have been sent
    fields: FieldMaps = field(default_factory=FieldMaps)
    keys: Keys = field(default_factory=Keys)
    once: Callable[..., Awaitable[Any]] = writes.once
    level: Callable[..., Awaitable[Any]] = writes.level
    findings: Callable[..., tuple[Any, ...]] = validation.findings

    async def renew_fields(self) -> bool:
        """Take over the field maps in force; False when they were known already."""
        return await self.db.run(self.read_fields)

    def read_fields(self, unit: Unit) -> bool:
        """As `renew_fields`, within a transaction; with it which accounts people have merged."""
        merged = (pair.partition("/") for pair in unit.links.all(SALESFORCE_MERGED, "salesforce"))
        self.salesforce.remember_merged({loser: left for loser, _, left in merged})
        return self.fields.renew(unit.mappings.all(drift.KIND))

    def policy(self, unit: Unit, name: str) -> dict[str, Any]:
        """A policy in force: its defaults, overridden by what people configured."""
        return {**POLICIES[name], **(unit.mappings.get("policies", name) or {})}


def entity_of(unit: Unit, key: str) -> Entity | None:
    """A configured legal entity."""
    value = unit.mappings.get("entities", key) if key else None
    return mappings.read(Entity, value) if value is not None else None


def taxes_of(unit: Unit, key: str) -> TaxMap | None:
    """An entity's tax map."""
    value = unit.mappings.get("tax", key) if key else None
    return mappings.read(TaxMap, value) if value is not None else None


def item_of(unit: Unit, sku: str) -> Item | None:
    """A product's mapping."""
    value = unit.mappings.get("items", sku) if sku else None
    return mappings.read(Item, value) if value is not None else None


def items_by_line(unit: Unit) -> dict[str, tuple[str, Item]]:
    """Product code and mapping by what a bill's line names: the item price, or the product code of an ad hoc charge."""
    found: dict[str, tuple[str, Item]] = {}
    for sku, value in unit.mappings.all("items").items():
        item = mappings.read(Item, value)
        found[sku] = (sku, item)
        for price in item.prices.values():
            found[price] = (sku, item)
    return found

"""What a tie-out is made of: identities, the closed list of reconciling items, breaks, and the core's reasons."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

AWAY = "system:"  # what work waits on while a system is not there


def _waits_for(item: Mapping[str, Any], *topics: str) -> bool:
    return any(str(topic).startswith(topics) for topic in item.get("waiting_on") or ())


ItemKind = Literal[
    "in transit", "parked", "waiting for window", "provisional", "unapplied", "in the other ledger", "out of scope",
    "proration", "born in the platform", "taken back", "discount",
]  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One reconciling item: `amount` (minor units) is what book B lacks of book A because of `document`."""

    kind: ItemKind
    document: str
    amount: int
    reason: str


@dataclass(frozen=True)
class Break:
    """A difference that nothing explains."""

    document: str
    amount: int
    reason: str


@dataclass(frozen=True)
class Identity:
    """One line of the tie-out. `a` - items = `b`, else `unexplained` is not zero. Minor units."""

    name: str
    entity: str
    currency: str
    a_name: str
    a: int
    b_name: str
    b: int
    items: tuple[Item, ...] = ()
    breaks: tuple[Break, ...] = ()

    @property
    def unexplained(self) -> int:
        """What remains of A - items - B."""
        return self.a - sum(item.amount for item in self.items) - self.b

    @property
    def holds(self) -> bool:
        """Nothing unexplained, in sum or in detail (two breaks that cancel are still two breaks)."""
        return self.unexplained == 0 and not self.breaks


@dataclass
class Excuses:
    """What the core says about documents that have not arrived, by business key: the only source of reasons."""

    parked: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> (exception id, reason)
    waiting: set[str] = field(default_factory=set)  # keys spooled for a batch window or sent and not yet answered
    in_transit: set[str] = field(default_factory=set)  # keys of open work that is neither
    given_up: dict[str, tuple[str, str]] = field(default_factory=dict)  # key -> (exception id, why a person gave it up)
    overdue: Mapping[str, str] = field(default_factory=dict)  # keys that have waited beyond their channel's bound
    customers_changed: frozenset[str] | None = None  # `subscription day`; None: nobody kept a record

    @classmethod
    def of_core(
        cls, exceptions: Iterable[Mapping[str, Any]], work: Iterable[Mapping[str, Any]],
        overdue: Mapping[str, str] | None = None,
    ) -> "Excuses":  # fmt: skip
        """From the answers of the experience API (GET /exceptions, GET /work); `overdue` as `aging` finds it."""
        excuses, work = cls(overdue=overdue or {}), list(work)
        held = {item["key"] for item in work if _waits_for(item, AWAY)}  # customers with work for a system that is away
        for exception in exceptions:
            if exception["state"] == "open":
                excuses.parked[exception["subject"]] = (exception["id"], exception["reason"])
            elif exception["state"] == "abandoned":
                excuses.given_up[exception["subject"]] = (exception["id"], exception["resolution"])
        for item in work:
            if item["subject"] in excuses.parked or item["subject"] in excuses.overdue:
                continue
            if _waits_for(item, "window:", "file:"):
                excuses.waiting.add(item["subject"])
            elif item["state"] in ("due", "submitted") or item["key"] in held:
                excuses.in_transit.add(item["subject"])
        return excuses

    def customer_may_have_changed(self, subscription: str, day: str) -> bool:
        """Can a change of that day (or, at a term's end, of no day) be the customer's own?"""
        return self.customers_changed is None or f"{subscription} {day}" in self.customers_changed

    def item(self, keys: Iterable[str], document: str, amount: int) -> Item | None:
        """The reconciling item that one of the keys justifies, or None: then it is a break."""
        for key in keys:
            if key in self.parked:
                exception, reason = self.parked[key]
                return Item("parked", document, amount, f"{exception}: {reason}")
            if key in self.waiting:
                return Item("waiting for window", document, amount, "in a batch file that the window has not answered")
            if key in self.in_transit:
                return Item("in transit", document, amount, "the core is at work on it")
        return None

    def late(self, keys: Iterable[str]) -> str:
        """What a break may add: that one of the keys has waited too long; '' otherwise."""
        return next((f": {self.overdue[key]}" for key in keys if key in self.overdue), "")

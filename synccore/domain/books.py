"""The books of the systems as they come out of their public APIs in bulk, in one vocabulary; amounts in minor units."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, TypeVar

from synccore.domain.keys import Keys, UsageCorrection
from synccore.domain.mappings import Entity
from synccore.domain.money import minor

DocumentKind = Literal["invoice", "credit"]
Applied = tuple[tuple[str, int], ...]  # (bill number, minor units)
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class BookCustomer:
    """A customer's master record. `key` is the platform customer that it stands for, '' if it names none."""

    id: str
    key: str
    name: str
    entity: str = ""
    account: str = ""


@dataclass(frozen=True, slots=True)
class BookDeal:
    """A won opportunity, net. `changes`: the contract in sales that it renews or amends; `carried`: and has been.

    `milestones`: amount of each part of its work, and whether the customer has accepted it.
    """

    id: str
    name: str
    account: str
    entity: str
    currency: str
    net: int
    closed_on: str
    changes: str = ""
    carried: bool = False
    milestones: tuple[tuple[int, bool], ...] = ()

    @property
    def unaccepted(self) -> int:
        """What of it is not accepted yet, and so not to be billed."""
        return sum(amount for amount, accepted in self.milestones if not accepted)


@dataclass(frozen=True, slots=True)
class BookContract:
    """A subscription with its contract term, or the contract that sales sees; `key` is the subscription's id."""

    id: str
    key: str
    deal: str
    currency: str
    start: str
    end: str
    status: str
    value: int | None = None
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class BookDocument:
    """An invoice or credit memo; None where the channel does not say. `number` is the bill's, '' for a stranger."""

    id: str
    number: str
    kind: DocumentKind
    entity: str
    currency: str
    gross: int
    open: int
    net: int | None = None
    tax: int | None = None
    on: str | None = None
    due: str | None = None
    status: str | None = None
    account: str | None = None
    customer: str = ""  # the platform customer, as far as the book names one
    deal: str = ""
    modified: float = 0.0  # epoch seconds
    elsewhere: Applied = ()  # a credit note: what it settles of other bills than its own
    of: str = ""  # a credit note: its own bill, as far as the book names it
    given_up: bool = False  # a credit note for what nobody will pay: a ledger may book it without tax
    usage: UsageCorrection | None = None  # a credit note: the correction of usage that it is for
    starts: int = 0  # epoch seconds: the first instant of what it bills or credits, 0 for none
    voided_on: str = ""  # the day on which it was voided


@dataclass(frozen=True, slots=True)
class BookShare:
    """What one contract has of a bill or credit note of several: `number` is that document's, `contract` the
    subscription's id.
    """

    id: str
    number: str
    kind: DocumentKind
    contract: str
    currency: str
    net: int
    tax: int
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class BookReceipt:
    """A payment. `key` names its birth: CB:<transaction>, NS-<id> or L-<company>-<year>-<number>."""

    id: str
    key: str
    entity: str
    currency: str
    amount: int
    on: str = ""
    applied: Applied = ()
    ours: bool = True  # False: money of a customer that was not born here
    modified: float = 0.0


@dataclass(frozen=True, slots=True)
class BookEntry:
    """A posting on the receivables that is no document: a journal entry. Debit positive."""

    id: str
    entity: str
    currency: str
    amount: int
    on: str = ""
    text: str = ""
    ours: bool = True


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record that the system says was deleted: `key` as a document or receipt would carry it."""

    key: str
    at: str = ""
    by: str = ""


@dataclass
class Book:
    """Everything one system holds of quote to cash. `queued`: documents that a clerk may still correct there."""

    system: str
    customers: list[BookCustomer] = field(default_factory=list)
    deals: list[BookDeal] = field(default_factory=list)
    contracts: list[BookContract] = field(default_factory=list)
    documents: list[BookDocument] = field(default_factory=list)
    shares: list[BookShare] = field(default_factory=list)
    receipts: list[BookReceipt] = field(default_factory=list)
    entries: list[BookEntry] = field(default_factory=list)
    deleted: dict[str, Deletion] = field(default_factory=dict)
    queued: dict[str, str] = field(default_factory=dict)  # number -> what the system says is wrong with it
    settled: dict[str, str] = field(default_factory=dict)  # number -> document that was posted and is open no more
    moved: list[BookDocument] = field(default_factory=list)  # open items of bills that the other ledger has posted
    brought: list[BookReceipt] = field(default_factory=list)  # cash on account of the other ledger's payments
    shadows: list[BookDocument] = field(default_factory=list)  # of a dual run: posted for comparison alone
    discounts: dict[str, int] = field(default_factory=dict)  # bill -> what was taken off it with payments
    cleared: list[str] = field(default_factory=list)  # bills whose open item it has given to the other ledger
    unread: list[tuple[str, str]] = field(default_factory=list)  # (record, what cannot be read of it)
    as_of: str = ""  # of the extract, where the book is one

    def read(self, record: str, into: list[T], make: Callable[..., T], *given: Any) -> None:
        """Append what `make` reads; a row that makes no sense is kept as unread, never left out in silence."""
        try:
            into.append(make(*given))
        except (KeyError, TypeError, ValueError, InvalidOperation) as error:
            self.unread.append((record, f"{type(error).__name__}: {error}"))


@dataclass(frozen=True)
class Names:
    """How the core's configuration and its correlation lead from one system's names to another's; no amounts."""

    entities: Mapping[str, Entity]
    keys: Keys = field(default_factory=Keys)
    debtors: Mapping[str, str] = field(default_factory=dict)  # legacy customer number -> platform customer
    payments: Mapping[str, str] = field(default_factory=dict)  # legacy payment document -> receipt key
    owners: Mapping[str, str] = field(default_factory=dict)  # <kind>:<number> -> system, as decided during a cutover
    quotes: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # amendment -> quoted by months, billed by days
    issued: Mapping[str, str] = field(default_factory=dict)  # bill, credit note -> account, of before it was moved
    brought: Mapping[str, int] = field(default_factory=dict)  # legacy payment document -> what of it is to go elsewhere
    corrected: frozenset[str] = frozenset()  # deals whose contracts were corrected from the first day on
    site_zone: str = "UTC"  # of the platform: contract terms run by its days, not by an entity's

    def entity_of(self, member: str, value: str) -> str:
        """The entity with this subsidiary or company code; the bare value when none has it."""
        found = (name for name, entity in self.entities.items() if value and getattr(entity, member) == value)
        return next(found, value)

    def shadow_of(self, subsidiary: str) -> str:
        """The entity whose dual run is posted in a subsidiary, '' for every other subsidiary."""
        moves = ((name, entity.cutover) for name, entity in self.entities.items())
        return next((name for name, move in moves if subsidiary and move is not None and move.shadow == subsidiary), "")

    def doubled(self, entity: str, on: str | None) -> bool:
        """Is a bill of that day at an entity posted in the ledger of tomorrow too?"""
        known = self.entities.get(entity)
        return bool(known is not None and on and known.shadow_on(date.fromisoformat(on)))

    def ledger(self, document: BookDocument) -> str:
        """The system that a document belongs to, '' for an entity that is not configured."""
        known = self.entities.get(document.entity)
        if known is None:
            return ""
        decided = self.owners.get(f"{document.kind}:{document.number}")
        if decided is not None:
            return decided
        return f"erp_{known.ledger_on(date.fromisoformat(document.on)) if document.on else known.ledger}"

    def ledgers(self, entity: str) -> tuple[str, ...]:
        """The systems that may hold documents of an entity."""
        known = self.entities.get(entity)
        return tuple(f"erp_{one}" for one in known.ledgers) if known is not None else ()

    def zone(self, entity: str) -> str:
        """The time zone of an entity's dates."""
        known = self.entities.get(entity)
        return known.zone if known is not None else "UTC"


def exact(value: Any, currency: str) -> int:
    """Minor units of an amount as a system writes it (None and '' are zero); ValueError when it is finer than that."""
    return minor(Decimal(str(value if value not in (None, "") else 0)), currency)


def iso(value: Any) -> str:
    """A date as text, '' for none; ValueError if it is no date."""
    return date.fromisoformat(str(value)[:10]).isoformat() if value not in (None, "") else ""

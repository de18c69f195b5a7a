"""What a reconciliation says: tie-out lines, reconciling items and breaks; where its reports are kept; taxes."""

from dataclasses import asdict, dataclass, field
from typing import Any, Literal, Protocol

Verdict = Literal["agrees", "breaks"]
ItemKind = Literal[
    "in transit", "parked", "waiting for window", "provisional", "unapplied", "in the other ledger", "out of scope"
]
Code = Literal[
    "missing", "deleted", "reversed", "extra", "duplicate", "edited", "amount_differs", "field_differs",
    "status_stale", "allocation_differs", "customer_missing", "customer_duplicate", "overdue", "unreadable",
    "unexplained",
]  # fmt: skip
ITEM_KINDS: tuple[str, ...] = ItemKind.__args__  # type: ignore[attr-defined]
CODES: tuple[str, ...] = Code.__args__  # type: ignore[attr-defined]


@dataclass(frozen=True)
class Item:
    """A difference that has a reason: `amount` (minor units) is what the line's book B lacks because of `document`.

    `line` is '' for what stands in no sum. `overdue`: it is older than the bound of its channel, or its person is late.
    """

    kind: ItemKind
    document: str
    entity: str
    currency: str
    amount: int
    reason: str
    line: str = ""
    overdue: bool = False


@dataclass(frozen=True)
class Difference:
    """One field of a record: what it is, and what the record that it copies says."""

    name: str
    found: str
    expected: str


@dataclass(frozen=True)
class Break:
    """A difference that nothing explains. `system` is where it shows; `amount` (minor units) is what lacks there."""

    code: Code
    system: str
    kind: str  # invoice | credit | receipt | contract | deal | customer | entry | record | shadow | [credit-]share
    document: str
    entity: str
    currency: str
    amount: int
    cause: str
    action: str
    owner: str
    since: float  # business time, epoch seconds: when it was first seen
    fields: tuple[Difference, ...] = ()

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes it the same break in the next report."""
        return self.system, self.kind, self.document


@dataclass(frozen=True)
class Line:
    """One line of the tie-out of an entity and currency: `a` - `items` = `b`, and what remains is unexplained."""

    name: str
    entity: str
    currency: str
    a_name: str
    a: int
    b_name: str
    b: int
    items: int

    @property
    def unexplained(self) -> int:
        """What remains of A - items - B."""
        return self.a - self.items - self.b


@dataclass(frozen=True)
class Count:
    """A second count, by source ids alone: what two books have of one thing, and in how many records they differ."""

    name: str
    entity: str
    currency: str
    source: int
    source_amount: int  # minor units, as all amounts
    target: int
    target_amount: int
    missing: int  # in the source alone
    extra: int  # in the target alone
    differing: int  # in both, of another amount or more than once


@dataclass(frozen=True)
class Healed:
    """A copy that is being written anew because of a break."""

    system: str
    kind: str
    document: str
    process: str


@dataclass(frozen=True)
class Report:
    """A whole reconciliation. `hash` covers all of it and the hash of the report before it."""

    id: str
    at: float  # business time of the last book read, epoch seconds
    by: str
    verdict: Verdict
    documents: int  # how many documents and receipts were compared
    as_of: dict[str, str]  # by system: when its book was read, or the day of its extract
    lines: tuple[Line, ...] = ()
    items: tuple[Item, ...] = ()
    breaks: tuple[Break, ...] = ()
    previous: str = ""
    hash: str = ""
    healed: tuple[Healed, ...] = ()
    held: str = ""  # why nothing is healed although it was asked for, '' if nothing was held back
    counts: tuple[Count, ...] = ()  # by source id, from the exports; none where no exports are kept
    not_exported: str = ""  # why the exports of this report are not kept although they should be

    def content(self) -> dict[str, Any]:
        """As JSON, without id and hash: what the hash is of."""
        body = asdict(self)
        del body["id"], body["hash"]
        for line, row in zip(self.lines, body["lines"], strict=True):
            row["unexplained"] = line.unexplained
        return body


@dataclass(frozen=True)
class KeptReport:
    """A report as it is kept: `content` is its JSON."""

    id: str
    at: float
    hash: str
    content: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class TaxTotal:
    """What one ledger declares for an entity, month of the tax point and currency; minor units, less credits."""

    entity: str
    period: str
    ledger: str
    currency: str
    documents: int
    net: int
    tax: int


@dataclass(frozen=True)
class TaxReport:
    """All totals at an instant (business time), and by number what is in none of them."""

    at: float
    totals: tuple[TaxTotal, ...]
    not_posted: tuple[str, ...]
    given_up: tuple[str, ...]


class Reports(Protocol):
    """Reconciliation reports, a chain: append-only."""

    def add(self, at: float, digest: str, content: dict[str, Any]) -> str:
        """Keep one; returns its id."""
        ...

    def get(self, report_id: str) -> KeptReport | None:
        """One of them."""
        ...

    def last(self) -> KeptReport | None:
        """The youngest."""
        ...

    def list(self, limit: int) -> list[KeptReport]:
        """The youngest first."""
        ...

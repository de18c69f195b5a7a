"""What the platform issued and received, as values: bills with lines and taxes, and payments. Minor units."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import Field

from synccore.domain.deals import Address, Value


class BillLine(Value):
    """One line of a bill. `net` is after discounts and without tax; `item_price` is empty for an ad hoc charge."""

    id: str
    subscription: str = ""
    item_price: str = ""
    description: str = ""
    quantity: Decimal = Decimal(1)
    unit_amount: int = 0
    net: int = 0
    tax_rate: Decimal = Decimal(0)
    tax: int = 0
    exempt_reason: str = ""
    starts: int | None = None  # epoch seconds of the service period
    ends: int | None = None


class Bill(Value):
    """An invoice of the platform. `issued_at` and `due_at` are epoch seconds; `version` grows with each change.

    `subscription_id` is empty on a bill of several contracts: then its lines say whose they are.
    """

    id: str
    customer_id: str
    subscription_id: str = ""
    status: str
    issued_at: int
    due_at: int | None = None
    currency: str
    net: int
    tax: int
    gross: int
    due: int
    paid: int = 0
    credited: int = 0  # by all its credit notes, also those that give back what was paid
    credits: tuple[str, ...] = ()  # their numbers
    round_off: int = 0
    po_number: str = ""
    tax_id: str = ""
    address: Address = Address()
    lines: tuple[BillLine, ...] = ()
    voided_at: int | None = None
    dunning: str = ""  # in_progress, exhausted, stopped, success
    replaces: str = ""  # the bill that it bills anew, as its note says
    version: int = 0

    @property
    def posted(self) -> bool:
        """Only what has been issued may be posted: a pending bill changes its number and its lines at close."""
        return self.status not in ("pending", "voided")

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """All contracts that it bills, each once."""
        return (self.subscription_id,) if self.subscription_id else _named(line.subscription for line in self.lines)

    def share(self, subscription: str) -> tuple[int, int]:
        """What one of its contracts has of it: net and tax."""
        own = [line for line in self.lines if line.subscription == subscription]
        return sum(line.net for line in own), sum(line.tax for line in own)

    def term_start(self, subscription: str) -> int:
        """When the youngest service period begins that it bills of one of its contracts, 0 for none."""
        own = (line for line in self.lines if line.subscription in ("", subscription))
        return max((line.starts or 0 for line in own), default=0)


def contracts_on(row: Mapping[str, Any]) -> tuple[str, ...]:
    """The subscriptions that an invoice or credit note of the platform is for: its own, or those its lines name."""
    own = row.get("subscription_id")
    lines = row.get("line_items") or ()
    return (str(own),) if own else _named(str(line.get("subscription_id") or "") for line in lines)


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for name in names if name))


class Application(Value):
    """A part of a payment applied to a bill."""

    bill: str
    amount: int


class Payment(Value):
    """A payment, refund or reversal in the platform. `reference` names its birth elsewhere, if any.

    `linked`: the bills that it was set against; `unused`: what of it no bill uses. `source`: the payment that a refund
    or reversal takes from, '' if none is named; `credits`: the credit notes that a refund pays out.
    """

    id: str
    customer_id: str
    status: str
    kind: str  # payment | refund | payment_reversal | authorization
    currency: str
    amount: int
    received_at: int
    method: str = ""
    reference: str = ""
    linked: tuple[Application, ...] = ()
    unused: int = 0
    source: str = ""
    credits: tuple[Application, ...] = ()  # `bill` is the number of the credit note

    @property
    def succeeded(self) -> bool:
        """Did the money come in (or go out)? A late failure takes it back by a transaction of its own."""
        return self.status in ("success", "late_failure")

    @property
    def applied(self) -> tuple[Application, ...]:
        """What it settles now: nothing any more once it was taken back."""
        return self.linked if self.status == "success" else ()

    @property
    def applications(self) -> dict[str, int]:
        """Bill number -> minor units of it that settle that bill now."""
        return summed(self.applied)


def summed(parts: tuple[Application, ...]) -> dict[str, int]:
    """Minor units by document, in their order."""
    sums: dict[str, int] = {}
    for part in parts:
        sums[part.bill] = sums.get(part.bill, 0) + part.amount
    return sums


class Receipt(Value):
    """A payment in an ERP, or money that it gave back. `key` is NS-<id> or L-<company>-<year>-<number>.

    `applied`: bills by their numbers, with the ledger's own ids in `documents`. `loose`: what lies on account.
    `taken`: what was given back, by where it came from: the key of a receipt, or of a credit note behind `CN:`.
    """

    key: str
    ours: bool = False  # it carries a key of ours: we wrote it
    customer: str = ""  # the platform's, as far as the ledger's leads there
    currency: str = ""
    amount: int = 0
    received_on: date | None = None
    applied: tuple[Application, ...] = ()
    documents: dict[str, int] = Field(default_factory=dict)
    loose: int = 0
    discounts: tuple[Application, ...] = ()  # what the ledger has written off of its bills together with it
    taken: tuple[Application, ...] = ()
    voided: bool = False  # a clerk has taken it back: it settles nothing, and nothing of it is left

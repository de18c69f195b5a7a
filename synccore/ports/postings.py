"""What a posting to the cloud ledger is made of, in business values."""

from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True)
class LedgerLine:
    """A line of a posting to the cloud ledger: minor units; `item` by external id, `code` is the tax code's name.

    `untaxed`: no tax is told of it at all, as it was declared elsewhere.
    """

    item: str
    description: str
    quantity: str
    net: int
    tax: int
    rate: str
    code: str
    tax_type: str = ""
    starts: date | None = None  # first and last day of the service, if it has a length
    ends: date | None = None
    untaxed: bool = False


@dataclass(frozen=True)
class Stranger:
    """A customer of a ledger that carries no external id: nobody has said what it is called elsewhere."""

    id: str
    name: str
    tax_id: str = ""


@dataclass(frozen=True)
class Period:
    """A posting month of the cloud ledger: internal id and name."""

    id: str
    name: str


@dataclass(frozen=True)
class Booking:
    """The day of a movement of money; `period`: the month that it is booked in, if not that day's."""

    on: date
    period: Period | None = None


@dataclass(frozen=True)
class Posting:
    """A bill or credit note as the cloud ledger takes it; `period`: where it is posted, if not in its date's month."""

    external_id: str
    number: str
    customer: str
    subsidiary: str
    currency: str
    on: date
    due: date | None
    po_number: str
    gross: int
    lines: tuple[LedgerLine, ...] = field(default_factory=tuple)
    period: Period | None = None
    memo: str = ""  # instead of its number

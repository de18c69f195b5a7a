"""What the platform issued and received, as values: bills with lines and taxes, and payments. Minor units."""

from datetime import date
from decimal import Decimal

from synccore.domain.deals import Address, Value


class BillLine(Value):
    """One line of a bill. `net` is after discounts and without tax; `item_price` is empty for an ad hoc charge."""

    id: str
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
    """An invoice of the platform. `issued_at` and `due_at` are epoch seconds; `version` grows with each change."""

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
    round_off: int = 0
    po_number: str = ""
    tax_id: str = ""
    address: Address = Address()
    lines: tuple[BillLine, ...] = ()
    version: int = 0

    @property
    def posted(self) -> bool:
        """Only what has been issued may be posted: a pending bill changes its number and its lines at close."""
        return self.status not in ("pending", "voided")


class Application(Value):
    """A part of a payment applied to a bill."""

    bill: str
    amount: int


class Payment(Value):
    """A payment in the platform. `reference` names its birth elsewhere, if any."""

    id: str
    customer_id: str
    status: str
    kind: str  # payment | refund | payment_reversal | authorization
    currency: str
    amount: int
    received_at: int
    method: str = ""
    reference: str = ""
    applied: tuple[Application, ...] = ()


class Receipt(Value):
    """A payment in an ERP. `key` is NS-<id> or L-<company>-<year>-<number>; bills by their numbers."""

    key: str
    ours: bool = False  # it carries a key of ours: we wrote it
    currency: str = ""
    amount: int = 0
    received_on: date | None = None
    applied: tuple[Application, ...] = ()

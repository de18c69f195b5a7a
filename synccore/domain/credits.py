"""Credit notes of the platform, as values. Minor units, positive."""

from synccore.domain.bills import Application, Bill, BillLine, summed
from synccore.domain.deals import Address, Value


class Credit(Value):
    """A credit note: `bill` is what it was issued for, `applied` which bills it settles, `available` what it has left.

    `kind`: adjustment (takes from what is due) or refundable (gives back what was paid).
    """

    id: str
    customer_id: str
    bill: str = ""
    subscription_id: str = ""
    kind: str
    status: str
    reason: str = ""
    issued_at: int
    currency: str
    net: int
    tax: int
    gross: int
    available: int = 0
    round_off: int = 0
    address: Address = Address()
    tax_id: str = ""
    lines: tuple[BillLine, ...] = ()
    applied: tuple[Application, ...] = ()
    voided_at: int | None = None
    version: int = 0

    @property
    def allocations(self) -> dict[str, int]:
        """Bill number -> minor units of this note that settle it."""
        return summed(self.applied)

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """All contracts of which it credits something."""
        return self.as_bill().subscriptions

    def as_bill(self) -> Bill:
        """The same lines and sums as a bill has, for the rules of posting that hold for both."""
        return Bill(
            id=self.id, customer_id=self.customer_id, subscription_id=self.subscription_id, status=self.status,
            issued_at=self.issued_at, currency=self.currency, net=self.net, tax=self.tax, gross=self.gross,
            due=self.available, round_off=self.round_off, address=self.address, tax_id=self.tax_id,
            lines=self.lines, version=self.version,
        )  # fmt: skip

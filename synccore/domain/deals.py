"""What sales agreed, as values: the account, the won deal and its lines. Amounts in minor units."""

from datetime import date
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from synccore.domain.codes import country_code
from synccore.domain.keys import digest


class Value(BaseModel):
    """An immutable value that survives JSON."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Address(Value):
    """A postal address; `country` as it was typed."""

    street: str = ""
    city: str = ""
    state: str = ""
    postal_code: str = ""
    country: str = ""

    @property
    def code(self) -> str:
        """ISO country code, '' if the text names no known country."""
        return country_code(self.country)


class Account(Value):
    """A customer of ours as the sales system knows it. `ship_to` falls back to the billing address."""

    id: str
    name: str
    entity: str = ""
    tax_id: str = ""
    bill_to: Address = Address()
    ship_to: Address = Address()

    @property
    def tax_address(self) -> Address:
        """Tax hangs on where it is shipped to, else on where the bill goes."""
        return self.ship_to if self.ship_to.country else self.bill_to


class DealLine(Value):
    """One line: quantity x agreed unit price (minor units; per billing period for plans)."""

    id: str
    sku: str
    name: str = ""
    quantity: Decimal
    unit_price: int
    total: int


class Deal(Value):
    """A won opportunity with its account. `payment_method` is card or transfer; `start` may be absent (= at once).

    `type` is what sales calls it, `kind` what it does: a renewal or an amendment changes the contract that it names,
    an amendment's quantities are what comes on top (or goes).
    """

    id: str
    name: str
    account: Account
    won: bool
    currency: str
    amount: int
    closed_on: date
    start: date | None = None
    term_months: int | None = None
    payment_method: str = ""
    po_number: str = ""
    subscription_id: str = ""
    sync_status: str = ""
    sync_error: str = ""
    type: str = ""
    contract_id: str = ""
    contract_subscription: str = ""
    kind: Literal["new", "renewal", "amendment"] = "new"
    closed: bool = False
    lines: tuple[DealLine, ...] = ()

    @property
    def agreed(self) -> str:
        """A fingerprint of what is sold, at which price and for which time."""
        lines = sorted([line.sku, f"{line.quantity.normalize():f}", line.unit_price] for line in self.lines)
        return digest([self.currency, str(self.start or ""), self.term_months or 0, lines])


class Milestone(Value):
    """A part of a deal's work that is billed once the customer has accepted it; `amount` is net, in minor units."""

    id: str
    name: str
    amount: int
    accepted: bool = False

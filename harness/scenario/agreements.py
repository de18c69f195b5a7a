"""Deals and contracts in a story: what sales offers, what customers change, what a contract must look like."""

from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from harness.scenario.part import Part
from harness.scenario.values import Name, Names


class DealLine(Part):
    """One product of a deal. Without a price the price book's holds; an amendment may take some away (below zero)."""

    sku: str
    quantity: Decimal = Decimal(1)
    unit_price: Decimal | None = Field(default=None, ge=0)


class DealStep(Part):
    """Sales makes an offer: an opportunity with its product lines, not yet closed.

    `type` renewal or amendment needs `of`: the deal whose contract it concerns. A renewal's lines are all that holds
    from the term's end on, an amendment's what comes on top.
    """

    id: Name
    type: Literal["new", "renewal", "amendment"] = "new"
    of: Name | None = None
    customer: Name
    name: str = ""
    start: date | None = None
    term_months: int = Field(default=12, ge=1, le=120)
    po: str = Field(default="", max_length=40)
    currency: str = Field(default="", pattern=r"^([A-Z]{3})?$")
    lines: tuple[DealLine, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits(self) -> "DealStep":
        if (self.type == "new") != (self.of is None):
            raise ValueError("a renewal or an amendment, and nothing else, says `of` which deal's contract it is")
        signed = self.type == "amendment"
        wrong = [line.sku for line in self.lines if line.quantity == 0 or (line.quantity < 0 and not signed)]
        if wrong:
            raise ValueError(f"the quantity of {', '.join(wrong)} should be above zero")
        return self


class SellManyStep(Part):
    """Sales opens many accounts of one entity and wins a deal with each: `<id>-1`, `<id>-2`, … all signed at once.

    `live_count`: how many where real time passes.
    """

    id: Name
    count: int = Field(ge=1, le=10_000)
    live_count: int = Field(default=20, ge=1)
    entity: str = Field(max_length=10)
    country: str
    state: str = ""
    city: str = ""
    start: date | None = None
    lines: tuple[DealLine, ...] = Field(min_length=1)

    def names(self, mode: str) -> list[str]:
        """What its customers are called, and their deals alike."""
        count = min(self.count, self.live_count) if mode == "live" else self.count
        return [f"{self.id}-{number}" for number in range(1, count + 1)]


class LoseStep(Part):
    """Sales loses deals: a renewal that is lost ends its contract."""

    short: ClassVar[str] = "deal"
    deal: Names


class ReopenStep(Part):
    """Sales sets won deals back to an open stage."""

    short: ClassVar[str] = "deal"
    deal: Names


class EditDealStep(Part):
    """Sales edits the quantities of a deal's lines, by product code, whatever has become of the deal."""

    deal: Name
    lines: dict[str, int] = Field(min_length=1)


class MilestoneStep(Part):
    """Those who do a project plan a part of its work, report it, or note that the customer has accepted it.

    The first step of an `id` says its amount (net), later ones what has changed.
    """

    id: Name
    deal: Name
    amount: Decimal | None = Field(default=None, gt=0)
    status: Literal["planned", "reported", "accepted"] | None = None


class PlatformChangeStep(Part):
    """The customer changes its number of seats in the platform, now or (`at_term_end`) from the next term on.

    `during`: while the platform holds a call that the disturbance of this name delays, before it applies it.
    """

    deal: Name
    seats: int = Field(ge=1)
    at_term_end: bool = False
    during: Name | None = None


class MoveContractStep(Part):
    """The platform's administrator moves a deal's contract, with its bills, to another customer of the same entity.

    It takes a minute there; whoever has bills that are not settled keeps its contract.
    """

    deal: Name
    to: Name


class ContractState(Part):
    """A contract by the deal that began it: seats, start and net value of its term, whether a change is scheduled;
    in sales: how far its renewal has come, its billing status, and which changes it was told of, such as `amendment by
    the platform to 4`.
    """

    seats: int | None = None
    starts: date | None = None
    value: Decimal | None = None
    scheduled: bool | None = None
    renewal: str | None = None
    billing: str | None = None
    changes: tuple[str, ...] | None = None

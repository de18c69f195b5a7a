"""What the platform holds of a contract, and how a renewal or an amendment changes it. Minor units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from synccore.domain.deals import Deal, Value
from synccore.domain.findings import Finding
from synccore.domain.keys import digest
from synccore.domain.mappings import Item

SALES = "sales-operations"


class Part(Value):
    """One recurring item: so many at that price per billing period."""

    price: str
    quantity: int
    unit_price: int | None = None
    plan: bool = False


class Term(Value):
    """A contract term; `start` and `end` are epoch seconds, `value` is without tax."""

    id: str
    start: int
    end: int
    cycles: int
    action: str
    value: int


class Agreement(Value):
    """A subscription. `marker`: the deal of its latest amendment, `renewal`: the deal that decided its renewal.

    `scheduled`: the parts as they will be from the term's end on, None when nothing is scheduled.
    """

    id: str
    customer_id: str
    status: str
    currency: str
    months: int  # of a billing period
    parts: tuple[Part, ...] = ()
    term_ends: int = 0  # the first instant after the current billing term
    term: Term | None = None
    on_renewal: int = 0
    scheduled: tuple[Part, ...] | None = None
    marker: str = ""
    renewal: str = ""
    version: int = 0

    @property
    def seats(self) -> int:
        """Quantity of the plan."""
        return sum(part.quantity for part in self.parts if part.plan)


@dataclass(frozen=True)
class Unfit:
    """Why a deal cannot change the contract that it names."""

    kind: str
    reason: str


def fingerprint(parts: Iterable[Part]) -> str:
    """The same for the same items in any order."""
    return digest(sorted([part.price, part.quantity, part.unit_price] for part in parts))


def agreed(deal: Deal, items: Mapping[str, Item]) -> tuple[Part, ...]:
    """The deal's plan lines as parts: what a renewal says holds from the term's end on. Usage stays as it is."""
    return tuple(
        Part(
            price=items[line.sku].prices[deal.currency], quantity=int(line.quantity), unit_price=line.unit_price,
            plan=True,
        )
        for line in deal.lines if items[line.sku].kind == "plan"
    )  # fmt: skip


def amended(parts: Iterable[Part], changes: Iterable[Part]) -> tuple[Part, ...] | Unfit:
    """The parts with the changes' quantities (signed) added; a change has no price of its own."""
    held = {part.price: part for part in parts}
    for change in changes:
        before = held.get(change.price)
        if before is None:
            if change.plan:
                return Unfit("deal_incomplete", f"the contract has no {change.price} that could be amended")
            held[change.price] = change
            continue
        if change.unit_price != before.unit_price:
            text = f"{change.price} is agreed at {before.unit_price}, the amendment says {change.unit_price}"
            return Unfit("price_differs", f"{text} (minor units)")
        held[change.price] = before.model_copy(update={"quantity": before.quantity + change.quantity})
    wrong = [part.price for part in held.values() if part.quantity < 0 or (part.plan and part.quantity == 0)]
    if wrong:
        return Unfit("deal_incomplete", f"the amendment leaves less than one of {', '.join(wrong)}")
    return tuple(part for part in held.values() if part.quantity)


def hindrance(deal: Deal, items: Mapping[str, Item], agreement: Agreement | None) -> Unfit | None:
    """What speaks against changing the contract by the deal at all."""
    what = f"a deal of type {deal.type}"
    if not deal.contract_subscription:
        return Unfit("deal_incomplete", f"{what} must name a contract that is billed (ContractId)")
    if agreement is None:
        return Unfit("contract_unknown", f"the platform has no subscription {deal.contract_subscription}")
    if agreement.status == "cancelled":
        return Unfit("contract_ended", f"the contract {agreement.id} has ended; {what} cannot change it")
    if agreement.currency != deal.currency:
        return Unfit("deal_incomplete", f"the contract is in {agreement.currency}, the deal in {deal.currency}")
    services = [line.sku for line in deal.lines if items[line.sku].kind != "plan"]
    if services:
        text = f"{what} cannot hold services or usage ({', '.join(services)}): sell them in a deal of their own"
        return Unfit("deal_incomplete", text)
    return None


def finding(deal: Deal, unfit: Unfit) -> Finding:
    """For a person in sales."""
    topics = (f"opportunity:{deal.id}", f"contract:{deal.contract_subscription}")
    return Finding(unfit.kind, unfit.reason, SALES, ("fix_opportunity", "retry", "abandon"), topics)

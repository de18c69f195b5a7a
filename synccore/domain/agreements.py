"""What the platform holds of a contract, and how a renewal or an amendment changes it. Minor units."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

from synccore.domain.deals import Deal, Value
from synccore.domain.findings import Finding
from synccore.domain.keys import digest
from synccore.domain.mappings import Item

SALES = "sales-operations"
MONTH_S = 365.25 * 86_400 / 12  # a mean month


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


class Contracted(TypedDict):
    """A subscription and when its contract term begins there, in epoch seconds."""

    id: str
    starts_at: int


class Agreement(Value):
    """A subscription. `marker`: the deal of its latest amendment, `renewal`: the deal that decided its renewal.

    `scheduled`: the parts as they will be from the term's end on, None when nothing is scheduled. `began`: its first
    day, `term_began` that of the current billing term, epoch seconds; `metered`: the item prices billed by usage.
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
    began: int = 0
    metered: tuple[str, ...] = ()
    term_began: int = 0

    @property
    def seats(self) -> int:
        """Quantity of the plan."""
        return sum(part.quantity for part in self.parts if part.plan)

    @property
    def renewed(self) -> bool:
        """Is the term in force another one than the contract's first?"""
        return self.term is not None and 0 < self.began < self.term.start


class Version(Value):
    """What a subscription held after one change of it; `marker` as in Agreement, `renewal`: a billing term began."""

    number: int
    parts: tuple[Part, ...]
    marker: str = ""
    renewal: bool = False


@dataclass(frozen=True)
class Unfit:
    """Why a deal cannot change the contract that it names; `topics`: what else may change that."""

    kind: str
    reason: str
    topics: tuple[str, ...] = ()


def fingerprint(parts: Iterable[Part]) -> str:
    """The same for the same items in any order."""
    return digest(sorted([part.price, part.quantity, part.unit_price] for part in parts))


def agreed(deal: Deal, items: Mapping[str, Item]) -> tuple[Part, ...]:
    """The deal's recurring lines as parts: what a renewal says holds from the term's end on. Usage stays as it is."""
    return tuple(
        Part(
            price=items[line.sku].prices[deal.currency], quantity=int(line.quantity), unit_price=line.unit_price,
            plan=items[line.sku].kind == "plan",
        )
        for line in deal.lines if items[line.sku].recurring
    )  # fmt: skip


def amended(parts: Iterable[Part], changes: Iterable[Part], price: str = "blend") -> tuple[Part, ...] | Unfit:
    """The parts with the changes' quantities (signed) added.

    The platform holds one price per item. By the policy `price` seats that are sold at another one are blended in, to
    the minor unit: the contract is worth what both deals come to. What cannot be blended exactly, and seats that go at
    another price than they came for, are for a person.
    """
    held = {part.price: part for part in parts}
    for change in changes:
        before = held.get(change.price)
        if before is None:
            if change.plan:
                return Unfit("deal_incomplete", f"the contract has no {change.price} that could be amended")
            held[change.price] = change
            continue
        quantity = before.quantity + change.quantity
        agreed_at = before.unit_price
        if change.unit_price != agreed_at:
            blended = _blended(before, change, quantity) if price == "blend" else None
            if blended is None:
                text = f"{change.price} is agreed at {agreed_at}, the amendment says {change.unit_price} (minor units)"
                return Unfit("price_differs", text if price != "blend" else f"{text}, which blends to no whole price")
            agreed_at = blended
        held[change.price] = before.model_copy(update={"quantity": quantity, "unit_price": agreed_at})
    wrong = [part.price for part in held.values() if part.quantity < 0 or (part.plan and part.quantity == 0)]
    if wrong:
        return Unfit("deal_incomplete", f"the amendment leaves less than one of {', '.join(wrong)}")
    return tuple(part for part in held.values() if part.quantity)


def per_period(parts: Iterable[Part], quoted: int, months: int) -> tuple[Part, ...] | Unfit:
    """Parts whose prices are for `quoted` months, at those of a billing period of `months`."""
    found = []
    for part in parts:
        whole, rest = divmod((part.unit_price or 0) * months, quoted)
        if rest:
            text = f"{part.price} at {part.unit_price} for {quoted} months comes to no whole price for {months}"
            return Unfit("price_differs", f"{text} (minor units)")
        found.append(part if part.unit_price is None else part.model_copy(update={"unit_price": whole}))
    return tuple(found)


def billing_terms_left(agreement: Agreement) -> int:
    """How many billing terms of the contract term follow the running one."""
    if agreement.term is None:
        return 0
    return max(0, round((agreement.term.end + 1 - agreement.term_ends) / (MONTH_S * agreement.months)))


def _blended(before: Part, change: Part, quantity: int) -> int | None:
    """The price at which all seats together come to what the old and the new ones come to, if it is a whole one."""
    if before.unit_price is None or change.unit_price is None or change.quantity <= 0:
        return None
    worth = before.quantity * before.unit_price + change.quantity * change.unit_price
    return worth // quantity if worth % quantity == 0 else None


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
    given_back = [line.sku for line in deal.lines if items[line.sku].kind == "charge" and line.quantity < 0]
    if given_back:
        text = f"{what} cannot take back services ({', '.join(given_back)}): they are credited on their bill"
        return Unfit("deal_incomplete", text)
    usage = [items[line.sku].prices[deal.currency] for line in deal.lines if items[line.sku].kind == "usage"]
    strange = [price for price in usage if price not in agreement.metered]
    if strange and deal.kind == "renewal":
        text = f"the contract has no {', '.join(strange)}: what is billed by usage is added by an amendment"
        return Unfit("deal_incomplete", text)
    return None


def finding(deal: Deal, unfit: Unfit) -> Finding:
    """For a person in sales."""
    topics = (f"opportunity:{deal.id}", f"contract:{deal.contract_subscription}", *unfit.topics)
    return Finding(unfit.kind, unfit.reason, SALES, ("fix_opportunity", "retry", "abandon"), topics)

"""What the core knows of a bill's ledger: the entity that owns it, its customer there, where its posting stands."""

from dataclasses import dataclass

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.findings import Finding
from synccore.domain.mappings import Business, Entity, Item, TaxMap
from synccore.domain.posting import line_key
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context, entity_of, items_by_line, taxes_of
from synccore.processes.ledger_of_record import Documents, at_home, document_of, settled_place, system_of, wave_at
from synccore.processes.set_backs import held_while_set_back


@dataclass(frozen=True)
class Owner:
    """Whose money it is: the sales account of a platform customer, and the entity that it buys from."""

    account: str
    entity_key: str
    entity: Entity


@dataclass(frozen=True)
class LedgerFacts(Owner):
    """Routing and mappings of one bill. `document` is its number in the ledger, '' while it is not posted; `entity`
    is seen from the ledger of record. `shadow`: the subsidiary of a dual run that gets it too, '' for none.
    """

    taxes: TaxMap | None
    items: dict[str, tuple[str, Item]]
    customer: str
    document: str
    shadow: str = ""
    moves_at: float | None = None  # from when on what is open of it goes to another ledger

    @property
    def system(self) -> str:
        """The system of the ledger of record."""
        return system_of(self.entity.ledger)


class NotInLedger(Parked):
    """The customer is not in the ledger of record yet. `moved`: the entity has two, and it may be in the other one."""

    def __init__(self, customer_id: str, owner: Owner, entity: Entity) -> None:
        super().__init__(f"{customer_id} is not in the ledger yet", waiting_on=(f"customer:{customer_id}",))
        self.customer_id, self.account, self.entity = customer_id, owner.account, entity
        self.moved = owner.entity.cutover is not None


def owner_of(ctx: Context, unit: Unit, customer_id: str) -> Owner:
    """Parks when customer or entity are not known."""
    account, entity_key = ctx.keys.account_of(customer_id), ctx.keys.entity_of(customer_id)
    entity = entity_of(unit, entity_key)
    if not account or entity is None:
        reason = f"the platform's customer {customer_id} belongs to no account and entity that the core knows"
        actions, topics = ("map_customer", "retry", "abandon"), (f"entity:{entity_key}",)
        raise Parked(reason, (Finding("unknown_customer", reason, "finance", actions, topics),))
    return Owner(account, entity_key, entity)


def issued_key(number: str) -> str:
    """Where it is remembered to which customer of the platform a bill, or what credits it, was issued."""
    return f"issued-to/{number}"


def issued_to(unit: Unit, documents: Documents, customer_id: str) -> str:
    """Whose the documents are in a ledger: the customer that the first of them was issued to, else `customer_id`.

    The platform moves documents to another customer together with their contract; a ledger does not.
    """
    known = (unit.cursors.get(issued_key(number)) for kind, number in documents if kind != "receipt")
    return next((one for one in known if one), customer_id)


def ledger_facts(
    ctx: Context, unit: Unit, customer_id: str, documents: Documents = (), at: float | None = None,
    bill: Bill | None = None,
) -> LedgerFacts:  # fmt: skip
    """Read them for the first of the documents; parks when customer or entity are not known, or not in the ledger yet.

    `documents`, `at`: as `at_home` takes them; without a document the ledger is the one of the day. `bill`: what is
    posted, or what it follows: it says what the business is about.
    """
    customer_id = issued_to(unit, documents, customer_id)
    owner, items = owner_of(ctx, unit, customer_id), items_by_line(unit)
    entity = at_home(ctx, unit, owner.entity, documents, at, _business(bill, items) if bill is not None else None)
    held_while_set_back(unit, system_of(entity.ledger))
    customer = unit.links.external("customer", customer_id, system_of(entity.ledger))
    if customer is None:
        raise NotInLedger(customer_id, owner, entity)
    return LedgerFacts(
        owner.account,
        owner.entity_key,
        entity,
        taxes_of(unit, owner.entity_key),
        items,
        customer,
        (unit.links.external(*documents[0], system_of(entity.ledger)) if documents else None) or "",
        owner.entity.shadow_on(calendar.day(at, owner.entity.zone)) if documents and at is not None else "",
        wave_at(ctx, unit, owner.entity) if entity.ledger == "legacy" else None,
    )


def _business(bill: Bill, items: dict[str, tuple[str, Item]]) -> Business:
    known = (items.get(line_key(line)) for line in bill.lines)
    return Business(bill.address.code, frozenset(found[1].product_line if found else "" for found in known))


def sku_of(facts: LedgerFacts, bill: Bill, key: str) -> tuple[str, Item]:
    """The product behind a bill's line; parks when it is not mapped."""
    known = facts.items.get(key)
    if known is None:
        reason = f"bill {bill.id} has a line for '{key}', which is no mapped product or price"
        actions = ("map_item", "retry", "abandon")
        raise Parked(reason, (Finding("unmapped_item", reason, "product-data", actions, (f"item:{key}",)),))
    return known


def posted_facts(ctx: Context, unit: Unit, customer_id: str, number: str) -> LedgerFacts:
    """The ledger's facts of a bill that is posted; a payment whose bill is not waits for it (child before parent)."""
    if document_of(ctx.keys, unit, "invoice", number) is None:
        raise Parked(f"bill {number} is not posted yet", waiting_on=(f"bill:{number}",))
    settled_place(unit, number)
    return ledger_facts(ctx, unit, customer_id, (("invoice", number),))

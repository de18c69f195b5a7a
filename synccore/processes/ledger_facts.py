"""What the core knows of a bill's ledger: the entity that owns it, its customer there, where its posting stands."""

from dataclasses import dataclass

from synccore.domain.bills import Bill
from synccore.domain.findings import Finding
from synccore.domain.mappings import Entity, Item, TaxMap
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context, entity_of, items_by_line, taxes_of


@dataclass(frozen=True)
class LedgerFacts:
    """Routing and mappings of one bill. `document` is its number in the ledger, '' while it is not posted."""

    account: str
    entity_key: str
    entity: Entity
    taxes: TaxMap | None
    items: dict[str, tuple[str, Item]]
    customer: str
    document: str

    @property
    def system(self) -> str:
        """The system of the ledger that owns the entity."""
        return f"erp_{self.entity.ledger}"


def ledger_facts(ctx: Context, unit: Unit, customer_id: str, number: str, kind: str = "invoice") -> LedgerFacts:
    """Read them, `document` being that of the bill (or credit note); parks when customer or entity are not known."""
    account, entity_key = ctx.keys.account_of(customer_id), ctx.keys.entity_of(customer_id)
    entity = entity_of(unit, entity_key)
    if not account or entity is None:
        reason = f"the platform's customer {customer_id} belongs to no account and entity that the core knows"
        actions, topics = ("map_customer", "retry", "abandon"), (f"entity:{entity_key}",)
        raise Parked(reason, (Finding("unknown_customer", reason, "finance", actions, topics),))
    system = f"erp_{entity.ledger}"
    customer = unit.links.external("customer", customer_id, system)
    if customer is None:
        raise Parked(f"{customer_id} is not in the ledger yet", waiting_on=(f"customer:{customer_id}",))
    return LedgerFacts(
        account,
        entity_key,
        entity,
        taxes_of(unit, entity_key),
        items_by_line(unit),
        customer,
        unit.links.external(kind, number, system) or "",
    )


def sku_of(facts: LedgerFacts, bill: Bill, line_key: str) -> tuple[str, Item]:
    """The product behind a bill's line; parks when it is not mapped."""
    known = facts.items.get(line_key)
    if known is None:
        reason = f"bill {bill.id} has a line for '{line_key}', which is no mapped product or price"
        actions = ("map_item", "retry", "abandon")
        raise Parked(reason, (Finding("unmapped_item", reason, "product-data", actions, (f"item:{line_key}",)),))
    return known


def posted_facts(ctx: Context, unit: Unit, customer_id: str, number: str) -> LedgerFacts:
    """The ledger's facts of a bill that is posted; a payment whose bill is not waits for it (child before parent)."""
    facts = ledger_facts(ctx, unit, customer_id, number)
    if not facts.document:
        raise Parked(f"bill {number} is not posted yet", waiting_on=(f"bill:{number}",))
    return facts

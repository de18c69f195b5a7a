"""One bill for what a deal sells once: services and goods, in a deal of their own or beside a change of a contract."""

from collections.abc import Mapping
from typing import Any

from synccore.domain.deals import Deal
from synccore.domain.mappings import Item
from synccore.domain.terms import bill_lines
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.writes import Write


def agreed_key(deal: str) -> str:
    """Where it is remembered what a deal said when it became a contract or a bill."""
    return f"agreed/{deal}"


async def bill_once(ctx: Context, deal: Deal, items: Mapping[str, Item], customer: str, auto_collection: str) -> str:
    """Number of the bill of all lines of the deal, found again by its purchase-order reference."""
    reference = ctx.keys.one_off(deal.id)
    key = ctx.keys.effect("subscriptions", "bill", deal.id)
    fields: dict[str, Any] = {
        "customer_id": customer,
        "currency_code": deal.currency,
        "po_number": reference,
        "auto_collection": auto_collection,
        **bill_lines(deal, items),
    }

    async def look() -> Found | None:
        known = await ctx.platform.bill_by_reference(customer, reference)
        return Found(known) if known is not None else None

    async def send(refusals: int) -> str:
        return await ctx.platform.create_bill(fields, ctx.keys.idempotency(f"{key}#{refusals}"))

    def settled(unit: Unit, number: Any) -> None:
        unit.links.put("bill-of-deal", deal.id, "subscriptions", str(number))
        unit.cursors.set(agreed_key(deal.id), deal.agreed)

    write = Write(key, "subscriptions", "bill", f"opportunity:{deal.id}")
    return str(await ctx.once(ctx, write, send, look, settled))

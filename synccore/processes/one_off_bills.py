"""One bill for what a deal sells once: services and goods, in a deal of their own or beside a change of a contract."""

from collections.abc import Mapping
from typing import Any

from synccore.domain.deals import Deal
from synccore.domain.mappings import Item
from synccore.domain.terms import bill_lines
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.writes import Settled, Write


def agreed_key(deal: str) -> str:
    """Where it is remembered what a deal said when it became a contract or a bill."""
    return f"agreed/{deal}"


async def bill_once(ctx: Context, deal: Deal, items: Mapping[str, Item], customer: str, auto_collection: str) -> str:
    """Number of the bill of all lines of the deal, found again by its purchase-order reference."""

    def settled(unit: Unit, number: Any) -> None:
        unit.links.put("bill-of-deal", deal.id, "subscriptions", str(number))
        unit.cursors.set(agreed_key(deal.id), deal.agreed)

    fields = {"customer_id": customer, "auto_collection": auto_collection, **bill_lines(deal, items)}
    return await issue(ctx, deal, deal.id, ctx.keys.one_off(deal.id), fields, settled)


async def issue(
    ctx: Context, deal: Deal, name: str, reference: str, fields: Mapping[str, Any], settled: Settled
) -> str:  # fmt: skip
    """Number of a bill of the deal that is issued once: `name` is its own in our memory, `reference` in the platform.

    `fields` name the customer, how it is collected and the lines.
    """
    key, customer = ctx.keys.effect("subscriptions", "bill", name), str(fields["customer_id"])
    told = {**fields, "currency_code": deal.currency, "po_number": reference}

    async def look() -> Found | None:
        known = await ctx.platform.bill_by_reference(customer, reference)
        return Found(known) if known is not None else None

    async def send(refusals: int) -> str:
        return await ctx.platform.create_bill(told, ctx.keys.idempotency(f"{key}#{refusals}"))

    write = Write(key, "subscriptions", "bill", f"opportunity:{deal.id}")
    return str(await ctx.once(ctx, write, send, look, settled))

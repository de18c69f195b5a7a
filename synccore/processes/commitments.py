"""Minimum commitments for usage: what a rated term lacks is billed beside it, once, by the policy `commitments`.

The policy says by product code and currency what a term comes to at least: {"API-CALLS": {"USD": "150.00"}}.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from synccore.domain.bills import Bill
from synccore.domain.money import minor
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts
from synccore.processes.writes import Write

PREFIX = "TU-"  # of the purchase-order reference by which the bill is found again


def rated_usage(bill: Bill, facts: LedgerFacts) -> dict[str, int]:
    """Minor units by product code of a bill's usage; a bill without its lines has none."""
    rated: dict[str, int] = {}
    for line in bill.lines:
        sku, item = facts.items.get(line.item_price, ("", None))
        if item is not None and item.kind == "usage":
            rated[sku] = rated.get(sku, 0) + line.net
    return rated


def shortfalls(rated: Mapping[str, int], currency: str, minimums: Mapping[str, Any]) -> dict[str, int]:
    """Minor units that each committed product lacks of its minimum."""
    found: dict[str, int] = {}
    for sku, net in rated.items():
        wanted = (minimums.get(sku) or {}).get(currency)
        lacking = minor(Decimal(str(wanted)), currency) - net if wanted is not None else 0
        if lacking > 0:
            found[sku] = lacking
    return found


async def true_up(ctx: Context, bill: Bill, facts: LedgerFacts) -> str:
    """Bill what the term's usage lacks of its minimum; the number of that bill, '' when nothing is lacking."""
    rated = rated_usage(bill, facts)
    if not rated:
        return ""
    lacking = shortfalls(rated, bill.currency, await ctx.db.run(lambda unit: ctx.policy(unit, "commitments")))
    if not lacking:
        return ""
    reference = f"{PREFIX}{bill.id}"
    effect = ctx.keys.effect("subscriptions", "true-up", bill.id)
    fields: dict[str, Any] = {
        "subscription_id": bill.subscription_id, "po_number": reference,
        "charges": [{"amount": amount, "description": sku} for sku, amount in lacking.items()],
    }  # fmt: skip

    async def look() -> Found | None:
        number = await ctx.platform.bill_by_reference(bill.customer_id, reference)
        return Found(number) if number is not None else None

    async def send(refusals: int) -> str:
        return await ctx.platform.create_bill(fields, ctx.keys.idempotency(f"{effect}#{refusals}"))

    write = Write(effect, "subscriptions", "true-up", f"bill:{bill.id}")
    return str(await ctx.once(ctx, write, send, look))

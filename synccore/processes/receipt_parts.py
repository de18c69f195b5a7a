"""Payment__c of a movement of money: one a bill that it settles, one for what lies on account."""

import json
from collections.abc import Iterable
from functools import partial

from synccore.domain import calendar
from synccore.domain.bills import Payment, summed
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.ledger_facts import Owner
from synccore.processes.short_payments import settle_short
from synccore.processes.write_back import receipt_fields, show_loose, show_receipt

ON_ACCOUNT = ""  # stands for the bill of what no bill uses


def part_names(unit: Unit, key: str, bills: Iterable[str]) -> dict[str, str]:
    """The key of each part's Payment__c, by bill; those that were known before keep theirs for ever.

    The first carries the movement's own key, so that the usual case has one Payment__c.
    """
    cursor = f"receipt-parts/{key}"
    known: list[str] = json.loads(unit.cursors.get(cursor) or "[]")
    fresh = [bill for bill in dict.fromkeys(bills) if bill not in known]
    if fresh:
        unit.cursors.set(cursor, json.dumps([*known, *fresh]))
    names = [*known, *fresh]
    return {bill: key if index == 0 else f"{key}/{bill or 'on-account'}" for index, bill in enumerate(names)}


async def show_parts(ctx: Context, run: Run, key: str, payment: Payment, owner: Owner) -> None:
    """What a payment of the platform was set against. One that was taken back stays: its reversal stands beside it.

    A part that is set against its bill no more is worth nothing.
    """
    parts = summed(payment.linked)
    loose = payment.amount - sum(parts.values())
    if loose:
        parts[ON_ACCOUNT] = loose
    names = await ctx.db.run(lambda unit: part_names(unit, key, parts))
    on = calendar.day(payment.received_at, owner.entity.zone).isoformat()
    for bill, name in names.items():
        kind = "Payment" if payment.method != "chargeback" else "Chargeback"
        fields = receipt_fields(
            owner.account, payment.currency, parts.get(bill, 0), on, payment.method, "platform", kind
        )  # fmt: skip
        if bill == ON_ACCOUNT:
            await run.step("show-on-account", partial(show_loose, ctx, name, fields))
            continue
        await show_and_settle(ctx, run, key, name, fields, bill, owner)


async def show_part(ctx: Context, name: str, fields: dict[str, object], number: str, owner: Owner) -> int:
    """One part with its bill as it is now; returns what is open of the bill."""
    bill = await ctx.platform.bill(number)
    if bill is None:
        return 0
    await show_receipt(ctx, name, fields, bill, owner.entity.zone)
    return bill.due


async def show_and_settle(
    ctx: Context, run: Run, key: str, name: str, fields: dict[str, object], bill: str, owner: Owner
) -> None:
    """A part of a payment in sales; what it leaves open of its bill may be too little to ask for."""
    still_open = await run.step(f"show-{bill}", partial(show_part, ctx, name, fields, bill, owner))
    if still_open and fields.get("Amount__c"):
        await run.step(f"short-{bill}", partial(settle_short, ctx, key, bill))

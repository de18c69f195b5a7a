"""A payment that a clerk has voided in the cloud ledger never was: the platform deletes its record of it."""

import json
from functools import partial
from typing import Any

from synccore.domain.bills import Payment, Receipt
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.receipt_alignment import held_of, total_key
from synccore.processes.writes import Write


async def delete_voided(ctx: Context, run: Run, receipt: Receipt) -> None:
    """After it was taken off its bills: what is left in the platform is money that nobody has."""
    for row in await run.step("left", lambda: _left(ctx, receipt.key)):
        payment = Payment.model_validate(row)
        await run.step(f"delete-{payment.id}", partial(_delete, ctx, receipt.key, payment))


def deleting_key(key: str) -> str:
    """Where it is remembered which payments of a voided receipt are being deleted: one whose answer was lost is gone
    from the platform, and is not known here to be.
    """
    return f"deleting/{key}"


async def _left(ctx: Context, key: str) -> list[Any]:
    held = [one.model_dump(mode="json") for one in await held_of(ctx, key)]

    def note(unit: Unit) -> list[Any]:
        begun = json.loads(unit.cursors.get(deleting_key(key)) or "[]")
        fresh = [row for row in held if row["id"] not in {one["id"] for one in begun}]
        if fresh:
            unit.cursors.set(deleting_key(key), json.dumps([*begun, *fresh]))
        return [*begun, *fresh]

    return await ctx.db.run(note)


async def _delete(ctx: Context, key: str, payment: Payment) -> str:
    effect = ctx.keys.effect("subscriptions", "payment-deletion", payment.id)

    async def look() -> Found | None:
        return None if payment.id in {one.id for one in await held_of(ctx, key)} else Found(payment.id)

    async def send(refusals: int) -> str:
        return await ctx.platform.delete_payment(payment.id, ctx.keys.idempotency(f"{effect}#{refusals}"))

    def settled(unit: Unit, _reference: Any) -> None:
        recorded = int(unit.cursors.get(total_key(key)) or 0)
        unit.cursors.set(total_key(key), str(recorded - payment.amount))
        begun = json.loads(unit.cursors.get(deleting_key(key)) or "[]")
        unit.cursors.set(deleting_key(key), json.dumps([one for one in begun if one["id"] != payment.id]))
        details = {"payment": key, "transaction": payment.id, "amount": payment.amount}
        unit.audit.add("synccore", "payment-voided-in-ledger", key, details, ctx.clock.now())

    write = Write(effect, "subscriptions", "payment-deletion", f"payment:{key}")
    return str(await ctx.once(ctx, write, send, look, settled))

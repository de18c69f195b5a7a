"""Money that a ledger gave back (a returned transfer, a refund by the bank): recorded in the platform as well."""

import json
from functools import partial
from typing import Any

from synccore.domain.applications import Seen
from synccore.domain.bills import Application, Payment, Receipt
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Effect, Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.ledger_facts import Owner, owner_of
from synccore.processes.open_items import note_reopened
from synccore.processes.receipt_alignment import freed_key, held_of, last_seen, note_freed, note_seen
from synccore.processes.receipt_parts import ON_ACCOUNT, part_names, show_part
from synccore.processes.short_payments import discount_returned
from synccore.processes.write_back import receipt_fields, show_loose
from synccore.processes.writes import Write

CREDIT = "CN:"  # begins the name of a credit note among what was given back


def gone_key(key: str) -> str:
    """Where it is remembered what of a receipt was given back, by the bill that it had settled."""
    return f"given-back/{key}"


async def record_give_back(ctx: Context, run: Run, back: Receipt) -> None:
    """For each receipt or credit note that the money came from: the platform's record of it goes back as well."""
    for part in back.taken:
        if not (part.bill.startswith(CREDIT) or ctx.keys.born_in_ledger(part.bill)):
            reason = f"{back.key} gives back {part.amount} for {part.bill or 'nothing that it names'} (minor units)"
            actions = ("correct_in_platform", "retry", "abandon")
            raise Parked(reason, (Finding("refund_unexplained", reason, "finance", actions, ()),))
        if part.bill.startswith(CREDIT):
            await run.step(f"pay-out-{part.bill}", partial(_pay_out, ctx, run.key, back, part))
        else:
            await run.step(f"free-{part.bill}", partial(_free, ctx, back, part))
            await run.step(f"give-back-{part.bill}", partial(_give_back, ctx, run.key, back, part))
            undone = partial(discount_returned, ctx, part.bill, run.key, back.key)
            await run.step(f"discount-{part.bill}", partial(ctx.db.run, undone))
    await run.step("show", lambda: _show(ctx, back))
    await run.step("reopened", lambda: ctx.db.run(partial(_reopened, ctx, back, run.key)))


def _reopened(ctx: Context, back: Receipt, account: str, unit: Unit) -> None:
    """What the old ledger has open again of a bill may have to move, like anything that it posts late."""
    parts: dict[str, int] = json.loads(unit.cursors.get(gone_key(back.key)) or "{}")
    for number, amount in parts.items():
        if back.key.startswith("L-") and amount:
            note_reopened(ctx, unit, number, amount, account, back.key)


async def _free(ctx: Context, back: Receipt, part: Application) -> None:
    """Take the payment off the bills that the ledger has opened again."""
    key = part.bill
    if await ctx.db.run(lambda unit: last_seen(unit, key)) is None:
        raise Parked(f"{key}, of which {back.key} gives back, is not recorded yet", waiting_on=(f"receipt:{key}",))
    still = await _still_applied(ctx, key)
    for payment in await held_of(ctx, key):
        for bill, amount in payment.applications.items():
            if still is not None and still.get(bill, 0) >= amount:
                continue
            effect = ctx.keys.effect("subscriptions", "payment-removal", f"{back.key}/{bill}/{payment.id}")

            async def look(bill: str = bill, payment: Payment = payment) -> Found | None:
                now = await ctx.platform.payment(payment.id)
                return Found(payment.id) if now is not None and bill not in now.applications else None

            async def send(refusals: int, bill: str = bill, payment: Payment = payment, effect: str = effect) -> Any:
                once = ctx.keys.idempotency(f"{effect}#{refusals}")
                return await ctx.platform.remove_payment(bill, payment.id, once)

            settled = partial(_remember, key, bill, amount)
            write = Write(effect, "subscriptions", "payment-removal", f"payment:{back.key}")
            await ctx.once(ctx, write, send, look, settled)


async def _still_applied(ctx: Context, key: str) -> dict[str, int] | None:
    """What the ledger still applies of a receipt, by bill number."""
    if not key.startswith("NS-"):
        text = await ctx.db.run(lambda unit: unit.cursors.get(f"receipt/{key}"))
        receipt = Receipt.model_validate(json.loads(text)) if text else None
        return None if receipt is None else {part.bill: part.amount for part in receipt.applied}
    assert ctx.cloud is not None
    receipt = await ctx.cloud.receipt(key.removeprefix("NS-"))
    if receipt is None:
        return None
    documents = [part.bill for part in receipt.applied]
    known = await ctx.db.run(lambda unit: {doc: unit.links.canonical("invoice", "erp_cloud", doc) for doc in documents})
    return {str(known[part.bill]): part.amount for part in receipt.applied if known[part.bill]}


def _remember(key: str, bill: str, amount: int, unit: Unit, _reference: Any) -> None:
    """Ledger and platform agree on the bill being open again."""
    note_freed(unit, key, bill, amount)
    seen = last_seen(unit, key) or Seen()
    ledger, platform = dict(seen.ledger), dict(seen.platform)
    for side in (ledger, platform):
        side[ON_ACCOUNT] = side.get(ON_ACCOUNT, 0) + side.pop(bill, 0)
    note_seen(unit, key, ledger, platform)


async def _give_back(ctx: Context, account: str, back: Receipt, part: Application) -> None:
    """Record that unused money of the receipt went back, transaction by transaction."""
    left = part.amount
    for payment in await held_of(ctx, part.bill):
        effect = ctx.keys.effect("subscriptions", "refund", f"{back.key}/{payment.id}")
        known = await ctx.db.run(partial(_effect, effect))
        look = partial(_refund_of, ctx, back.key, payment.id)
        there = (
            await look() if known is not None or ctx.restored else None
        )  # with it nothing of the payment may be unused any more
        amount = there.amount if there is not None and there.amount is not None else min(left, payment.unused)
        if known is None and amount <= 0:
            continue

        async def send(refusals: int, payment: Payment = payment, amount: int = amount, effect: str = effect) -> Any:
            once = ctx.keys.idempotency(f"{effect}#{refusals}")
            return await ctx.platform.record_refund(payment.id, back, amount, once)

        settled = partial(_gone, ctx, account, back, part.bill, amount)
        write = Write(effect, "subscriptions", "refund", f"refund:{back.key}")
        await ctx.once(ctx, write, send, look, settled)
        left -= amount if known is None or known.state != "applied" else 0
    if left > 0 and not await ctx.db.run(lambda unit: unit.cursors.get(f"given/{back.key}/{part.bill}")):
        reason = (
            f"{back.key} gives back {part.amount} of {part.bill}, of which the platform has {part.amount - left} left"
        )
        actions = ("correct_in_platform", "retry", "abandon")
        raise Parked(reason, (Finding("refund_exceeds_payment", reason, "finance", actions, ()),))


async def _refund_of(ctx: Context, reference: str, payment: str) -> Found | None:
    """The refund of a payment that carries a reference."""
    rows = await ctx.platform.payments_by_reference(reference)
    found = [one for one in rows if one.kind == "refund" and one.source == payment]
    return Found(found[0].id, found[0].amount) if found else None


def _effect(key: str, unit: Unit) -> Effect | None:
    return unit.effects.get(key)


def _gone(ctx: Context, account: str, back: Receipt, key: str, amount: int, unit: Unit, transaction: Any) -> None:
    """The money is out of the platform too. Sales is shown which bill it had settled."""
    at = ctx.clock.now()
    seen = last_seen(unit, key) or Seen()
    ledger, platform = dict(seen.ledger), dict(seen.platform)
    for side in (ledger, platform):
        side[ON_ACCOUNT] = max(0, side.get(ON_ACCOUNT, 0) - amount)
    note_seen(unit, key, ledger, platform)
    unit.cursors.set(f"given/{back.key}/{key}", str(amount))
    freed: dict[str, int] = json.loads(unit.cursors.get(freed_key(key)) or "{}")
    left = amount
    for bill, worth in freed.items():
        part = min(worth, left)
        left, freed[bill] = left - part, worth - part
        for name in (key, back.key):
            gone: dict[str, int] = json.loads(unit.cursors.get(gone_key(name)) or "{}")
            unit.cursors.set(gone_key(name), json.dumps({**gone, bill: gone.get(bill, 0) + part}))
    unit.cursors.set(freed_key(key), json.dumps({bill: worth for bill, worth in freed.items() if worth}))
    unit.work.add("payment-status", account, key, {"receipt": key}, at, back.key)
    data = {"refund": back.key, "payment": key, "amount": amount, "transaction": str(transaction)}
    unit.events.append(
        fact("refund-recorded", "subscriptions", f"{back.key}/{transaction}", account, at, data, back.key)
    )


async def _pay_out(ctx: Context, account: str, back: Receipt, part: Application) -> None:
    """The ledger has paid a credit note out: its refund is recorded on the note."""
    number = part.bill.removeprefix(CREDIT)
    effect = ctx.keys.effect("subscriptions", "refund", f"{back.key}/{number}")

    async def look() -> Found | None:
        rows = await ctx.platform.payments_by_reference(back.key)
        found = [one for one in rows if one.kind == "refund" and number in {note.bill for note in one.credits}]
        return Found(found[0].id, found[0].amount) if found else None

    async def send(refusals: int) -> Any:
        once = ctx.keys.idempotency(f"{effect}#{refusals}")
        return await ctx.platform.record_credit_refund(number, back, part.amount, once)

    def settled(unit: Unit, transaction: Any) -> None:
        at = ctx.clock.now()
        data = {"refund": back.key, "payment": part.bill, "amount": part.amount, "transaction": str(transaction)}
        unit.events.append(
            fact("refund-recorded", "subscriptions", f"{back.key}/{number}", account, at, data, back.key)
        )

    write = Write(effect, "subscriptions", "refund", f"refund:{back.key}", amount=part.amount)
    await ctx.once(ctx, write, send, look, settled)


async def _show(ctx: Context, back: Receipt) -> None:
    """Payment__c with a minus, beside the bill that is open again."""

    def look(unit: Unit) -> tuple[dict[str, int], dict[str, str], Owner]:
        parts: dict[str, int] = json.loads(unit.cursors.get(gone_key(back.key)) or "{}")
        rest = sum(part.amount for part in back.taken) - sum(parts.values())
        if rest:
            parts[ON_ACCOUNT] = rest
        return parts, part_names(unit, back.key, parts), owner_of(ctx, unit, back.customer)

    parts, names, owner = await ctx.db.run(look)
    on = back.received_on.isoformat() if back.received_on else ""
    for bill, amount in parts.items():
        fields = receipt_fields(owner.account, back.currency, -amount, on, "bank_transfer", "erp", "Reversal")
        if bill == ON_ACCOUNT:
            await show_loose(ctx, names[bill], fields)
            continue
        await show_part(ctx, names[bill], fields, bill, owner)

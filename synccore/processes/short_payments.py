"""A bill that a payment leaves open by little: given up by policy, or put before finance; never silently."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from synccore.domain.bills import Bill, Receipt
from synccore.domain.credits import Credit
from synccore.domain.findings import Finding
from synccore.domain.money import major, minor
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.writes import Write

POLICY = "short_payments"
OTHERWISE = "settled otherwise"  # in place of a note: nothing was open any more when somebody looked
DISCOUNT = "discount"  # the reason of a note for what the legacy ledger took off with the payment


def short_key(bill: str) -> str:
    """Where it is remembered that a bill's rest was given up as too small to ask for."""
    return f"short/{bill}"


def reason_key(bill: str) -> str:
    """Where it is remembered which of the policy's reasons a rest was given up for."""
    return f"short-reason/{bill}"


def meant_key(bill: str) -> str:
    """Where it is remembered what is about to be given up of a bill: {"amount", "reason"}. Its note can be heard of
    before the platform's answer, which may be lost.
    """
    return f"short-meant/{bill}"


def given_up(unit: Unit, credit: Credit) -> str | None:
    """The reason ('' for mere tolerance) for which policy gave up what a credit note is for; None: it did not."""
    if credit.reason != "write_off":
        return None
    if unit.cursors.get(short_key(credit.bill)):
        return unit.cursors.get(reason_key(credit.bill)) or ""
    meant = json.loads(unit.cursors.get(meant_key(credit.bill)) or "{}")
    return str(meant["reason"]) if meant.get("amount") == credit.gross else None


def discount_key(bill: str) -> str:
    """Where it is remembered what the legacy ledger has taken off a bill with a payment: {"amount", "payment"}."""
    return f"discounted/{bill}"


def taken_off(unit: Unit, credit: Credit) -> str:
    """The ledger's payment document that a credit note is part of there already, as its discount; '' for none."""
    mark = json.loads(unit.cursors.get(discount_key(credit.bill)) or "{}")
    return str(mark["payment"]) if credit.reason == "write_off" and mark.get("amount") == credit.gross else ""


def keeps_tax(ctx: Context, unit: Unit, credit: Credit) -> bool:
    """Is a credit note for what a payment left open, and posted without tax by policy?"""
    return given_up(unit, credit) is not None and ctx.policy(unit, POLICY)["tax"] == "keep"


def _discount(unit: Unit, key: str, bill: str) -> int:
    """What the legacy ledger has written off of a bill together with a payment that settles it still."""
    text = unit.cursors.get(f"receipt/{key}") if key.startswith("L-") else None
    receipt = Receipt.model_validate(json.loads(text)) if text else Receipt(key=key)
    if not any(part.bill == bill for part in receipt.applied):
        return 0  # it was given back, and the discount with it
    return sum(part.amount for part in receipt.discounts if part.bill == bill)


def discount_returned(ctx: Context, key: str, account: str, cause: str, unit: Unit) -> None:
    """A payment came back, and with it the discount that the ledger had booked in it: the note that stands for it in
    the platform is part of no document there any more, and is posted as one of its own. Whether the customer may keep
    it, finance decides; the trail says that it is to.
    """
    text = unit.cursors.get(f"receipt/{key}")
    receipt = Receipt.model_validate(json.loads(text)) if text else Receipt(key=key)
    for part in receipt.discounts:
        mark = json.loads(unit.cursors.get(discount_key(part.bill)) or "{}")
        note = unit.cursors.get(short_key(part.bill))
        if mark.get("payment") != key.removeprefix("L-") or not note or _discount(unit, key, part.bill):
            continue
        unit.cursors.set(discount_key(part.bill), "")
        details = {"bill": part.bill, "note": note, "amount": part.amount, "payment": key}
        unit.audit.add("synccore", "discount-of-returned-payment", note, details, ctx.clock.now())
        unit.work.add("credit-publication", account, note, {"credit": note}, ctx.clock.now(), cause)


def withheld(policy: Mapping[str, Any], bill: Bill) -> str:
    """The reason of the policy's whose share of the bill is just what is open, '' if there is none.

    What a customer withholds lowers no tax that is owed on the sale: a bill with tax has one only where policy `tax`
    keeps the tax.
    """
    if bill.tax and policy.get("tax") != "keep":
        return ""
    exact = (
        name
        for name, one in policy["reasons"].items()
        if bill.due * 100 == Decimal(str(one.get("percent", 0))) * bill.net
    )
    return next(exact, "")


async def settle_short(ctx: Context, key: str, number: str) -> None:
    """After a payment was recorded. What one of policy `reasons` explains, and what is open up to `tolerance`, is
    written off in the platform, from where it goes the way of every credit note; up to `ask_percent` of the bill it is
    for a person. More is a part payment.
    """
    bill = await ctx.platform.bill(number)
    if bill is None or not bill.posted:
        return
    if bill.due <= 0:
        return await _finish(ctx, key, bill)
    policy, discount = await ctx.db.run(lambda unit: (ctx.policy(unit, POLICY), _discount(unit, key, number)))
    if discount:
        return await _discounted(ctx, key, bill, discount, policy["discount"] == "grant")
    reason = withheld(policy, bill)
    if reason:
        await _give_up(ctx, key, bill, reason)
    elif bill.due <= minor(Decimal(str(policy["tolerance"].get(bill.currency, 0))), bill.currency):
        await _give_up(ctx, key, bill)
    elif bill.due * 100 <= Decimal(str(policy["ask_percent"])) * bill.gross:
        open_, whole = (f"{major(amount, bill.currency)} {bill.currency}" for amount in (bill.due, bill.gross))
        why = f"{number} over {whole} was paid short: {open_} are open, which is more than policy gives up"
        actions = ("settle_in_platform", "set_policy", "retry", "abandon")
        topics = (f"bill:{number}", f"policy:{POLICY}")
        raise Parked(why, (Finding("short_payment", why, "finance", actions, topics),))


async def _discounted(ctx: Context, key: str, bill: Bill, discount: int, granted: bool) -> None:
    """The ledger has settled the bill with less than it was for: the platform's bill follows by policy, with a note
    that is posted nowhere, as the ledger has booked it with the payment.
    """
    if granted and bill.due == discount:
        mark = json.dumps({"amount": discount, "payment": key.removeprefix("L-")})  # before the note can be heard of
        await ctx.db.run(lambda unit: unit.cursors.set(discount_key(bill.id), mark))
        await _give_up(ctx, key, bill, DISCOUNT)
        return
    taken, open_ = (f"{major(amount, bill.currency)} {bill.currency}" for amount in (discount, bill.due))
    why = f"the ledger took {taken} off {bill.id} as a discount with {key}; {open_} are open in the platform"
    topics = (f"bill:{bill.id}", f"policy:{POLICY}")
    finding = Finding("discount_taken", why, "finance", ("set_policy", "correct_in_ledger", "retry", "abandon"), topics)
    raise Parked(why, (finding,))


async def _finish(ctx: Context, key: str, bill: Bill) -> None:
    """Nothing is open: what was given up before somebody heard the answer is found, and known."""
    effect = ctx.keys.effect("subscriptions", "write-off", bill.id)
    known = await ctx.db.run(lambda unit: unit.effects.get(effect))
    if known is None or known.state == "applied":
        return
    text = await ctx.db.run(lambda unit: unit.cursors.get(meant_key(bill.id)))
    if text:
        meant = json.loads(text)
        await _give_up(ctx, key, bill.model_copy(update={"due": meant["amount"]}), meant["reason"])


async def _give_up(ctx: Context, key: str, bill: Bill, reason: str = "") -> None:
    effect = ctx.keys.effect("subscriptions", "write-off", bill.id)
    meant = json.dumps({"amount": bill.due, "reason": reason})
    await ctx.db.run(lambda unit: unit.cursors.set(meant_key(bill.id), meant))

    async def look() -> Found | None:
        now = await ctx.platform.bill(bill.id)
        for number in now.credits if now is not None else ():
            note = await ctx.platform.credit(number)
            if note is not None and note.reason == "write_off" and note.gross == bill.due:
                return Found(note.id)
        return Found(OTHERWISE) if now is not None and now.due == 0 else None

    async def send(refusals: int) -> str:
        return await ctx.platform.write_off(bill.id, ctx.keys.idempotency(f"{effect}#{refusals}"))

    def settled(unit: Unit, note: Any) -> None:
        if note == OTHERWISE:
            return
        unit.cursors.set(short_key(bill.id), str(note))
        unit.cursors.set(reason_key(bill.id), reason)
        details = {
            "bill": bill.id,
            "reason": reason or "tolerance",
            "open": bill.due,
            "currency": bill.currency,
            "payment": key,
        }
        unit.audit.add("synccore", "short-payment-given-up", bill.id, details, ctx.clock.now())

    write = Write(effect, "subscriptions", "write-off", f"payment:{key}", amount=bill.due)
    await ctx.once(ctx, write, send, look, settled)

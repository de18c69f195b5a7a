"""A ledger's receipt and its transactions in the platform brought to the same applications, action by action.

The plan is kept until it is carried out, so that a run after a crash goes on with it; one that cannot be carried out is
dropped, and made anew from what is there then.
"""

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from synccore.domain.applications import ON_ACCOUNT, Action, Held, Merged, Seen, actions, merge
from synccore.domain.bills import Payment, Receipt
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found, Rejected
from synccore.processes.context import Context
from synccore.processes.writes import Write

Plan = dict[str, Any]


def aligned_key(key: str) -> str:
    """Where it is remembered what ledger and platform said last: {"ledger", "platform"}: bill -> minor units."""
    return f"aligned/{key}"


def plan_key(key: str) -> str:
    """Where a plan stands that is being carried out."""
    return f"alignment/{key}"


def receipt_key(key: str) -> str:
    """Where the lines of a legacy receipt are collected: they may come in several extracts."""
    return f"receipt/{key}"


def total_key(key: str) -> str:
    """Where it is remembered how much of a receipt the platform has recorded in all."""
    return f"recorded/{key}"


def freed_key(key: str) -> str:
    """Where it is remembered which bills a receipt was taken off, until it is known what became of the money."""
    return f"freed/{key}"


def note_freed(unit: Unit, key: str, bill: str, amount: int) -> None:
    """A receipt settles a bill no more."""
    freed: dict[str, int] = json.loads(unit.cursors.get(freed_key(key)) or "{}")
    unit.cursors.set(freed_key(key), json.dumps({**freed, bill: freed.get(bill, 0) + amount}))


async def align(ctx: Context, run: Run, receipt: Receipt) -> dict[str, int]:
    """Bring both sides together; returns what they then agree on. Parks when they contradict each other."""
    plan: Plan = await run.step("plan", lambda: _plan(ctx, receipt))
    try:
        for index, row in enumerate(plan["actions"]):
            action = Action.model_validate(row)
            name = f"{action.do}-{action.bill or 'on-account'}-{index}"
            await run.step(name, partial(_act, ctx, run.key, receipt, action, int(plan["number"]), index))
        if plan["in_ledger"]:
            await run.step("apply-in-ledger", lambda: _in_ledger(ctx, receipt, plan))
    except (Rejected, Parked):
        await ctx.db.run(lambda unit: unit.cursors.set(plan_key(receipt.key), ""))
        raise
    await run.step("aligned", lambda: ctx.db.run(lambda unit: _done(unit, receipt.key, plan)))
    target: dict[str, int] = plan["target"]
    return target


def last_seen(unit: Unit, key: str) -> Seen | None:
    """What both sides said last, None when the receipt was never recorded."""
    text = unit.cursors.get(aligned_key(key))
    return Seen(**json.loads(text)) if text else None


def note_seen(unit: Unit, key: str, ledger: Mapping[str, int], platform: Mapping[str, int]) -> None:
    """Both sides say this now."""
    sides = {"ledger": ledger, "platform": platform}
    unit.cursors.set(
        aligned_key(key),
        json.dumps({side: {bill: worth for bill, worth in said.items() if worth} for side, said in sides.items()}),
    )


async def held_of(ctx: Context, key: str) -> list[Payment]:
    """The payments of the platform that carry the receipt's key."""
    rows = await ctx.platform.payments_by_reference(key)
    return [one for one in rows if one.kind == "payment" and one.status == "success"]


async def _plan(ctx: Context, receipt: Receipt) -> Plan:
    def begin(unit: Unit) -> Plan | None:
        text, seen = unit.cursors.get(plan_key(receipt.key)), last_seen(unit, receipt.key)
        if text:
            kept: Plan = json.loads(text)
            return kept
        return _planned(ctx, unit, receipt, []) if seen is None and not ctx.restored else None

    begun = await ctx.db.run(begin)
    if begun is not None:
        return begun
    there = await held_of(ctx, receipt.key)
    return await ctx.db.run(lambda unit: _planned(ctx, unit, receipt, there))


def _planned(ctx: Context, unit: Unit, receipt: Receipt, there: list[Payment]) -> Plan:
    """What is to be done, kept if that is anything. `there`: what the platform has of the receipt."""
    records_loose = ctx.policy(unit, "receipts")["on_account"] == "platform"
    seen = last_seen(unit, receipt.key) or _recognised(ctx, unit, receipt, there)
    held = [Held(id=one.id, applied=one.applications, unused=one.unused) for one in there]
    ledger = dict(_ledger(receipt, records_loose and bool(receipt.customer)))
    platform = _platform(there)
    merged = _settled(receipt, merge(seen, ledger, platform))
    plan = {
        "number": len(held), "ledger": {**ledger, **merged.in_ledger}, "target": merged.target,
        "in_ledger": merged.in_ledger,
        "actions": [action.model_dump(mode="json") for action in actions(merged.target, held)],
    }  # fmt: skip
    if plan["actions"] or plan["in_ledger"]:
        plan["number"] = unit.links.next_number(f"alignment/{receipt.key}", 1)
        unit.cursors.set(plan_key(receipt.key), json.dumps(plan))
    return plan


def _platform(there: list[Payment]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for one in there:
        for bill, amount in one.applications.items():
            sums[bill] = sums.get(bill, 0) + amount
    return sums


def _recognised(ctx: Context, unit: Unit, receipt: Receipt, there: list[Payment]) -> Seen:
    """What we have recorded of a receipt before our store came back older: both sides had agreed on that. What the
    ledger says otherwise has moved there since.
    """
    agreed, account = _platform(there), ctx.keys.account_of(receipt.customer)
    for one in there:
        for bill in one.applications or (ON_ACCOUNT,):
            amount = one.applications.get(bill, one.amount)
            _tell(ctx, unit, account, receipt.key, bill, amount, one.id, f"{receipt.key}/{bill or 'on-account'}")
    if there:
        unit.cursors.set(total_key(receipt.key), str(sum(one.amount for one in there)))
        note_seen(unit, receipt.key, agreed, agreed)
    return Seen(agreed, agreed)


def _tell(
    ctx: Context, unit: Unit, account: str, key: str, bill: str, amount: int, transaction: str, told: str
) -> None:  # fmt: skip
    data = {"payment": key, "amount": amount, "transaction": transaction} | ({"invoice": bill} if bill else {})
    kind = "payment-recorded" if bill else "excess-recorded"
    unit.events.append(fact(kind, "subscriptions", told, account, ctx.clock.now(), data, key))


def _ledger(receipt: Receipt, records_loose: bool) -> dict[str, int]:
    sums: dict[str, int] = {}
    for part in receipt.applied:
        sums[part.bill] = sums.get(part.bill, 0) + part.amount
    if records_loose and receipt.loose:
        sums[ON_ACCOUNT] = receipt.loose
    return {bill: amount for bill, amount in sums.items() if amount}


def _settled(receipt: Receipt, merged: Merged) -> Merged:
    """Parks when both sides have moved; a legacy ledger cannot be told what to set a payment against."""
    if merged.conflicts:
        bills = ", ".join(merged.conflicts)
        reason = f"{receipt.key} was applied to {bills} in one way in the ledger and in another in the platform"
        actions_ = ("correct_in_ledger", "correct_in_platform", "retry", "abandon")
        raise Parked(reason, (Finding("application_conflict", reason, "finance", actions_, ()),))
    if merged.in_ledger and not receipt.key.startswith("NS-"):
        return Merged(merged.target, {}, ())
    return merged


async def _act(ctx: Context, account: str, receipt: Receipt, action: Action, number: int, index: int) -> Any:
    """One action, once: under the receipt, the bill, and which plan it belongs to."""
    first = action.do == "record" and not action.known
    name = f"{receipt.key}/{action.bill}" if first else f"{receipt.key}/{action.bill}#{number}.{index}"
    effect = ctx.keys.effect("subscriptions", "payment", name)

    async def look() -> Found | None:
        if first:
            return await ctx.platform.recorded(action.bill, receipt.key)
        return _found(action, await held_of(ctx, receipt.key))

    async def send(refusals: int) -> Any:
        idempotency = ctx.keys.idempotency(f"{effect}#{refusals}")
        platform = ctx.platform
        if action.do == "remove":
            return await platform.remove_payment(action.bill, action.transaction, idempotency)
        if action.do == "apply":
            await _within_due(ctx, receipt, action)
            return await platform.apply_payment(action.bill, action.transaction, action.amount, idempotency)
        if action.do == "excess":
            return await platform.record_excess(receipt.customer, receipt, action.amount, idempotency)
        await _within_due(ctx, receipt, action)
        return await platform.record_payment(action.bill, receipt, action.amount, idempotency)

    def settled(unit: Unit, transaction: Any) -> None:
        if action.do == "remove":
            note_freed(unit, receipt.key, action.bill, action.amount)
        if action.do not in ("record", "excess"):
            return
        total = int(unit.cursors.get(total_key(receipt.key)) or 0)
        unit.cursors.set(total_key(receipt.key), str(total + action.amount))
        told = name if action.bill else f"{receipt.key}/on-account#{number}"
        _tell(ctx, unit, account, receipt.key, action.bill, action.amount, str(transaction), told)

    amount = action.amount if action.do in ("record", "excess") else None
    write = Write(effect, "subscriptions", "payment", f"payment:{receipt.key}", amount=amount)
    return await ctx.once(ctx, write, send, look, settled)


def _found(action: Action, held: list[Payment]) -> Found | None:
    """Was the action carried out? By what the platform's transactions say now."""
    for one in held:
        set_against = one.applications.get(action.bill, 0)
        if action.do == "remove" and one.id == action.transaction and not set_against:
            return Found(one.id)
        if action.do == "apply" and one.id == action.transaction and set_against >= action.before + action.amount:
            return Found(one.id)
        fresh = one.id not in action.known
        if action.do == "record" and fresh and set_against:
            return Found(one.id, one.amount)
        if action.do == "excess" and fresh and not one.linked:
            return Found(one.id, one.amount)
    return None


async def _within_due(ctx: Context, receipt: Receipt, action: Action) -> None:
    bill = await ctx.platform.bill(action.bill)
    if bill is None:
        reason = f"the platform has no bill {action.bill}"
        topics = (f"bill:{action.bill}",)
        raise Parked(reason, (Finding("unknown_bill", reason, "finance", ("retry", "abandon"), topics),))
    if bill.due < action.amount:
        reason = f"{receipt.key} pays {action.amount} on {bill.id}, of which only {bill.due} is due (minor units)"
        finding = Finding("payment_exceeds_due", reason, "finance", ("unapply_in_ledger", "retry", "abandon"), ())
        raise Parked(reason, (finding,))


async def _in_ledger(ctx: Context, receipt: Receipt, plan: Plan) -> None:
    """The platform has set the receipt's unused money against bills: the ledger follows."""
    assert ctx.cloud is not None
    cloud, wanted = ctx.cloud, dict(plan["in_ledger"])
    known = await ctx.db.run(
        lambda unit: {bill: unit.links.external("invoice", bill, "erp_cloud") for bill in wanted}
    )  # fmt: skip
    missing = tuple(f"bill:{bill}" for bill, document in known.items() if document is None)
    if missing:
        raise Parked(f"{receipt.key} settles bills that are not posted yet", waiting_on=missing)
    documents = dict(receipt.documents)
    documents |= {str(document): wanted[bill] for bill, document in known.items()}
    applied = {document: amount for document, amount in documents.items() if amount}
    internal_id = receipt.key.removeprefix("NS-")

    async def send(_refusals: int) -> str:
        await cloud.apply_payment(internal_id, applied, receipt.currency)
        return internal_id

    name = f"{receipt.key}#{plan['number']}"
    effect = ctx.keys.effect("erp_cloud", "payment-application", name)
    await ctx.once(ctx, Write(effect, "erp_cloud", "payment-application", f"payment:{receipt.key}"), send)


def _done(unit: Unit, key: str, plan: Plan) -> None:
    ledger = dict(plan["ledger"])
    if plan["in_ledger"]:
        ledger[ON_ACCOUNT] = max(0, ledger.get(ON_ACCOUNT, 0) - sum(plan["in_ledger"].values()))
    note_seen(unit, key, ledger, plan["target"])
    unit.cursors.set(plan_key(key), "")

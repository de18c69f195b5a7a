"""Process open-item, of a payment: what of it lies on account in the old ledger at a cutover goes to the new one too.

Load, compare, clear, as with a credit note: a credit memo against the migration account stands in the new ledger before
the old one gives the cash away. What the platform has set against bills of the old ledger by then stays there, on
account, as no file tells that ledger of it. The payment itself stays where it was received: it is worth the same.
"""

import json
from datetime import date
from functools import partial
from typing import Any

from synccore.domain import calendar
from synccore.domain.applications import ON_ACCOUNT
from synccore.domain.bills import Receipt
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import BROUGHT, CASH, digest
from synccore.domain.legacy import transfer_document
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.following import following
from synccore.processes.ledger_facts import owner_of
from synccore.processes.ledger_of_record import decided_place, moves_today, moving_key, moving_topic, wave_at
from synccore.processes.legacy_posting import moved_reference, number_of, park_until_answered, spooled
from synccore.processes.open_credits import compare_memo, load_memo, migration_account, new_facts, used_key
from synccore.processes.receipt_alignment import held_of, receipt_key
from synccore.processes.writes import Write

OLD, NEW = "erp_legacy", "erp_cloud"
WINDOW = "window:open-items"  # what waits for the night of the move


def on_account(unit: Unit, key: str) -> Receipt | None:
    """A payment that the old ledger received and told as one with cash on account, None for any other."""
    text = unit.cursors.get(receipt_key(key))
    receipt = Receipt.model_validate(json.loads(text)) if text else None
    ours = unit.links.canonical("receipt", OLD, key.removeprefix("L-")) is not None
    return receipt if receipt is not None and receipt.loose > 0 and not ours else None


def moves_late(ctx: Context, unit: Unit, receipt: Receipt) -> bool:
    """Was the cash received before the cutover's day, told after the others were moved, and has not moved itself?"""
    entity = owner_of(ctx, unit, receipt.customer).entity
    due, known = wave_at(ctx, unit, entity), on_account(unit, receipt.key)
    if due is None or ctx.clock.now() < due or known is None or not moves_today(ctx, entity):
        return False
    before = entity.cutover is not None and known.received_on is not None and known.received_on < entity.cutover.on
    return before and unit.links.external(CASH, receipt.key, NEW) is None


async def move_cash(ctx: Context, run: Run, key: str) -> None:
    """Bring what of a payment lies on account over; bills of the new ledger use it there from then on."""

    async def applied() -> dict[str, int]:
        sums: dict[str, int] = {}
        for part in await held_of(ctx, key):
            for bill, amount in part.applications.items():
                sums[bill] = sums.get(bill, 0) + amount
        return sums

    used: dict[str, int] = await run.step("applied", applied)
    plan = await run.step("plan", lambda: ctx.db.run(partial(_planned, ctx, key, used)))
    if plan is None:
        return
    customer, currency = str(plan["owner"]), str(plan["currency"])
    facts = await following(ctx, run, customer, currency, partial(new_facts, ctx, customer))
    load = partial(
        load_memo, ctx, facts, plan, key, currency=currency, cause=f"payment:{key}", text=f"Cash on account of {key}",
        since=str(plan["received"]),
    )  # fmt: skip
    loaded = str(await run.step("load", load))
    await run.step("compare", partial(compare_memo, ctx, key, int(plan["amount"]), currency))
    answer = await run.step("clear", lambda: ctx.db.run(partial(_cleared, ctx, key, facts.account, plan)))
    park_until_answered(str(plan["reference"]), answer)
    await run.step("moved", lambda: ctx.db.run(partial(_moved, ctx, key, facts.account, plan, loaded)))


def _planned(ctx: Context, key: str, applied: dict[str, int], unit: Unit) -> Any:
    """What moves, decided once; None: nothing of it, and nobody waits for it any more."""
    kept = json.loads(unit.cursors.get(moving_key(key)) or "null")
    if kept is not None:
        return kept
    unit.cursors.set(moving_key(key), "")
    unit.work.wake(moving_topic(key), ctx.clock.now())
    receipt = on_account(unit, key)
    if receipt is None or unit.links.external(CASH, key, NEW) is not None:
        return None
    owner = owner_of(ctx, unit, receipt.customer)
    beyond = _beyond(receipt, applied)
    used = {bill: amount for bill, amount in beyond.items() if _of_old(unit, bill)}
    amount = receipt.loose - sum(used.values())
    if amount <= 0 or wave_at(ctx, unit, owner.entity) is None or not moves_today(ctx, owner.entity):
        return None
    document = ctx.keys.ledger_document(key)
    plan = {
        "amount": amount, "document": document, "reference": moved_reference(key), "used": used,
        "on": calendar.day(ctx.clock.now(), owner.entity.zone).isoformat(), "account": migration_account(ctx, unit),
        "company": owner.entity.company_code, "owner": receipt.customer, "currency": receipt.currency,
        "received": receipt.received_on.isoformat() if receipt.received_on is not None else "",
        "customer": unit.links.external("customer", receipt.customer, OLD) or "",
    }  # fmt: skip
    unit.cursors.set(moving_key(key), json.dumps(plan))
    unit.links.put(BROUGHT, key, OLD, f"{document}/{amount}")
    return plan


def _of_old(unit: Unit, bill: str) -> bool:
    """Has the old ledger posted a bill, or will it?"""
    return unit.links.external("invoice", bill, OLD) is not None or decided_place(unit, "invoice", bill) == OLD


def _beyond(receipt: Receipt, applied: dict[str, int]) -> dict[str, int]:
    """What the platform has set against bills, and the ledger that received it has not."""
    told: dict[str, int] = {}
    for part in receipt.applied:
        told[part.bill] = told.get(part.bill, 0) + part.amount
    more = {bill: amount - told.get(bill, 0) for bill, amount in applied.items() if bill != ON_ACCOUNT}
    return {bill: amount for bill, amount in more.items() if amount > 0}


def _cleared(ctx: Context, key: str, account: str, plan: Any, unit: Unit) -> dict[str, str]:
    number = number_of(str(plan["document"]))
    content: Any = transfer_document(
        number, ctx.keys.legacy_cash_transfer(key), str(plan["company"]), str(plan["customer"]), str(plan["currency"]),
        int(plan["amount"]), date.fromisoformat(plan["on"]), str(plan["account"]), number, credit=True,
    ).model_dump(mode="json")  # fmt: skip
    return spooled(ctx, unit, "BILL", str(plan["reference"]), content, account, f"payment:{key}")


def _moved(ctx: Context, key: str, account: str, plan: Any, loaded: str, unit: Unit) -> None:
    at = ctx.clock.now()
    unit.cursors.set(moving_key(key), "")
    unit.cursors.set(used_key(key), json.dumps(plan["used"]))
    unit.links.put(CASH, key, NEW, loaded)
    unit.work.wake(moving_topic(key), at)
    data = {"invoice": key, "ledger": NEW, "document": loaded, "amount": -int(plan["amount"]),
            "currency": plan["currency"]}  # fmt: skip
    unit.events.append(fact("open-item-moved", NEW, key, account, at, data, f"payment:{key}"))
    unit.work.add("payment-status", account, key, {"receipt": key}, at, "open-item-moved")


async def settle_in_new(ctx: Context, run: Run, receipt: Receipt, agreed: dict[str, int]) -> None:
    """Set cash that has moved against the new ledger's bills as the platform does. Parks when the platform has set what
    lies on account in one ledger against what the other one holds: neither can be told to, and a person brings the
    money over, or takes it off the bill.
    """
    found = await ctx.db.run(partial(_to_settle, ctx, receipt, agreed))
    if found is None:
        return
    assert ctx.cloud is not None
    cloud, memo, applied = ctx.cloud, str(found["memo"]), dict(found["applied"])

    async def send(_refusals: int) -> str:
        await cloud.apply_credit(memo, applied, receipt.currency)
        return memo

    effect = ctx.keys.effect(NEW, "credit-application", receipt.key)
    write = Write(effect, NEW, "credit-application", f"payment:{receipt.key}", digest(applied))
    await run.step("settle-in-new", lambda: ctx.once(ctx, write, send))
    await ctx.db.run(lambda unit: unit.cursors.set(_settled_key(receipt.key), "yes" if applied else ""))


def _settled_key(key: str) -> str:
    """Where it stands that the memo of a payment settles a bill: only then is there something to take off it."""
    return f"cash-settles/{key}"


def _to_settle(ctx: Context, receipt: Receipt, agreed: dict[str, int], unit: Unit) -> Any:
    """{"memo", "applied": {document: minor units}}, None when there is nothing to set against anything."""
    key, memo = receipt.key, unit.links.external(CASH, receipt.key, NEW)
    used: dict[str, int] = json.loads(unit.cursors.get(used_key(key)) or "{}")
    wanted = {bill: amount - used.get(bill, 0) for bill, amount in _beyond(receipt, agreed).items()}
    wanted = {bill: amount for bill, amount in wanted.items() if amount > 0}
    there = {bill: unit.links.external("invoice", bill, NEW) for bill in wanted}
    if memo is None:
        strangers, holds = [bill for bill, document in there.items() if document is not None], OLD
        if strangers and _to_move(ctx, unit, receipt):
            raise Parked(f"the cash of {key} is to go to another ledger", waiting_on=(moving_topic(key), WINDOW))
    else:
        strangers = [bill for bill, document in there.items() if document is None and _of_old(unit, bill)]
        holds = NEW
    if strangers:
        reason = f"{key} is on account in {holds}, and pays {', '.join(strangers)}, which the other ledger has"
        actions = ("correct_in_platform", "retry", "abandon")
        finding = Finding("payment_over_ledgers", reason, "finance", actions, (moving_topic(key),))
        raise Parked(reason, (finding,))
    if memo is None or not (wanted or unit.cursors.get(_settled_key(key))):
        return None
    missing = tuple(f"bill:{bill}" for bill, document in there.items() if document is None)
    if missing:
        raise Parked(f"{key} settles bills that are not posted yet", waiting_on=missing)
    return {"memo": memo, "applied": {str(there[bill]): amount for bill, amount in wanted.items()}}


def _to_move(ctx: Context, unit: Unit, receipt: Receipt) -> bool:
    """Is its cash on its way, or will it be when the open items of its entity go?"""
    entity = owner_of(ctx, unit, receipt.customer).entity
    due = wave_at(ctx, unit, entity)
    ahead = due is not None and ctx.clock.now() < due and on_account(unit, receipt.key) is not None
    return bool(ahead or unit.cursors.get(moving_key(receipt.key)))

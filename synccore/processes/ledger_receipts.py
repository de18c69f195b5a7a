"""Payments born in a ledger (transfers, cheques): recorded once per bill in the platform, shown to sales."""

import json
from dataclasses import dataclass
from functools import partial
from typing import Any

from synccore.domain.bills import Application, Bill, Receipt
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts, posted_facts
from synccore.processes.legacy_posting import is_echo
from synccore.processes.write_back import receipt_fields, show_receipt
from synccore.processes.writes import Write


@dataclass(frozen=True)
class Part:
    """One application of a receipt, ready to be recorded: `name` is the key of its Payment__c."""

    name: str
    number: str
    amount: int


def receipt_key(key: str) -> str:
    """Where the lines of a legacy receipt are collected: they may come in several extracts."""
    return f"receipt/{key}"


async def record_receipt(ctx: Context, run: Run, key: str) -> None:
    """Record each application of the receipt in the platform."""
    row = await run.step("receipt", lambda: _read(ctx, key))
    if row is None:
        return
    receipt = Receipt.model_validate(row)
    numbers = [part.number for part in parts_of(receipt)]
    if key.startswith("L-") and await ctx.db.run(partial(_told_back, ctx, run.key, receipt, numbers)):
        return
    for part in parts_of(receipt):
        await run.step(f"record-{part.number}", partial(_record, ctx, run.key, receipt, part))
        await run.step(f"show-{part.number}", partial(_show, ctx, receipt, part))


def _told_back(ctx: Context, account: str, receipt: Receipt, numbers: list[str], unit: Unit) -> bool:
    """Our own payment in the ledger's extract is no new fact; any other receipt is told as one."""
    if is_echo(unit, receipt.key, numbers):
        return True
    data = {"payment": receipt.key, "amount": receipt.amount, "currency": receipt.currency, "invoices": numbers}
    told = fact("payment-received", "erp_legacy", receipt.key, account, ctx.clock.now(), data, f"extract:{receipt.key}")
    unit.events.append(told)
    return False


def parts_of(receipt: Receipt) -> list[Part]:
    """One part per bill; the first carries the receipt's own key, so that the usual case has one Payment__c."""
    sums: dict[str, int] = {}
    for application in receipt.applied:
        sums[application.bill] = sums.get(application.bill, 0) + application.amount
    names = {number: receipt.key if index == 0 else f"{receipt.key}/{number}" for index, number in enumerate(sums)}
    return [Part(names[number], number, amount) for number, amount in sums.items()]


async def _read(ctx: Context, key: str) -> Any:
    """The receipt as its ledger holds it, applications by bill number; None when there is nothing to record."""
    receipt = await _legacy_receipt(ctx, key) if key.startswith("L-") else await _cloud_receipt(ctx, key)
    if receipt is None or receipt.ours or not receipt.applied:
        return None
    return receipt.model_dump(mode="json")


async def _legacy_receipt(ctx: Context, key: str) -> Receipt | None:
    text = await ctx.db.run(lambda unit: unit.cursors.get(receipt_key(key)))
    return Receipt.model_validate(json.loads(text)) if text else None


async def _cloud_receipt(ctx: Context, key: str) -> Receipt | None:
    if ctx.cloud is None:
        return None
    receipt = await ctx.cloud.receipt(key.removeprefix("NS-"))
    if receipt is None or receipt.ours:
        return None
    documents = [part.bill for part in receipt.applied]
    known = await ctx.db.run(lambda unit: {doc: unit.links.canonical("invoice", "erp_cloud", doc) for doc in documents})
    applied: list[Application] = []
    for part in receipt.applied:
        number = known[part.bill] or ctx.keys.bill_of_erp_invoice(await ctx.cloud.invoice_key(part.bill))
        if number:  # the others are documents that were not born here
            applied.append(Application(bill=number, amount=part.amount))
    return receipt.model_copy(update={"key": key, "applied": tuple(applied)})


async def _record(ctx: Context, account: str, receipt: Receipt, part: Part) -> Any:
    effect = ctx.keys.effect("subscriptions", "payment", f"{receipt.key}/{part.number}")

    async def look() -> Found | None:
        return await ctx.platform.recorded(part.number, receipt.key)

    async def send(refusals: int) -> Any:
        if part.amount <= 0:
            reason = f"{receipt.key} was taken back on {part.number} ({part.amount} minor units) before it was recorded"
            finding = Finding("payment_reversed", reason, "finance", ("correct_in_platform", "retry", "abandon"), ())
            raise Parked(reason, (finding,))
        bill = await _bill(ctx, part.number)
        if bill.due < part.amount:
            reason = f"{receipt.key} pays {part.amount} on {bill.id}, of which only {bill.due} is due (minor units)"
            finding = Finding("payment_exceeds_due", reason, "finance", ("unapply_in_ledger", "retry", "abandon"), ())
            raise Parked(reason, (finding,))
        idempotency = ctx.keys.idempotency(f"{effect}#{refusals}")
        return await ctx.platform.record_payment(part.number, receipt, part.amount, idempotency)

    def settled(unit: Unit, transaction: Any) -> None:
        at = ctx.clock.now()
        unit.links.put("receipt", part.name, "subscriptions", str(transaction))
        unit.cursors.set(f"recorded/{receipt.key}/{part.number}", str(part.amount))
        data = {"payment": receipt.key, "invoice": part.number, "amount": part.amount,
                "transaction": str(transaction)}  # fmt: skip
        unit.events.append(fact("payment-recorded", "subscriptions", part.name, account, at, data, receipt.key))

    write = Write(effect, "subscriptions", "payment", f"payment:{receipt.key}", amount=part.amount)
    transaction = await ctx.once(ctx, write, send, look, settled)
    recorded = await ctx.db.run(lambda unit: unit.cursors.get(f"recorded/{receipt.key}/{part.number}"))
    if recorded is not None and int(recorded) != part.amount:
        reason = f"{receipt.key} was recorded on {part.number} with {recorded}, the ledger now applies {part.amount}"
        finding = Finding("payment_changed", reason, "finance", ("correct_in_platform", "retry", "abandon"), ())
        raise Parked(reason, (finding,))
    return transaction


async def _show(ctx: Context, receipt: Receipt, part: Part) -> None:
    bill = await _bill(ctx, part.number)
    facts: LedgerFacts = await ctx.db.run(lambda unit: posted_facts(ctx, unit, bill.customer_id, bill.id))
    on = receipt.received_on.isoformat() if receipt.received_on else ""
    fields = receipt_fields(facts.account, receipt.currency, part.amount, on, "bank_transfer", "erp")
    await show_receipt(ctx, part.name, fields, bill, facts.entity.zone, "Posted", facts.document)


async def _bill(ctx: Context, number: str) -> Bill:
    bill = await ctx.platform.bill(number)
    if bill is None:
        reason = f"the platform has no bill {number}"
        raise Parked(reason, (Finding("unknown_bill", reason, "finance", ("retry", "abandon"), (f"bill:{number}",)),))
    return bill

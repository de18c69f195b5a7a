"""Money born in a ledger (transfers, cheques, what it gave back): recorded once in the platform, shown to sales."""

import json
from functools import partial
from typing import Any

from synccore.domain.applications import ON_ACCOUNT
from synccore.domain.bills import Application, Receipt
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import CASH
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import CloudErp
from synccore.processes.context import Context
from synccore.processes.deleted_receipts import deleted_receipt
from synccore.processes.ledger_facts import Owner, owner_of
from synccore.processes.ledger_of_record import moving_key
from synccore.processes.ledger_refunds import CREDIT, gone_key, record_give_back
from synccore.processes.legacy_money import own_name
from synccore.processes.legacy_posting import is_echo
from synccore.processes.open_cash import moves_late, settle_in_new
from synccore.processes.open_items import add_item
from synccore.processes.receipt_alignment import align, held_of, last_seen, receipt_key, total_key
from synccore.processes.receipt_parts import part_names, show_and_settle
from synccore.processes.voided_receipts import delete_voided
from synccore.processes.write_back import receipt_fields, show_loose


async def record_receipt(ctx: Context, run: Run, key: str) -> None:
    """Keep the platform's record of a receipt in step with the ledger's, and sales with both."""
    row = await run.step("receipt", lambda: _read(ctx, key))
    if row is None:
        return
    receipt = Receipt.model_validate(row)
    if key.startswith("L-"):
        if await ctx.db.run(partial(_told_back, ctx, run.key, receipt)):
            return
        receipt = await ctx.db.run(partial(_named, receipt)) if receipt.taken else receipt
    if receipt.taken:
        for missed in await run.step("missed", lambda: _missed(ctx, receipt)):
            await _record(ctx, run, Receipt.model_validate(missed))
        await record_give_back(ctx, run, receipt)
        await ctx.db.run(partial(_back_after_move, receipt))
        return
    await _record(ctx, run, receipt)


async def _record(ctx: Context, run: Run, receipt: Receipt) -> None:
    agreed = await align(ctx, run, receipt)
    if receipt.voided:
        await delete_voided(ctx, run, receipt)
    await _show_all(ctx, run, receipt, agreed)
    if receipt.key.startswith("L-"):
        await ctx.db.run(partial(_follow_late, ctx, run.key, receipt))
        await settle_in_new(ctx, run, receipt, agreed)


def _follow_late(ctx: Context, account: str, receipt: Receipt, unit: Unit) -> None:
    """Cash of before the cutover's day, told after the others were moved, moves too."""
    if moves_late(ctx, unit, receipt) and not unit.cursors.get(moving_key(receipt.key)):
        add_item(ctx, unit, receipt.key, account, f"late:{receipt.key}")


def _back_after_move(back: Receipt, unit: Unit) -> None:
    """Parks when money came back whose cash on account had moved: the old ledger has what cleared it open again."""
    moved = [part.bill for part in back.taken if unit.links.external(CASH, part.bill, "erp_cloud") is not None]
    if moved:
        reason = f"{back.key} takes {', '.join(moved)} back, whose cash on account had moved to another ledger by then"
        actions = ("correct_in_ledger", "abandon")
        raise Parked(reason, (Finding("reopened_after_move", reason, "finance", actions, ()),))


async def _missed(ctx: Context, back: Receipt) -> list[Any]:
    """Receipts that were given back before anybody looked, as they were then: on account.

    The ledger says by now that nothing of them is left, but a payment and its return are two movements, not none.
    """
    missed = []
    for part in back.taken:
        if not part.bill.startswith("NS-") or await ctx.db.run(partial(last_seen, key=part.bill)) is not None:
            continue
        receipt, _ = await _cloud_receipt(ctx, part.bill)
        if receipt is not None:
            gone = await _gone(ctx, part.bill) if ctx.restored else 0
            before = receipt.model_copy(update={"loose": receipt.loose + max(0, part.amount - gone)})
            missed.append(before.model_dump(mode="json"))
    return missed


async def _gone(ctx: Context, key: str) -> int:
    """How much of a receipt has left the platform again: given back by us, before our store came back older."""
    return sum(one.amount - one.unused - sum(one.applications.values()) for one in await held_of(ctx, key))


def _told_back(ctx: Context, account: str, receipt: Receipt, unit: Unit) -> bool:
    """Our own payment in the ledger's extract is no new fact; any other receipt is told as one."""
    numbers = [part.bill for part in (*receipt.applied, *_credited(receipt))]
    customer = unit.links.external("customer", receipt.customer, "erp_legacy") or ""
    if is_echo(unit, receipt.key, numbers or [own_name("", customer)]):
        return True
    if receipt.taken:
        return False
    data = {"payment": receipt.key, "amount": receipt.amount, "currency": receipt.currency, "invoices": numbers}
    told = fact("payment-received", "erp_legacy", receipt.key, account, ctx.clock.now(), data, f"extract:{receipt.key}")
    unit.events.append(told)
    return False


def _named(back: Receipt, unit: Unit) -> Receipt:
    """Money that a clerk of the legacy ledger has paid out: its extract names the credit memo by our note's number."""
    taken = [
        part.model_copy(update={"bill": f"{CREDIT}{part.bill}"})
        if part.bill and unit.links.external("credit", part.bill, "subscriptions") is not None else part
        for part in back.taken
    ]  # fmt: skip
    return back.model_copy(update={"taken": tuple(taken)})


def _credited(receipt: Receipt) -> list[Application]:
    """Bills and credit notes that money given back was for: a payment of ours may stand behind it."""
    return [part for part in receipt.taken if part.bill] if receipt.taken else []


async def _read(ctx: Context, key: str) -> Any:
    """The receipt as its ledger holds it, applications by bill number; None when there is nothing to record."""
    receipt, known = await (_legacy_receipt(ctx, key) if key.startswith("L-") else _cloud_receipt(ctx, key))
    if receipt is None or receipt.ours:
        return None
    if not (receipt.applied or receipt.loose or receipt.taken or known):
        return None
    if not receipt.customer and receipt.applied:  # a customer that was not made by us, with bills of ours
        bill = await ctx.platform.bill(receipt.applied[0].bill)
        receipt = receipt.model_copy(update={"customer": bill.customer_id if bill is not None else ""})
    return receipt.model_dump(mode="json")


async def _legacy_receipt(ctx: Context, key: str) -> tuple[Receipt | None, bool]:
    """The receipt, and whether it was recorded before."""
    text, known = await ctx.db.run(lambda unit: (unit.cursors.get(receipt_key(key)), last_seen(unit, key) is not None))
    return Receipt.model_validate(json.loads(text)) if text else None, known


async def _cloud_receipt(ctx: Context, key: str) -> tuple[Receipt | None, bool]:
    """The receipt, and whether it was recorded before."""
    if ctx.cloud is None:
        return None, False
    cloud, internal_id = ctx.cloud, key.removeprefix("NS-")
    receipt = await cloud.receipt(internal_id) or await cloud.receipt(internal_id, refund=True)
    if receipt is None:
        gone = await deleted_receipt(ctx, key)
        return gone, gone is not None
    if receipt.ours:
        return None, False
    documents = [part.bill for part in receipt.applied]

    def look(unit: Unit) -> tuple[dict[str, str | None], str, bool]:
        customer = unit.links.canonical("customer", "erp_cloud", receipt.customer) or ""
        numbers = {doc: unit.links.canonical("invoice", "erp_cloud", doc) for doc in documents}
        return numbers, customer, last_seen(unit, key) is not None

    numbers, customer, known = await ctx.db.run(look)
    applied: list[Application] = []
    for part in receipt.applied:
        number = numbers[part.bill] or ctx.keys.bill_of_erp_invoice(await cloud.invoice_key(part.bill))
        if number:  # the others are documents that were not born here
            applied.append(Application(bill=number, amount=part.amount))
    if receipt.taken:
        taken = await _sources(ctx, cloud, receipt)
        return receipt.model_copy(update={"key": key, "taken": taken, "customer": customer}), known
    given = {part.bill: part.amount for part in receipt.applied}
    update = {"key": key, "applied": tuple(applied), "documents": given, "customer": customer}
    return receipt.model_copy(update=update), known


async def _sources(ctx: Context, cloud: CloudErp, back: Receipt) -> tuple[Application, ...]:
    """What a refund of the cloud ERP was taken from, by the names that the documents have elsewhere: as we remember
    them, else as the documents themselves say, since an answer may have been lost.

    Parks for a person when it gives back what was paid through the platform's gateway: that can only be undone there.
    """
    names = await ctx.db.run(lambda unit: [_remembered(ctx, unit, part.bill) for part in back.taken])
    found: list[Application] = []
    for part, name in zip(back.taken, names, strict=True):
        source = name or await told_by_itself(ctx, cloud, part.bill)
        if source.startswith("CB:"):
            reason = f"the ERP gave back {part.amount} of {source}, which was paid in the platform (minor units)"
            actions = ("correct_in_platform", "abandon")
            raise Parked(reason, (Finding("refund_of_platform_payment", reason, "finance", actions, ()),))
        if source:
            found.append(Application(bill=source, amount=part.amount))
    return tuple(found)


def _remembered(ctx: Context, unit: Unit, source: str) -> str:
    kind, _, document = source.partition(":")
    if kind == "creditMemo":
        number = unit.links.canonical("credit", "erp_cloud", document)
        return f"{CREDIT}{number}" if number else ""
    receipt = ctx.keys.receipt_of_cloud(document)
    return unit.links.canonical("receipt", "erp_cloud", document) or (receipt if last_seen(unit, receipt) else "")


async def told_by_itself(ctx: Context, cloud: CloudErp, source: str) -> str:
    """The name elsewhere of what a refund was taken from (creditMemo:ID, customerPayment:ID), by its own external id;
    '' for a credit memo that was not born here.
    """
    kind, _, document = source.partition(":")
    if kind == "creditMemo":
        number = ctx.keys.credit_of_erp(await cloud.credit_key(document))
        return f"{CREDIT}{number}" if number else ""
    receipt = await cloud.receipt(document)
    ours = ctx.keys.payment_of_erp(receipt.key) if receipt is not None else ""
    return ctx.keys.receipt_of_platform(ours) if ours else ctx.keys.receipt_of_cloud(document)


async def _show_all(ctx: Context, run: Run, receipt: Receipt, agreed: dict[str, int]) -> None:
    """Payment__c of each part. What was given back since stays shown with its bill: beside it stands what went back."""

    def look(unit: Unit) -> tuple[dict[str, int], dict[str, str], Owner]:
        gone: dict[str, int] = json.loads(unit.cursors.get(gone_key(receipt.key)) or "{}")
        bills = [bill for bill in dict.fromkeys((*agreed, *gone)) if bill != ON_ACCOUNT]
        parts = {bill: agreed.get(bill, 0) + gone.get(bill, 0) for bill in bills}
        loose = int(unit.cursors.get(total_key(receipt.key)) or 0) - sum(parts.values())
        if loose > 0:
            parts[ON_ACCOUNT] = loose
        return parts, part_names(unit, receipt.key, parts), owner_of(ctx, unit, receipt.customer)

    parts, names, owner = await ctx.db.run(look)
    on = receipt.received_on.isoformat() if receipt.received_on else ""
    for bill, name in names.items():
        fields = receipt_fields(
            owner.account, receipt.currency, parts.get(bill, 0), on, "bank_transfer", "erp"
        )  # fmt: skip
        if bill == ON_ACCOUNT:
            await run.step("show-on-account", partial(show_loose, ctx, name, fields))
        else:
            await show_and_settle(ctx, run, receipt.key, name, fields, bill, owner)

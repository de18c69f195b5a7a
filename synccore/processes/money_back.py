"""Money that goes back: refunds pay out a credit note or an unused payment, reversals take a payment back.

A payment and what takes it back are two postings, never none: the payment keeps its own, is applied to nothing any
more, and what went back stands beside it.
"""

from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Payment
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import CASH, digest
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.collections import note_taken_back
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts, ledger_facts
from synccore.processes.ledger_of_record import Documents, settled_place
from synccore.processes.legacy_money import pay_out_to_legacy, reverse_in_legacy
from synccore.processes.legacy_posting import park_until_answered
from synccore.processes.posting_periods import book_by_policy
from synccore.processes.receipt_parts import ON_ACCOUNT, part_names, show_part
from synccore.processes.set_backs import note_name
from synccore.processes.write_back import receipt_fields, show_loose
from synccore.processes.writes import Write

KINDS = {"refund": "Refund", "payment_reversal": "Reversal"}


async def give_back(ctx: Context, run: Run, key: str, back: Payment) -> None:
    """Post a refund or reversal of the platform to the ledger, once, and show it to sales as money that went out."""

    async def read() -> Any:
        source = await ctx.platform.payment(back.source) if back.source else None
        return source.model_dump(mode="json") if source is not None else None

    row = await run.step("source", read)
    source = Payment.model_validate(row) if row is not None else None
    documents = _origins(ctx, key, back, source)
    owner = await ctx.db.run(lambda unit: ledger_facts(ctx, unit, back.customer_id, documents, back.received_at))
    answer: dict[str, str] | None = None
    if owner.entity.ledger == "cloud":
        taken = await ctx.db.run(lambda unit: taken_from(ctx, unit, back, source, owner))
        if back.kind == "payment_reversal" and source is not None:
            await run.step("unapply", lambda: _unapply(ctx, source, next(iter(taken))))
        await run.step("post", lambda: _post_to_cloud(ctx, key, back, owner, taken))
    elif back.kind == "payment_reversal":
        answer = await run.step("post", lambda: reverse_in_legacy(ctx, key, back, owner))
    else:
        credits = await ctx.db.run(lambda unit: taken_from(ctx, unit, back, source, owner))
        answer = await run.step("post", lambda: pay_out_to_legacy(ctx, key, back, owner, credits))
    if back.kind == "payment_reversal" or back.method == "chargeback":
        bills = [part.bill for part in source.linked] if source is not None else []
        await run.step("note", lambda: ctx.db.run(lambda unit: note_taken_back(unit, owner.account, bills)))
    await run.step("show", lambda: _show(ctx, key, back, source, owner))
    if answer is not None:
        park_until_answered(key, answer)


def _origins(ctx: Context, key: str, back: Payment, source: Payment | None) -> Documents:
    """What decides the ledger of money that goes back: itself, the credit notes paid out, the payment, its bills."""
    found = [("receipt", key), *(("credit", part.bill) for part in back.credits)]
    if source is not None:
        found += [("receipt", _receipt_of(ctx, source)), *(("invoice", part.bill) for part in source.linked)]
    return tuple(found)


def _receipt_of(ctx: Context, source: Payment) -> str:
    """Key of the payment that money is taken from, by its birth."""
    if ctx.keys.born_in_ledger(source.reference):
        return source.reference
    return ctx.keys.receipt_of_platform(source.id)


def taken_from(
    ctx: Context, unit: Unit, back: Payment, source: Payment | None, owner: LedgerFacts
) -> dict[str, int]:  # fmt: skip
    """Ledger documents that it takes from, and how much of each: credit memos, else the payment itself.

    Parks while one of them is not posted: a child waits for its parent.
    """
    found: dict[str, int] = {}
    for part in back.credits:
        settled_place(unit, part.bill)
        document = unit.links.external("credit", part.bill, owner.system)
        if document is None:
            raise Parked(f"credit note {part.bill} is not posted yet", waiting_on=(f"credit:{part.bill}",))
        found[document] = found.get(document, 0) + part.amount
    if found:
        return found
    if source is None:
        reason = f"{back.id} gives back {back.amount} and names neither credit note nor payment"
        actions = ("fix_source", "retry", "abandon")
        raise Parked(reason, (Finding("refund_unexplained", reason, "finance", actions, ()),))
    key = _receipt_of(ctx, source)
    if unit.links.external(CASH, key, "erp_cloud") is not None:
        reason = f"{back.id} gives back {back.amount} of {key}, whose cash on account went to another ledger"
        actions = ("correct_in_platform", "retry", "abandon")
        raise Parked(reason, (Finding("payment_over_ledgers", reason, "finance", actions, ()),))
    document = ctx.keys.ledger_document(key) or unit.links.external("receipt", key, owner.system)
    if document is None:
        raise Parked(f"payment {key} is not posted yet", waiting_on=(f"receipt:{key}",))
    return {document: back.amount}


async def _unapply(ctx: Context, source: Payment, document: str) -> None:
    """Its bills are open again: the payment settles nothing any more."""
    assert ctx.cloud is not None
    cloud = ctx.cloud

    async def send(_refusals: int) -> str:
        await cloud.apply_payment(document, {}, source.currency)
        return document

    key = ctx.keys.receipt_of_platform(source.id)
    effect = ctx.keys.effect("erp_cloud", "payment-application", key)
    write = Write(effect, "erp_cloud", "payment-application", f"payment:{key}", digest({}))
    await ctx.once(ctx, write, send)


async def _post_to_cloud(ctx: Context, key: str, back: Payment, owner: LedgerFacts, taken: dict[str, int]) -> str:
    assert ctx.cloud is not None
    cloud, external_id = ctx.cloud, ctx.keys.erp_payment(back.id)
    on = calendar.day(back.received_at, owner.entity.zone)
    account = str((await ctx.db.run(lambda unit: ctx.policy(unit, "refunds")))["erp_account"])

    async def look() -> Found | None:
        return await cloud.refund(external_id, back.currency)

    async def send(_refusals: int) -> str:
        return await book_by_policy(
            ctx, back.id, on, lambda when: cloud.create_refund(external_id, back, owner.customer, when, taken, account)
        )

    def settled(unit: Unit, internal_id: Any) -> None:
        at = ctx.clock.now()
        note_name(ctx, unit, "receipt", key, str(internal_id))
        data = {"refund": key, "ledger": "erp_cloud", "document": str(internal_id), "amount": back.amount}
        unit.events.append(fact("refund-posted", "erp_cloud", key, owner.account, at, data, f"refund:{key}"))

    effect = ctx.keys.effect("erp_cloud", "refund", external_id)
    write = Write(effect, "erp_cloud", "refund", f"refund:{key}", amount=back.amount)
    return str(await ctx.once(ctx, write, send, look, settled))


async def _show(ctx: Context, key: str, back: Payment, source: Payment | None, owner: LedgerFacts) -> None:
    """Payment__c with a minus: beside the bill that was paid, or the one that the credit note was issued for."""
    parts = await _parts(ctx, back, source)
    names = await ctx.db.run(lambda unit: part_names(unit, key, parts))
    kind = "Chargeback" if back.method == "chargeback" else KINDS[back.kind]
    on = calendar.day(back.received_at, owner.entity.zone).isoformat()
    for bill, amount in parts.items():
        fields = receipt_fields(owner.account, back.currency, -amount, on, back.method, "platform", kind)
        if bill == ON_ACCOUNT:
            await show_loose(ctx, names[bill], fields)
            continue
        await show_part(ctx, names[bill], fields, bill, owner)


async def _parts(ctx: Context, back: Payment, source: Payment | None) -> dict[str, int]:
    """By bill, what went back of it; ON_ACCOUNT is what no bill used."""
    parts: dict[str, int] = {}
    for part in back.credits:
        credit = await ctx.platform.credit(part.bill)
        bill = credit.bill if credit is not None else ON_ACCOUNT
        parts[bill] = parts.get(bill, 0) + part.amount
    if not parts and back.kind == "payment_reversal" and source is not None:
        for part in source.linked:
            parts[part.bill] = parts.get(part.bill, 0) + part.amount
    rest = back.amount - sum(parts.values())
    if rest:
        parts[ON_ACCOUNT] = parts.get(ON_ACCOUNT, 0) + rest
    return parts

"""Documents that the platform has voided: the cloud ledger takes back what it posted, by a document of its own.

Nothing is deleted there. An invoice is taken back by a credit memo, a credit memo by an invoice, with the same lines at
the same rates, and one is set against the other.
"""

from datetime import date
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.credits import Credit
from synccore.domain.facts import fact
from synccore.domain.keys import digest
from synccore.domain.mappings import Item
from synccore.ports.postings import Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts
from synccore.processes.ledger_lines import cloud_lines, written_off_to
from synccore.processes.writes import Write


async def void_bill(ctx: Context, bill: Bill, facts: LedgerFacts, document: str) -> str:
    """A credit memo over the whole invoice, applied to it; returns its internal id."""
    assert ctx.cloud is not None
    cloud = ctx.cloud
    tax_point = calendar.day(bill.issued_at, facts.entity.zone)
    posting = await _posting(ctx, bill, facts, tax_point, ctx.keys.erp_void(bill.id), bill.voided_at)

    async def look() -> Found | None:
        return await cloud.credit_memo(posting.external_id, bill.currency)

    async def send(_refusals: int) -> str:
        return await cloud.create_credit(posting, {document: bill.gross})

    def settled(unit: Unit, internal_id: Any) -> None:
        _told(ctx, unit, "invoice-voided", bill.id, facts.account, str(internal_id))

    key = ctx.keys.effect("erp_cloud", "void", posting.external_id)
    write = Write(key, "erp_cloud", "void", f"bill:{bill.id}", amount=bill.gross)
    return str(await ctx.once(ctx, write, send, look, settled))


async def void_credit(ctx: Context, credit: Credit, original: Bill, facts: LedgerFacts, document: str) -> str:
    """An invoice over the whole memo, at the rates of the bill that it was for, and the memo applied to it."""
    assert ctx.cloud is not None
    cloud = ctx.cloud
    tax_point = calendar.day(original.issued_at, facts.entity.zone)
    external_id = ctx.keys.erp_credit_void(credit.id)
    instead = await written_off_to(ctx, credit, facts)
    posting = await _posting(ctx, credit.as_bill(), facts, tax_point, external_id, credit.voided_at, instead)

    async def look() -> Found | None:
        return await cloud.invoice(external_id, credit.currency)

    async def send(_refusals: int) -> str:
        return await cloud.create_invoice(posting)

    key = ctx.keys.effect("erp_cloud", "void", external_id)
    write = Write(key, "erp_cloud", "void", f"credit:{credit.id}", amount=credit.gross)
    invoice = str(await ctx.once(ctx, write, send, look))
    applied = {invoice: credit.gross}

    async def apply(_refusals: int) -> str:
        await cloud.apply_credit(document, applied, credit.currency)
        return document

    def settled(unit: Unit, _reference: Any) -> None:
        _told(ctx, unit, "credit-memo-voided", credit.id, facts.account, invoice)

    key = ctx.keys.effect("erp_cloud", "credit-application", credit.id)
    write = Write(key, "erp_cloud", "credit-application", f"credit:{credit.id}", digest(applied))
    await ctx.once(ctx, write, apply, None, settled)
    return invoice


async def _posting(
    ctx: Context, bill: Bill, facts: LedgerFacts, tax_point: date, external_id: str, at: int | None,
    instead: Item | None = None,
) -> Posting:  # fmt: skip
    on = calendar.day(ctx.clock.now() if at is None else at, facts.entity.zone)
    return Posting(
        external_id=external_id, number=f"{bill.id}-V", customer=facts.customer, subsidiary=facts.entity.subsidiary,
        currency=bill.currency, on=on, due=on, po_number="", gross=bill.gross,
        lines=await cloud_lines(ctx, bill, facts, tax_point, instead),
    )  # fmt: skip


def _told(ctx: Context, unit: Unit, kind: str, number: str, account: str, document: str) -> None:
    data = {"number": number, "ledger": "erp_cloud", "document": document}
    unit.events.append(fact(kind, "erp_cloud", number, account, ctx.clock.now(), data, f"void:{number}"))

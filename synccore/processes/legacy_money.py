"""Payments, refunds and reversals of the platform for the legacy ledger: documents of its PAY files."""

import json
from datetime import date
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Payment
from synccore.domain.keys import digest
from synccore.domain.legacy import LegacyDocument, payment_document, refund_document, reversal_document
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts
from synccore.processes.legacy_posting import note_own_payment, number_of, spooled

Answer = dict[str, str]
XBLNR = 16


def sent_key(key: str) -> str:
    """Where the documents of a payment are remembered: [[reference, bill, amount]], decided once for all."""
    return f"legacy-payment/{key}"


async def pay_to_legacy(
    ctx: Context, key: str, payment: Payment, owner: LedgerFacts, facts: dict[str, LedgerFacts]
) -> Answer:
    """A document per bill that it is applied to (all of them posted), one on account for the rest.

    Once they are spooled they stay so: what is applied later lies on account there, as no file can say it.
    """
    on = calendar.day(payment.received_at, owner.entity.zone)

    def put(unit: Unit) -> Answer:
        bank, answers = str(ctx.policy(unit, "legacy_batch")["bank"]), []
        for reference, bill, amount in _documents(unit, key, payment):
            number = number_of(facts[bill].document) if bill in facts else ""
            document = payment_document(
                payment.id, bill or loose(payment.id), owner.entity.company_code, owner.customer, payment.currency,
                amount, on, bank, number,
            )  # fmt: skip
            answers.append(_spool(ctx, unit, key, reference, bill, document, owner))
        return _slowest(answers)

    return await ctx.db.run(put)


def _documents(unit: Unit, key: str, payment: Payment) -> list[tuple[str, str, int]]:
    known = unit.cursors.get(sent_key(key))
    if known is not None:
        return [(str(row[0]), str(row[1]), int(row[2])) for row in json.loads(known)]
    parts = dict(payment.applications)
    loose = payment.amount - sum(parts.values())
    if loose:
        parts[""] = loose
    single = len(parts) == 1
    rows = [(key if single else f"{key}/{bill or 'on-account'}", bill, amount) for bill, amount in parts.items()]
    unit.cursors.set(sent_key(key), json.dumps(rows))
    return rows


def loose(transaction: str) -> str:
    """XBLNR of a payment for no bill: it must name something, and nothing that is a bill's number."""
    return f"X{digest(transaction)}"[:XBLNR].upper()


async def pay_out_to_legacy(
    ctx: Context, key: str, back: Payment, owner: LedgerFacts, taken: dict[str, int]
) -> Answer:  # fmt: skip
    """A document per credit memo (or payment on account) that the refund is taken from."""
    on = calendar.day(back.received_at, owner.entity.zone)
    names = [part.bill for part in back.credits] or [back.source]

    def put(unit: Unit) -> Answer:
        bank, answers = str(ctx.policy(unit, "legacy_batch")["bank"]), []
        for index, (credit, amount) in enumerate(taken.items()):
            name = names[min(index, len(names) - 1)]
            reference = key if len(taken) == 1 else f"{key}/{name}"
            shown = name if len(name) <= XBLNR else loose(name)
            document = refund_document(
                back.id, shown, owner.entity.company_code, owner.customer, back.currency, amount, on, bank,
                number_of(credit),
            )  # fmt: skip
            answers.append(_spool(ctx, unit, key, reference, name if back.credits else "", document, owner))
        return _slowest(answers)

    return await ctx.db.run(put)


async def reverse_in_legacy(ctx: Context, key: str, back: Payment, owner: LedgerFacts) -> Answer:
    """Each document of the payment is taken back; they must all be posted."""
    original, on = ctx.keys.receipt_of_platform(back.source), calendar.day(back.received_at, owner.entity.zone)

    def put(unit: Unit) -> Answer:
        rows = json.loads(unit.cursors.get(sent_key(original)) or "[]")
        posted = {str(row[0]): unit.links.external("receipt", str(row[0]), owner.system) for row in rows}
        missing = [reference for reference, document in posted.items() if document is None]
        if missing or not rows:
            topics = tuple(f"receipt:{reference}" for reference in missing or [original])
            raise Parked(f"payment {original} is not posted yet", waiting_on=topics)
        answers, reason = [], str(ctx.policy(unit, "legacy_batch")["reversal_reason"])
        for reference, bill, _ in rows:
            document = reversal_document(
                "DZ", back.id, bill or loose(back.source), owner.entity.company_code, owner.customer, back.currency,
                on, number_of(str(posted[reference])), reason,
            )  # fmt: skip
            name = key if len(rows) == 1 else f"{key}/{bill or 'on-account'}"
            answers.append(_spool(ctx, unit, key, name, bill, document, owner))
        return _slowest(answers)

    return await ctx.db.run(put)


def _spool(
    ctx: Context, unit: Unit, key: str, reference: str, bill: str, document: LegacyDocument, owner: LedgerFacts
) -> Answer:
    """Into the PAY file, and remembered: the ledger's extract will tell it back by a number that we do not know yet."""
    note_own_payment(unit, own_name(bill, owner.customer), reference)
    content: Any = document.model_dump(mode="json")
    return spooled(ctx, unit, "PAY", reference, content, owner.account, f"payment:{key}")


def own_name(bill: str, customer: str) -> str:
    """What a movement is remembered under until its answer comes: its bill or credit note, else the customer."""
    return bill or f"account:{customer}"


def _slowest(answers: list[Answer]) -> Answer:
    return next((answer for answer in answers if answer["state"] != "posted"), answers[0])


def day_of(ctx: Context, zone: str, at: float | None) -> date:
    """The entity's day of an instant, today without one."""
    return calendar.day(ctx.clock.now() if at is None else at, zone)

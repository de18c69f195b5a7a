"""Bills and payments for the legacy ledger: spooled for the next batch, final only when a file has answered."""

import json
from typing import Any, Literal

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.credits import Credit
from synccore.domain.findings import Finding
from synccore.domain.legacy import LegacyDocument, credit_document, invoice_document, reversal_document
from synccore.domain.mappings import Item
from synccore.domain.posting import PostingLine
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.ledger_facts import LedgerFacts
from synccore.processes.legacy_spool import spool
from synccore.processes.posting_periods import not_open_in_legacy

PROVISIONAL = ("50", "64", "62")  # the document is in the ledger's hands: nothing is decided
LEGACY_STATUS = {"posted": "Posted", "waiting": "Waiting for batch window", "refused": "Refused by ledger"}


def answer_key(reference: str) -> str:
    """Where the latest answer about a document is remembered (a later one may change it)."""
    return f"legacy-answer/{reference}"


def answer_of(unit: Unit, reference: str) -> dict[str, Any] | None:
    """The ledger's latest answer about a document: {status, document, year, company, reason}."""
    text = unit.cursors.get(answer_key(reference))
    return json.loads(text) if text else None


async def post_to_legacy(ctx: Context, bill: Bill, facts: LedgerFacts, lines: list[PostingLine]) -> dict[str, str]:
    """{"state": posted|waiting|refused, "document", "reason"}; the document is spooled on the first run."""
    zone = facts.entity.zone
    on = calendar.day(bill.issued_at, zone)
    due = calendar.day(bill.due_at, zone) if bill.due_at is not None else None
    try:
        document = invoice_document(bill, lines, facts.entity.company_code, facts.customer, on, due)
    except ValueError as error:
        topics = (f"tax:{facts.entity_key}", *(f"item:{row.sku}" for row in lines))
        finding = Finding("legacy_unmapped", str(error), "finance", ("map_item", "fix_tax_map", "retry"), topics)
        raise Parked(str(error), (finding,)) from None
    content, cause = document.model_dump(mode="json"), f"bill:{bill.id}"
    return await ctx.db.run(lambda unit: spooled(ctx, unit, "BILL", bill.id, content, facts.account, cause))


async def credit_to_legacy(
    ctx: Context, credit: Credit, facts: LedgerFacts, lines: list[PostingLine], bare: Item | None = None
) -> dict[str, str]:
    """A credit note, posted for the bill that it was issued for: that one must be posted. `bare`: what all of it goes
    to, without tax.
    """
    on, system = calendar.day(credit.issued_at, facts.entity.zone), facts.system
    original = await ctx.db.run(lambda unit: unit.links.external("invoice", credit.bill, system))
    if original is None:
        raise Parked(f"bill {credit.bill} is not posted yet", waiting_on=(f"bill:{credit.bill}",))
    company, customer = facts.entity.company_code, facts.customer
    try:
        account = bare.legacy.HKONT if bare is not None and bare.legacy is not None else ""
        document = credit_document(credit, lines, company, customer, on, number_of(original), account)
    except ValueError as error:
        topics = (f"tax:{facts.entity_key}", *(f"item:{row.sku}" for row in lines))
        finding = Finding("legacy_unmapped", str(error), "finance", ("map_item", "fix_tax_map", "retry"), topics)
        raise Parked(str(error), (finding,)) from None
    if credit.kind == "refundable":  # before them it would settle what they have paid
        document = document.model_copy(update={"after_payments_of": credit.bill})
    content, cause = document.model_dump(mode="json"), f"credit:{credit.id}"

    def put(unit: Unit) -> dict[str, str]:
        note_own_credit(unit, credit.bill, credit.id)
        unit.links.put("credit", credit.id, "subscriptions", credit.id)  # the ledger's answer names it as any document
        return spooled(ctx, unit, "BILL", credit.id, content, facts.account, cause)

    return await ctx.db.run(put)


async def void_in_legacy(
    ctx: Context, kind: Literal["DR", "DG"], number: str, currency: str, at: float | None, facts: LedgerFacts
) -> dict[str, str]:
    """Take back what was posted for a bill or credit note that the platform has voided; it waits for its own answer."""
    on = calendar.day(ctx.clock.now() if at is None else at, facts.entity.zone)

    def put(unit: Unit) -> dict[str, str]:
        if not facts.document:
            waiting = answer_of(unit, number) is None
            topic = f"file:{number}"
            if waiting:
                raise Parked(f"{number} waits for the legacy ledger's batch window", waiting_on=(topic,))
            return {"state": "posted", "document": "", "reason": ""}  # refused there: nothing to take back
        reason = str(ctx.policy(unit, "legacy_batch")["reversal_reason"])
        document: LegacyDocument = reversal_document(
            kind, number, number, facts.entity.company_code, facts.customer, currency, on, number_of(facts.document),
            reason,
        )  # fmt: skip
        content, cause = document.model_dump(mode="json"), f"void:{number}"
        return spooled(ctx, unit, "BILL", f"{number}/void", content, facts.account, cause)

    return await ctx.db.run(put)


def own_key(number: str) -> str:
    """Where the payments of ours for a bill are remembered: the ledger will tell them back in its extract."""
    return f"legacy-own-payments/{number}"


def note_own_payment(unit: Unit, name: str, reference: str) -> None:
    """A movement of ours under this name (its bill or credit note, or the customer's account) is on its way."""
    unit.cursors.set(own_key(name), json.dumps(sorted({*own_payments(unit, name), reference})))


def note_own_credit(unit: Unit, number: str, reference: str) -> None:
    """A credit note of a bill is on its way: the bill's open item is not what it was before it has an answer."""
    key = f"legacy-own-credits/{number}"
    unit.cursors.set(key, json.dumps(sorted({*json.loads(unit.cursors.get(key) or "[]"), reference})))


def paid_in_transit(unit: Unit, number: str) -> bool:
    """Has a payment of ours for a bill gone out, or is it to go out, without a final answer of the ledger so far?"""
    answers = [answer_of(unit, one) for one in own_payments(unit, number)]
    return any(answer is None or answer["status"] in PROVISIONAL for answer in answers)


def unanswered(unit: Unit, number: str) -> list[str]:
    """What we have sent to the ledger for a bill, payments and credit notes, and that it has not posted yet."""
    credits_ = json.loads(unit.cursors.get(f"legacy-own-credits/{number}") or "[]")
    sent = [*own_payments(unit, number), *credits_]
    return [one for one in sent if (answer_of(unit, one) or {}).get("status") != "53"]


def own_payments(unit: Unit, number: str) -> list[str]:
    """References of the payments that we sent to the ledger for a bill."""
    found: list[str] = json.loads(unit.cursors.get(own_key(number)) or "[]")
    return found


def is_echo(unit: Unit, key: str, names: list[str]) -> bool:
    """Is a receipt of the ledger our own payment told back? Its document number alone says so.

    Parks while a movement of ours under one of these names (bills, credit notes, the customer's account) has no answer
    yet: the extract comes before the answers, and until then nobody can tell.
    """
    document = key.removeprefix("L-")
    if unit.links.canonical("receipt", "erp_legacy", document) is not None:
        return True
    open_ones = [own for name in names for own in own_payments(unit, name) if answer_of(unit, own) is None]
    if open_ones:
        topics = tuple(f"file:{own}" for own in open_ones)
        raise Parked(f"{key} may be a payment of ours that the ledger has not acknowledged yet", waiting_on=topics)
    return False


def moved_reference(number: str, attempt: int = 1) -> str:
    """Reference of the document that clears a bill's open item there, as it goes to another ledger."""
    return f"{number}/moved" + (f"-{attempt}" if attempt > 1 else "")


def is_transfer(reference: str) -> bool:
    """Does a document of ours with this reference clear an open item?"""
    return reference.partition("/")[2].startswith("moved")


def number_of(document: str) -> str:
    """BELNR of a document named <company>-<year>-<number>."""
    return document.rpartition("-")[2]


def spooled(
    ctx: Context, unit: Unit, interface: Any, reference: str, content: Any, account: str, cause: str
) -> dict[str, str]:
    """Queue a document once under its reference; what has become of it so far."""
    at = ctx.clock.now()
    unit.links.put("document", reference, "salesforce", account)
    answer = answer_of(unit, reference)
    if answer is not None and answer["status"] == "53":
        return {"state": "posted", "document": str(answer["document"]), "reason": ""}
    effect = ctx.keys.effect("erp_legacy", "document", reference)
    unit.effects.plan(effect, "erp_legacy", "document", "", cause, at)
    spool(ctx, unit, interface, reference, content, at)
    if answer is not None and answer["status"] not in PROVISIONAL:
        return {"state": "refused", "document": "", "reason": str(answer.get("reason") or answer["status"])}
    return {"state": "waiting", "document": "", "reason": ""}


def park_until_answered(reference: str, answer: dict[str, str]) -> None:
    """Raise Parked unless the document is posted: it waits for its file, or for a clerk who corrects it there."""
    if answer["state"] == "posted":
        return
    topic = f"file:{reference}"
    if answer["state"] == "waiting":
        raise Parked(f"{reference} waits for the legacy ledger's batch window", waiting_on=(topic,))
    reason = f"the legacy ledger has not posted {reference}: {answer['reason']}"
    actions = ("correct_in_ledger", "retry", "abandon")
    kind = "closed_period" if not_open_in_legacy(answer["reason"]) else "ledger_refused"
    raise Parked(reason, (Finding(kind, reason, "finance", actions, (topic,)),))

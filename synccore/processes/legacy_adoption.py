"""What a core that came out of a backup has handed to the legacy ERP since: read in the drop, and taken for its own."""

import json
from typing import Any

from synccore.domain.findings import Finding
from synccore.domain.legacy import HandedOver, LegacyCustomer, LegacyDocument, LegacyFile
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.legacy_money import loose, own_name, sent_key
from synccore.processes.legacy_posting import note_own_credit, note_own_payment
from synccore.processes.legacy_spool import file_sequence, resend_key

SYSTEM = "erp_legacy"
STATES = ("planned", "sent", "acknowledged", "rejected")


async def adopt(ctx: Context) -> int:
    """How many files were found. All of them in one transaction: their numbers, whose the customers' numbers are, what
    each document is. Parks where the drop does not keep what it must tell: a number that is given twice gives one
    customer's documents to another.
    """
    if not ctx.restored or ctx.legacy is None:
        return 0
    found = await ctx.legacy.handed_over(await ctx.db.run(_known))
    if not found:
        return 0
    at = ctx.clock.now()

    def take(unit: Unit) -> int:
        fresh = [one for one in found if one.name not in _known(unit)]
        for one in fresh:
            if one.file is None:
                raise _undecided(f"{one.name} was handed over, and the drop does not keep what it says")
            _take(ctx, unit, one, one.file, at)
        return len(fresh)

    return await ctx.db.run(take)


def _known(unit: Unit) -> set[str]:
    return {str(file["name"]) for state in STATES for file in unit.spool.files(state)}


def _undecided(why: str) -> Parked:
    reason = (
        f"the core's store came out of a backup, and {why}: compare the drop with the ledger,"
        " then start the core without SYNCCORE_RESTORED and retry"
    )
    return Parked(reason, (Finding("restored_core", reason, "integration", ("retry", "abandon"), ()),))


def _take(ctx: Context, unit: Unit, found: HandedOver, file: LegacyFile, at: float) -> None:
    _number(unit, file, at)
    contents: list[Any] = [one.model_dump(mode="json") for one in (*file.customers, *file.documents)]
    for key, content in zip(file.keys, contents, strict=True):
        unit.spool.add(file.interface, key, content, at)
    unit.spool.assign(file.interface, list(file.keys), file.name, file.sequence, at)
    if found.whole:
        unit.spool.mark_file(file.name, "sent", at)
    for key, customer in zip(file.keys, file.customers, strict=False):
        _customer(ctx, unit, file, key, customer, at)
    for key, document in zip(file.keys, file.documents, strict=False):
        _document(ctx, unit, file, key, document, at)
    for payment in {key.partition("/")[0]: None for key in file.keys if file.interface == "PAY"}:
        _parts(unit, file, payment)


def _number(unit: Unit, file: LegacyFile, at: float) -> None:
    """The file's number is used; a corrected one takes the place of those that were rejected under the number."""
    if "R" not in file.name.rpartition("_")[2]:
        expected = unit.links.next_number(file_sequence(file.interface), 1)
        if expected != file.sequence:
            raise _undecided(f"{file.name} stands in the drop where number {expected} is missing")
        return
    for earlier in [one for state in STATES[:3] for one in unit.spool.files(state)]:
        if (earlier["interface"], earlier["sequence"]) == (file.interface, file.sequence):
            unit.spool.mark_file(str(earlier["name"]), "rejected", at)
    if (unit.cursors.get(resend_key(file.interface)) or "").startswith(f"{file.sequence}/"):
        unit.cursors.set(resend_key(file.interface), "")


def _customer(ctx: Context, unit: Unit, file: LegacyFile, key: str, customer: LegacyCustomer, at: float) -> None:
    account = ctx.keys.account_of(customer.source_id)
    number, _, version = key.partition("/")
    if not account or number != customer.kunnr:
        raise _undecided(f"{file.name} does not say whose the customer number {customer.kunnr} is")
    unit.links.put("customer", customer.source_id, "salesforce", account)
    unit.links.put("customer", customer.source_id, SYSTEM, number)
    unit.work.wake(f"customer:{customer.source_id}", at)
    effect = ctx.keys.effect(SYSTEM, "customer", number)
    unit.effects.plan(effect, SYSTEM, "customer", version, f"account:{account}", at)


def _document(ctx: Context, unit: Unit, file: LegacyFile, key: str, document: LegacyDocument, at: float) -> None:
    customer = unit.links.canonical("customer", SYSTEM, document.kunnr) or ""
    account = ctx.keys.account_of(customer)
    own = key != document.reference or (document.kind in ("DR", "DG") and document.action == "C")
    if not account or not own:
        raise _undecided(f"{file.name} does not say what {document.reference} of customer {document.kunnr} is to us")
    unit.links.put("document", key, "salesforce", account)
    effect = ctx.keys.effect(SYSTEM, "document", key)
    if unit.effects.get(effect) is None:
        unit.effects.plan(effect, SYSTEM, "document", "", f"file:{file.name}", at)
    if file.interface == "PAY":
        note_own_payment(unit, own_name(_bill_of(document), document.kunnr), key)
    elif document.kind == "DG" and document.action == "C":
        note_own_credit(unit, document.text, key)
        unit.links.put("credit", key, "subscriptions", key)


def _bill_of(document: LegacyDocument) -> str:
    """The bill or credit note that a movement names; "": it is on account."""
    return "" if document.reference == loose(document.source_id) else document.reference


def _parts(unit: Unit, file: LegacyFile, payment: str) -> None:
    """Into which documents a payment was taken apart is decided once for all."""
    rows = [
        [key, _bill_of(document), document.debits] for key, document in zip(file.keys, file.documents, strict=True)
        if key.partition("/")[0] == payment and document.action == "C" and _comes_in(document)
    ]  # fmt: skip
    if rows and unit.cursors.get(sent_key(payment)) is None:
        unit.cursors.set(sent_key(payment), json.dumps(rows))


def _comes_in(document: LegacyDocument) -> bool:
    return any(line.customer and not line.debit for line in document.lines)

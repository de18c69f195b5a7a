"""Ticker legacy-outbound: acknowledgements, rejections and payment extracts of the legacy ERP, each line once."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from typing import Any

from synccore.domain.bills import Application, Receipt
from synccore.domain.extracts import OutboundFile, Unreadable, amount, read_answer, read_line, read_text
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import CASH
from synccore.ports.engine import Run, Tick
from synccore.ports.outcomes import Later, Parked
from synccore.ports.stores import BusinessException, DeadLetter, Signal, Unit
from synccore.processes.context import Context
from synccore.processes.legacy_adoption import adopt
from synccore.processes.legacy_posting import answer_key, answer_of, is_transfer, moved_reference
from synccore.processes.legacy_spool import resend_key, schedule
from synccore.processes.receipt_alignment import receipt_key

SYSTEM, KNOWN, KNOWN_FILES = "erp_legacy", "legacy-outbound/known", 400
ATTENTION_S = 86400.0
EXTRACT = "ZSUBPAY_"
AGAIN_S = 5.0  # before a file that arrived damaged is fetched again
LINE = "legacy-line"
REUSED = ("DUP_SEQ", "DUP_FILE")


class LegacyOutbound:
    """A file is one transaction: all its lines are stored and turned into work, or none."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: list[str] | None = None  # names of files taken in; what the store knows besides is refused there
        self._held = False
        self._doubtful: dict[str, str] = {}  # files that could not be read, by name: damaged there, or on the way?

    async def __call__(self) -> Tick:
        """One look into the outbound folder. A file that makes no sense is fetched twice before it is believed."""
        ctx = self._ctx
        if ctx.legacy is None:
            return Tick(False)
        adopted = 0
        if self._known is None:
            try:
                adopted = await adopt(ctx)  # an answer about a file that we do not know would tell us nothing
            except Parked:
                return Tick(await self._hold())
            self._known = json.loads(await ctx.db.run(lambda unit: unit.cursors.get(KNOWN) or "[]"))
        files = await ctx.legacy.outbound(self._known)
        damaged, due = "", None
        for file in files:
            if self._in_doubt(file):
                damaged = file.name
                break  # what comes behind it may need what it says
            self._known, due = await ctx.db.run(partial(self._take_in, file, ctx.clock.now()))
        if due is not None:
            await ctx.kick(due)
        if damaged:
            raise Later(AGAIN_S, f"{damaged} arrived damaged", counts=False)
        return Tick(bool(files) or adopted > 0)

    async def _hold(self) -> bool:
        """Nothing is read before a person has looked at what the drop does not tell: the batch, which waits for the
        same, says so at once.
        """
        if self._held:
            return False
        self._held, at = True, self._ctx.clock.now()
        await self._ctx.db.run(lambda unit: schedule(self._ctx, unit, at, at))
        await self._ctx.kick()
        return True

    def _in_doubt(self, file: OutboundFile) -> bool:
        before = self._doubtful.pop(file.name, None)
        if before == file.text or not any(isinstance(row, Unreadable) for row in _rows(file)):
            return False
        self._doubtful[file.name] = file.text
        return True

    def _take_in(self, file: OutboundFile, at: float, unit: Unit) -> tuple[list[str], float | None]:
        """All of a file; returns the names of the latest files that were taken in, and when work falls due."""
        names: list[str] = json.loads(unit.cursors.get(KNOWN) or "[]")
        if file.name not in names:  # otherwise another worker was faster
            names = [*names, file.name][-KNOWN_FILES:]
            unit.cursors.set(KNOWN, json.dumps(names))
            if unit.inbox.accept(Signal(SYSTEM, file.name, "file", {"text": file.text}, at)):
                self._lines(file, at, unit)
        return names, unit.work.next_due()

    def _lines(self, file: OutboundFile, at: float, unit: Unit) -> None:
        base, documents = "", Documents()
        for index, row in enumerate(_rows(file)):
            key = f"{file.name}#{index}"
            if isinstance(row, Unreadable):
                unit.letters.add(_letter(file.name, index, {"line": row.line}, row.reason, at))
                continue
            unit.inbox.accept(Signal(SYSTEM, key, row["RECTYP"], row, at))
            if row["RECTYP"] in ("ACK", "REJ"):
                base = row["BASENAME"]
                documents = _documents_of(unit, base)
            try:
                self._line(unit, base, documents, row, key, at)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"  # a line that makes no sense stops no others
                unit.letters.add(_letter(file.name, index, {"row": row}, reason, at))

    def take_line(self, unit: Unit, record: Mapping[str, Any], at: float) -> None:
        """One line of a file that was taken in before, as it is now. Raises ValueError with what is wrong with it."""
        name, index = str(record.get("file")), record.get("index")
        row = record["row"] if isinstance(record.get("row"), dict) else read_line(str(record.get("line")))
        if not isinstance(row, dict) or not isinstance(index, int):
            raise ValueError(row.reason if isinstance(row, Unreadable) else "there is no line that says something")
        base, documents = "", Documents()
        for signal in unit.inbox.find(SYSTEM, name, 0.0, inf, 1):
            for before in _rows(OutboundFile(name, signal.payload["text"]))[:index]:
                base = before["BASENAME"] if isinstance(before, dict) and "BASENAME" in before else base
            documents = _documents_of(unit, base)
        try:
            self._line(unit, base, documents, row, f"{name}#{index}", at)
        except (ArithmeticError, AttributeError, LookupError, TypeError) as error:
            raise ValueError(f"{type(error).__name__}: {error}") from None

    def _line(
        self, unit: Unit, base: str, documents: "Documents", row: dict[str, str], key: str, at: float
    ) -> None:  # fmt: skip
        if row["RECTYP"] in ("ACK", "REJ"):
            self._file(unit, row, at)
        elif row["RECTYP"] == "DOC":
            self._document(unit, base, documents, row, key, at)
        elif row["RECTYP"] == "PAY":
            self._payment(unit, row, key, at)

    def _file(self, unit: Unit, row: dict[str, str], at: float) -> None:
        name, interface = row["BASENAME"], row["BASENAME"].partition("_")[0]
        if row["RECTYP"] == "ACK":
            unit.spool.mark_file(name, "acknowledged", at)
            return
        sent = [f for state in ("sent", "planned") for f in unit.spool.files(state) if f["name"] == name]
        if not sent:
            return  # a second copy of a file that was accepted: the first answer holds
        unit.spool.mark_file(name, "rejected", at)
        unit.audit.add("synccore", "legacy-file-rejected", name, {"code": row["CODE"], "text": row["TEXT"]}, at)
        if row["CODE"] not in REUSED:
            tries = int(name.rpartition("R")[2]) + 1 if name.rpartition("_")[2].find("R") >= 0 else 1
            unit.cursors.set(resend_key(interface), f"{sent[0]['sequence']}/{tries}")
        schedule(self._ctx, unit, at)

    def _document(
        self, unit: Unit, base: str, documents: "Documents", row: dict[str, str], key: str, at: float
    ) -> None:
        """An answer about one document: provisional until it is posted, and a later answer replaces it."""
        sent = documents.of(row["EXTDOC"])
        if base.startswith("CUST"):
            self._customer(unit, sent, row, at)
            return
        moved = self._ctx.keys.transfer_of(row["XBLNR"])
        cash = self._ctx.keys.cash_of_transfer(row["XBLNR"], row["BUKRS"])
        moved = (cash, 1) if cash else moved
        reference = sent[0] if sent else moved_reference(*moved) if moved else row["XBLNR"]
        if not reference:
            return
        before = answer_of(unit, reference)
        if before is not None and before["status"] == "53":
            return  # what is posted stays posted; only a reversal of its own changes that
        document = f"{row['BUKRS']}-{row['GJAHR']}-{row['BELNR']}" if row["BELNR"] else ""
        answer = {"status": row["STATUS"], "document": document, "reason": _reason(row)}
        unit.cursors.set(answer_key(reference), json.dumps(answer))
        what = _kind(unit, base, reference, sent[1] if sent else {})
        if row["STATUS"] == "53":
            self._posted(unit, reference, document, what, key, at)
        if what is PAYMENT and unit.spool.waiting("BILL"):
            schedule(self._ctx, unit, at)  # a credit note may have been kept back for it
        unit.work.wake(f"file:{reference}", at)
        account = unit.links.external("document", reference, "salesforce")
        if account is not None:  # also when the work is under way just now and has not parked yet
            subject = reference.partition("/")[0]
            unit.work.add(what.process, account, subject, {what.argument: subject}, at, key)

    def _posted(self, unit: Unit, reference: str, document: str, what: "Kind", key: str, at: float) -> None:
        ctx = self._ctx
        unit.effects.settle(ctx.keys.effect(SYSTEM, "document", reference), "applied", document, at)
        account = unit.links.external("document", reference, "salesforce") or ""
        data = {what.member: reference.partition("/")[0], "ledger": SYSTEM, "document": document}
        unit.links.put(what.argument, reference, SYSTEM, document)
        unit.events.append(fact(what.event, SYSTEM, reference, account, at, data, key))
        unit.work.wake(f"{what.topic}:{reference}", at)

    def _customer(self, unit: Unit, sent: tuple[str, Any] | None, row: dict[str, str], at: float) -> None:
        """A refused master record is finance's to correct in the ledger's own queue; its bills wait for that there."""
        if sent is None:
            return
        number, work = str(sent[1]["kunnr"]), f"legacy-customer:{sent[1]['kunnr']}"
        effect = self._ctx.keys.effect(SYSTEM, "customer", number)
        customer = unit.links.canonical("customer", SYSTEM, number) or number
        account = self._ctx.keys.account_of(customer)
        if row["STATUS"] == "53":
            unit.effects.settle(effect, "applied", number, at)
            unit.exceptions.resolve_work(work, "the ledger has posted it", "erp_legacy", at)
            data = {"customer": customer, "name": sent[1]["name"], "system": SYSTEM}
            unit.events.append(fact("customer-created", SYSTEM, customer, account, at, data, f"customer:{number}"))
            return
        unit.effects.settle(effect, "rejected", {"reason": row["TEXT"]}, at)
        reason = f"the legacy ledger has not taken customer {number}: {_reason(row)}"
        unit.exceptions.open(
            BusinessException(
                "", "ledger_refused", customer, account, reason, "finance", ("correct_in_ledger",), (), work, at,
                at + ATTENTION_S,
            )
        )  # fmt: skip

    def _payment(self, unit: Unit, row: dict[str, str], key: str, at: float) -> None:
        """A line of the payment extract. Lines of one payment are collected: they may come in several files."""
        ctx = self._ctx
        number = row["BELNR"] or row["AUGBL"]
        document = f"{row['BUKRS']}-{row['GJAHR']}-{number}"
        if unit.links.canonical("receipt", SYSTEM, document) is not None:
            return  # our own payment, told back (or told before its answer: then the process finds out)
        receipt = ctx.keys.receipt_of_legacy(row["BUKRS"], row["GJAHR"], number)
        customer = unit.links.canonical("customer", SYSTEM, row["KUNNR"]) or ""
        account = ctx.keys.account_of(customer)
        if not account:
            return
        known = unit.cursors.get(receipt_key(receipt))
        before = Receipt.model_validate(json.loads(known)) if known else Receipt(key=receipt, currency=row["WAERS"])
        told = told_by(row, before.model_copy(update={"customer": customer}))
        if told.taken:
            told = _taken_back(ctx, unit, row, told)
        unit.cursors.set(receipt_key(receipt), told.model_dump_json())
        if told.loose:
            unit.links.put(CASH, receipt, SYSTEM, receipt)
        unit.work.add("payment-status", account, receipt, {"receipt": receipt}, at, key)


def told_by(row: dict[str, str], before: Receipt) -> Receipt:
    """A receipt with one more line of the extract: RESTBT below zero is what the payment has beyond its bill, a minus
    is money that went back. ValueError when an amount is none.
    """
    paid, rest = amount(row["WRBTR"], row["WAERS"]), amount(row["RESTBT"], row["WAERS"])
    if paid < 0:
        taken = (*before.taken, Application(bill=row["XBLNR"], amount=-paid))
        changes: dict[str, Any] = {"taken": taken}
    else:
        loose = paid if not row["XBLNR"] else min(paid, max(0, -rest))
        part = [Application(bill=row["XBLNR"], amount=paid - loose)] if paid > loose else []
        changes = {"applied": (*before.applied, *part), "loose": before.loose + loose}
        discount = amount(row["SKONTO"], row["WAERS"])
        if discount and row["XBLNR"]:
            changes["discounts"] = (*before.discounts, Application(bill=row["XBLNR"], amount=discount))
    changes |= {"amount": before.amount + paid, "received_on": _date(row["AUGDT"])}
    return before.model_copy(update=changes)


def _taken_back(ctx: Context, unit: Unit, row: dict[str, str], told: Receipt) -> Receipt:
    """Which receipt came back: AUGBL names it (of this year or an earlier one). Its bill is open again in the ledger.

    Unknown: the line stays as it came, and names the bill or credit note that one of ours may be for.
    """
    for year in (row["GJAHR"], str(int(row["GJAHR"]) - 1)):
        source = ctx.keys.receipt_of_legacy(row["BUKRS"], year, row["AUGBL"])
        text = unit.cursors.get(receipt_key(source))
        ours = unit.links.canonical("receipt", SYSTEM, f"{row['BUKRS']}-{year}-{row['AUGBL']}") is not None
        if not row["AUGBL"] or text is None or ours:
            continue
        original, back = Receipt.model_validate(json.loads(text)), told.taken[-1].amount
        left = [part for part in original.applied if part.bill != row["XBLNR"]]
        kept = sum(part.amount for part in original.applied if part.bill == row["XBLNR"]) - back
        left += [Application(bill=row["XBLNR"], amount=kept)] if kept > 0 else []
        loose = max(0, original.loose + min(0, kept))  # what had settled no bill is gone as well
        freed = original.model_copy(update={"applied": tuple(left), "loose": loose})
        unit.cursors.set(receipt_key(source), freed.model_dump_json())
        return told.model_copy(update={"taken": (Application(bill=source, amount=back),)})
    return told


@dataclass(frozen=True)
class Kind:
    """What kind of document an answer is about: how processes, links and canonical events name it."""

    argument: str
    process: str
    event: str
    member: str
    topic: str


PAYMENT = Kind("receipt", "payment-status", "payment-posted", "payment", "receipt")
BACK = Kind("receipt", "payment-status", "refund-posted", "refund", "receipt")
BILL = Kind("invoice", "invoice-publication", "invoice-posted", "invoice", "bill")
CREDIT = Kind("credit", "credit-publication", "credit-memo-posted", "credit", "credit")
MOVED = Kind("moved", "open-item", "open-item-cleared", "invoice", "cleared")
BILL_VOID = Kind("invoice", "invoice-publication", "invoice-voided", "number", "bill")
CREDIT_VOID = Kind("credit", "credit-publication", "credit-memo-voided", "number", "credit")


def _letter(file: str, index: int, record: dict[str, Any], reason: str, at: float) -> DeadLetter:
    """A line that cannot be taken: requeued it is taken again, as it came or as a person has put it right."""
    key = f"{file}#{index}"
    return DeadLetter("", "", LINE, key, SYSTEM, {"record": {"file": file, "index": index, **record}}, reason, 1, at)


class LegacyLine:
    """Process legacy-line: a line that could not be taken is taken again. `argument`: {"record": {…}}."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._outbound = ctx, LegacyOutbound(ctx)

    async def __call__(self, run: Run, argument: Any) -> None:
        """One try."""
        del run  # reads and writes the core's own memory alone: one transaction, no step
        record, at = argument["record"], self._ctx.clock.now()
        try:
            await self._ctx.db.run(lambda unit: self._outbound.take_line(unit, record, at))
        except ValueError as error:
            reason = f"line {record.get('index')} of {record.get('file')}: {error}"
            finding = Finding("unreadable_line", reason, "integration", ("edit", "retry", "abandon"), ())
            raise Parked(reason, (finding,)) from None
        await self._ctx.kick()


def _kind(unit: Unit, base: str, reference: str, sent: Any) -> Kind:
    """`sent`: the document that went out under the reference."""
    taken_back = sent.get("action") == "R"
    if base.startswith("PAY"):
        out = any(line.get("customer") and line.get("debit") for line in sent.get("lines") or ())
        return BACK if taken_back or out else PAYMENT
    if is_transfer(reference):
        return MOVED
    if unit.links.external("credit", reference.partition("/")[0], "subscriptions") is not None:
        return CREDIT_VOID if taken_back else CREDIT
    return BILL_VOID if taken_back else BILL


def _rows(file: OutboundFile) -> list[dict[str, str] | Unreadable]:
    if file.name.startswith(EXTRACT):
        return read_text(file.text, trailed=True)
    return read_answer(file.name, file.text)


@dataclass(frozen=True)
class Documents:
    """What went out in one file, in order: [key, content]."""

    rows: tuple[Any, ...] = ()

    def of(self, external: str) -> tuple[str, Any] | None:
        """The document behind our own document number, which ends with its position in the file."""
        index = int(external[-6:]) - 1 if external[-6:].isdigit() else -1
        return (str(self.rows[index][0]), self.rows[index][1]) if 0 <= index < len(self.rows) else None


def _documents_of(unit: Unit, base: str) -> Documents:
    for state in ("sent", "planned", "acknowledged"):  # planned: taken up although we were not sure of the delivery
        for file in unit.spool.files(state):
            if file["name"] == base:
                return Documents(tuple(file["documents"]))
    return Documents()


def _reason(row: dict[str, str]) -> str:
    return " ".join(part for part in (row["STAMID"], row["STAMNO"], row["TEXT"]) if part)


def _date(text: str) -> date | None:
    digits = text.strip()
    return date.fromisoformat(f"{digits[:4]}-{digits[4:6]}-{digits[6:8]}") if digits.strip("0") else None

"""Posting one document: gather the facts, ask the rules, write the ledger, set credits against invoices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from simulators.erp_legacy.documents import Document
from simulators.erp_legacy.errors import Message, message
from simulators.erp_legacy.ledger import EXTRACT_WAITING, Ledger, Origin
from simulators.erp_legacy.rules import DOCUMENT_TYPES, Facts, Original, check, period_open, reversal_date
from simulators.erp_legacy.rules_entry import entry_lines
from simulators.erp_legacy.state import HEADER, LINE, State
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.kit.journal import Journal

_REFERENCES = {"DG": ("DR",), "AB": ("DR", "DG", "DZ")}  # document type -> which documents REBZG may name


@dataclass(frozen=True)
class Posted:
    """What came of a document: its number in the ledger, and the message that says so."""

    bukrs: str
    belnr: str
    gjahr: str
    message: Message


class Posting:
    """The application behind the IDocs and behind the cash desk. Call it within a transaction."""

    def __init__(self, state: State, journal: Journal) -> None:
        self._state, self._store = state, state.store
        self.ledger = Ledger(state, journal)

    def post(self, document: Document, origin: Origin) -> Posted | list[Message]:
        """Post, reverse or correct; a list of messages means that nothing was written."""
        facts, original = self._facts(document, origin.iface)
        errors = check(document, facts)
        if errors:
            return errors
        action = document.header.action
        if action == "R":
            assert original is not None and facts.original is not None
            day = reversal_date(document.header.budat, facts.original, facts)
            back = self.return_payment if original["BLART"] == "DZ" else self.ledger.reverse
            head = back(original, day, document.header.stgrd, origin, document.header.zsrcid)
        elif action == "X":
            assert original is not None
            head = self._correct(original, document)
        else:
            head = self.ledger.post(document.header, entry_lines(document, facts), origin, document)
            self._settle(document, head, origin)
        text = message("posted", belnr=head["BELNR"], bukrs=head["BUKRS"])
        return Posted(head["BUKRS"], head["BELNR"], head["GJAHR"], text)

    # -- facts ------------------------------------------------------------------------------

    def _facts(self, document: Document, iface: str) -> tuple[Facts, Doc | None]:
        header, settings = document.header, self._state.settings()
        company = self._state.company(header.bukrs)
        customer = self._state.customer_company(header.kunnr, header.bukrs)
        local = None if company is None else str(company["WAERS"])
        original = self._original(document, iface)
        return Facts(
            iface=iface, local=local, customer_akont=None if customer is None else customer["AKONT"],
            customer_blocked=customer is not None and customer.get("SPERR") == "X",
            accounts=self._state.accounts(item.hkont for item in document.items if item.hkont),
            taxes=self._state.taxes(header.bukrs), periods=self._state.periods(header.bukrs),
            duplicate=self._duplicate(document) if settings["duplicate_check"] else None,
            original=None if original is None else self._as_original(original),
            rate=None if local is None else self._state.rate(header.waers, local, header.budat),
            tolerance_minor=settings["tax_tolerance_minor"],
        ), original  # fmt: skip

    def _original(self, document: Document, iface: str) -> Doc | None:
        header = document.header
        if header.action == "C" and header.blart not in _REFERENCES:
            return None
        types = _REFERENCES[header.blart] if header.action == "C" else DOCUMENT_TYPES.get(iface, ())
        reference = header.rebzg or (header.xblnr if header.action == "X" else "")
        return self.ledger.find(header.bukrs, reference, header.kunnr, types)

    def _as_original(self, head: Doc) -> Original:
        item = self.ledger.customer_item(head)
        return Original(
            head["BELNR"], head["GJAHR"], head["BLART"], _day(head["BLDAT"]), _day(head["BUDAT"]), head["STBLG"],
            item is not None and bool(self.ledger.applications(item)), 0 if item is None else item["WRBTR"],
            head["WAERS"], 0 if item is None else item["REST"], "" if item is None else item["SHKZG"],
        )  # fmt: skip

    def _duplicate(self, document: Document) -> tuple[str, str] | None:
        """The site's check: company code, customer, type and XBLNR exist and are not reversed.

        Payments may name the invoice they pay as XBLNR, so theirs are told apart by ZSUBID as well.
        """
        header = document.header
        if header.action != "C":
            return None
        for head in self._store.find(HEADER.name, XBLNR=header.xblnr):
            same = all(head[name] == value for name, value in (
                ("BUKRS", header.bukrs), ("KUNNR", header.kunnr), ("BLART", header.blart), ("STBLG", "")))  # fmt: skip
            if same and (header.blart != "DZ" or head["ZSUBID"] == header.zsubid):
                return head["BELNR"], head["GJAHR"]
        return None

    # -- what follows a posting -------------------------------------------------------------

    def _settle(self, document: Document, head: Doc, origin: Origin) -> None:
        item = self.ledger.customer_item(head)
        assert item is not None
        header = document.header
        if header.blart == "AB":
            self._transfer(head, item, origin)
        elif header.blart == "DZ" and item["SHKZG"] == "S":
            self._pay_out(document, head, item, origin)
        elif header.blart == "DZ":
            self._pay(document, head, item, origin)
        elif header.blart == "DG" and header.rebzg:
            target = self._target(head, header.rebzg)
            if target is not None:
                self.ledger.apply(target, item, header.budat, origin.at)

    def _transfer(self, head: Doc, item: Doc, origin: Origin) -> None:
        """What leaves the receivables for an account: set against the item that REBZG names."""
        of = self.ledger.find(head["BUKRS"], head["REBZG"], head["KUNNR"], _REFERENCES["AB"])
        other = None if of is None else self.ledger.customer_item(of)
        assert other is not None, "the rules have looked"
        debit, credit = (other, item) if item["SHKZG"] == "H" else (item, other)
        self.ledger.apply(debit, credit, date.fromisoformat(item["BUDAT"]), origin.at)

    def _pay(self, document: Document, head: Doc, item: Doc, origin: Origin) -> None:
        header = document.header
        reference = header.rebzg or header.xblnr
        target = self._target(head, reference)
        discount_account = self._state.settings()["cash_discount_account"]
        discount = sum(line.wrbtr for line in document.items if line.hkont == discount_account and line.shkzg == "S")
        gross = item["WRBTR"]
        row: Doc = {"XBLNR": "", "WRBTR": gross - discount, "SKONTO": discount, "RESTBT": 0}
        if target is None:
            self._store.put(LINE.name, {**item, "REBZG": reference, "waiting": "X"})
        else:
            row |= {"XBLNR": target["XBLNR"], "RESTBT": target["REST"] - gross}
            self.ledger.apply(target, item, header.budat, origin.at)
        self._store.put(HEADER.name, {**head, "ZPAY": row, "extract": EXTRACT_WAITING})

    def _pay_out(self, document: Document, head: Doc, item: Doc, origin: Origin) -> None:
        """Money that goes back to the customer, set against the credit memo (or payment) that REBZG names."""
        header = document.header
        credit = self.ledger.find(header.bukrs, header.rebzg, header.kunnr, ("DG", "DZ"))
        row: Doc = {"XBLNR": "", "WRBTR": -item["WRBTR"], "SKONTO": 0, "RESTBT": 0}
        if credit is not None and not credit["STBLG"] and credit["id"] != head["id"]:
            given = self.ledger.customer_item(credit)
            if given is not None and given["SHKZG"] == "H":
                self.ledger.apply(item, given, header.budat, origin.at)
                row["XBLNR"] = credit["XBLNR"]
        self._store.put(HEADER.name, {**head, "ZPAY": row, "extract": EXTRACT_WAITING})

    def _target(self, head: Doc, reference: str) -> Doc | None:
        """The customer item of the invoice that a reference names."""
        invoice = self.ledger.find(head["BUKRS"], reference, head["KUNNR"])
        if invoice is None or invoice["STBLG"] or invoice["WAERS"] != head["WAERS"] or invoice["id"] == head["id"]:
            return None
        item = self.ledger.customer_item(invoice)
        return item if item is not None and item["SHKZG"] == "S" else None

    def _correct(self, head: Doc, document: Document) -> Doc:
        """What may change on a posted document: text, terms, baseline date; never an amount."""
        header = document.header
        changed = {**head, "BKTXT": header.bktxt or head["BKTXT"]}
        self._store.put(HEADER.name, changed)
        item = self.ledger.customer_item(head)
        if item is not None:
            item["ZTERM"] = header.zterm or item["ZTERM"]
            if header.zfbdt is not None:
                item["ZFBDT"] = f"{header.zfbdt:%Y%m%d}"
            self._store.put(LINE.name, item)
        return changed

    def match_waiting(self, item: Doc, day: date, at: float) -> bool:
        """A payment on account whose invoice has come meanwhile is set against it, unless its month is shut."""
        head = self._store.get(HEADER.name, item["document"])
        assert head is not None
        if self.shut(head["BUKRS"], day) is not None:
            return False
        target = self._target(head, item["REBZG"])
        if target is None or not self.ledger.apply(target, item, day, at):
            return False
        fresh = self._store.get(LINE.name, item["id"])
        assert fresh is not None
        self._store.put(LINE.name, {**fresh, "waiting": None})
        return True

    def shut(self, bukrs: str, day: date) -> Message | None:
        """Why nothing may be posted on a day, by customers or in the general ledger; None: it may."""
        rows = self._state.periods(bukrs)
        for koart in ("D", "S"):
            if not period_open(rows, koart, day.year, day.month):
                return message("period", period=f"{day.month:03d}", year=day.year, koart=koart, bukrs=bukrs)
        return None

    def reset_clearing(self, head: Doc, day: date, at: float) -> int:
        """Take back every application of a document's customer item; returns how many there were."""
        item = self.ledger.customer_item(head)
        records = [] if item is None else self.ledger.applications(item)
        for record in records:
            self.ledger.unapply(record, day, at)
        return len(records)

    def return_payment(self, head: Doc, day: date, reason: str, origin: Origin, source: str = "") -> Doc:
        """A payment comes back: its applications are reset, the document reversed, the extract told."""
        self.reset_clearing(head, day, origin.at)
        mirror = self.ledger.reverse(head, day, reason, origin, source)
        paid = head.get("ZPAY") or {"XBLNR": "", "WRBTR": 0, "SKONTO": 0}
        target = self._target(head, paid["XBLNR"]) if paid["XBLNR"] else None
        row = {"XBLNR": paid["XBLNR"], "WRBTR": -paid["WRBTR"], "SKONTO": -paid["SKONTO"],
               "RESTBT": 0 if target is None else target["REST"]}  # fmt: skip
        returned = {**mirror, "ZPAY": row, "extract": EXTRACT_WAITING}
        self._store.put(HEADER.name, returned)
        return returned


def _day(text: str) -> date:
    return date(int(text[:4]), int(text[4:6]), int(text[6:]))

"""What people do inside the legacy ERP: correction queue, cash desk, periods, freeze; each act is audited."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any

from simulators.erp_legacy.codecs import CodecError, alpha, parse_amount, plain_amount
from simulators.erp_legacy.documents import Document, Header, Item
from simulators.erp_legacy.errors import FAILED, STATUS_TEXT
from simulators.erp_legacy.layouts import SEGMENTS
from simulators.erp_legacy.ledger import Origin
from simulators.erp_legacy.state import BATCH_FILE, HEADER, IDOC, PERIOD, State
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.erp_legacy.idocs import Idocs
    from simulators.erp_legacy.posting import Posted, Posting
    from simulators.kit.clock import Clock

Arguments = dict[str, Any]
BANK_ACCOUNT = "0000113100"
RETRIED = ("51", "52", "56", "60", "63", "66", "69")


class Clerk:
    """Acts take a dict of vendor-named arguments and return one; what cannot be done raises ValueError or KeyError."""

    def __init__(self, state: State, clock: Clock, idocs: Idocs, posting: Posting) -> None:
        self._state, self._store, self._clock = state, state.store, clock
        self._idocs, self._posting = idocs, posting

    def acts(self) -> dict[str, Callable[[Arguments], Arguments]]:
        """All acts by verb."""
        return {
            "file_list": self.file_list,
            "queue_list": self.queue_list, "queue_edit": self.queue_edit, "queue_retry": self.queue_retry,
            "queue_discard": self.queue_discard, "bank_receipt": self.bank_receipt, "bank_return": self.bank_return,
            "pay_out": self.pay_out, "reset_clearing": self.reset_clearing, "reverse_document": self.reverse_document,
            "lock_period": self.lock_period, "freeze": self.freeze,
        }  # fmt: skip

    # -- what came ----------------------------------------------------------------------------

    def file_list(self, arguments: Arguments) -> Arguments:
        """Files that came and what became of each: {BASENAME?}; RESULT as the acknowledgement has it, '' before it."""
        rows = []
        for file in self._store.find(BATCH_FILE.name, order="key"):
            if arguments.get("BASENAME", file["base"]) == file["base"]:
                docs = self._store.find(IDOC.name, order="key", file=file["id"])
                docs = [doc for doc in docs if doc["STATUS"] != "70"]  # what was there before an edit
                posted = sum(doc["STATUS"] == "53" for doc in docs)
                done = "OK" if posted == len(docs) else "PAR"
                rows.append({
                    "BASENAME": file["base"], "SNDPRN": file["partner"], "state": file["state"],
                    "RESULT": {"done": done, "rejected": "REJ"}.get(file["state"], ""), "CODE": file.get("code", ""),
                    "TEXT": file.get("text", ""), "IDOCCNT": len(docs), "POSTED": posted, "ERRORS": len(docs) - posted,
                    "answers": file.get("answers", 0), "documents": [self._answer(doc) for doc in docs],
                })  # fmt: skip
        return {"files": rows}

    def _answer(self, doc: Doc) -> Doc:
        note = doc["history"][-1]
        names = ("DOCNUM", "EXTDOC", "MESTYP", "XBLNR", "KUNNR", "STATUS", "BUKRS", "BELNR", "GJAHR")
        return {name: doc[name] for name in names} | {name: note[name] for name in ("STAMID", "STAMNO", "STATXT")}

    # -- the correction queue ---------------------------------------------------------------

    def queue_list(self, arguments: Arguments) -> Arguments:
        """Documents that wait for a person, with all their messages: {STATUS?, BUKRS?}."""
        wanted = [arguments["STATUS"]] if "STATUS" in arguments else [*FAILED, "69"]
        docs = [doc for status in wanted for doc in self._store.find(IDOC.name, order="key", STATUS=status)
                if arguments.get("BUKRS", doc["BUKRS"]) == doc["BUKRS"]]  # fmt: skip
        return {"documents": [
            {"DOCNUM": doc["DOCNUM"], "EXTDOC": doc["EXTDOC"], "BASENAME": doc["base"], "MESTYP": doc["MESTYP"],
             "XBLNR": doc["XBLNR"], "KUNNR": doc["KUNNR"], "BUKRS": doc["BUKRS"], "STATUS": doc["STATUS"],
             "STATXT": STATUS_TEXT[doc["STATUS"]][0], "messages": doc["messages"], "segments": doc["segments"]}
            for doc in docs
        ]}  # fmt: skip

    def queue_edit(self, arguments: Arguments) -> Arguments:
        """Change one field: {DOCNUM, SEGNUM, SEGFLD, value, who?}. The content before is kept as a document at 70."""
        doc, who, at = self._queued(arguments), arguments.get("who", "CLERK"), self._clock.now()
        number, field, value = int(arguments["SEGNUM"]), arguments["SEGFLD"], str(arguments["value"])
        if not 1 <= number <= len(doc["segments"]):
            raise ValueError(f"document {doc['DOCNUM']} has no segment {number}")
        segment = doc["segments"][number - 1]
        layout = SEGMENTS.get(segment["SEGNAM"])
        if layout is None:
            raise ValueError(f"segment {number} is {segment['SEGNAM']}, which has no layout")
        layout.render({field: value})
        with self._store.transaction():
            kept: Doc = {**doc, "DOCNUM": f"{self._store.next('docnum'):016d}", "original": doc["DOCNUM"],
                         "history": list(doc["history"]), "news": None}  # fmt: skip
            self._idocs.set_status(kept, "70", [], at, who)
            self._store.put(IDOC.name, kept)
            before = segment["fields"].get(field, "")
            segment["fields"] = {name: text for name, text in {**segment["fields"], field: value}.items() if text}
            self._idocs.set_status(doc, "69", [], at, who)
            self._store.put(IDOC.name, {**doc, "news": "X"})
            self._state.audit(at, who, "queue_edit", DOCNUM=doc["DOCNUM"], SEGNUM=number, SEGFLD=field, before=before,
                              after=value, original=kept["DOCNUM"])  # fmt: skip
        return {"DOCNUM": doc["DOCNUM"], "STATUS": "69", "original": kept["DOCNUM"]}

    def queue_retry(self, arguments: Arguments) -> Arguments:
        """Process a document again: {DOCNUM, who?}; returns its new status and number."""
        doc, who, at = self._queued(arguments), arguments.get("who", "CLERK"), self._clock.now()
        with self._store.transaction():
            self._store.put(IDOC.name, {**doc, "STATUS": "69"})
            done = self._idocs.process(doc["DOCNUM"], at, who)
            self._state.audit(at, who, "queue_retry", DOCNUM=doc["DOCNUM"], STATUS=done["STATUS"])
        return {name: done[name] for name in ("DOCNUM", "STATUS", "BUKRS", "BELNR", "GJAHR", "messages")}

    def queue_discard(self, arguments: Arguments) -> Arguments:
        """Refuse a document for good: {DOCNUM, reason, who?}."""
        doc, who, at = self._queued(arguments), arguments.get("who", "CLERK"), self._clock.now()
        reason = str(arguments["reason"])
        with self._store.transaction():
            self._idocs.set_status(doc, "68", [], at, who)
            doc["history"][-1]["STATXT"] = f"Discarded: {reason}"
            self._store.put(IDOC.name, {**doc, "news": "X"})
            self._state.audit(at, who, "queue_discard", DOCNUM=doc["DOCNUM"], reason=reason)
        return {"DOCNUM": doc["DOCNUM"], "STATUS": "68"}

    def _queued(self, arguments: Arguments) -> Doc:
        docnum = alpha(str(arguments["DOCNUM"]), 16)
        doc = self._store.get(IDOC.name, docnum)
        if doc is None or doc["STATUS"] not in RETRIED:
            raise ValueError(f"document {docnum} is not in the queue")
        return doc

    # -- the cash desk ----------------------------------------------------------------------

    def bank_receipt(self, arguments: Arguments) -> Arguments:
        """Money arrived: {BUKRS, KUNNR?, XBLNR, WRBTR, WAERS, date?, SKONTO?, reference?} posts a DZ document.

        XBLNR names the invoice (blank: on account); amounts are decimal strings; KUNNR may be left out where XBLNR
        names a posted invoice; `date` is YYYY-MM-DD, today in the company code's zone by default.
        """
        bukrs, waers = arguments["BUKRS"], arguments["WAERS"]
        invoice = str(arguments.get("XBLNR", ""))
        kunnr = alpha(str(arguments.get("KUNNR", ""))) or self._payer(bukrs, invoice)
        gross = _minor(arguments, "WRBTR", waers)
        discount = _minor(arguments, "SKONTO", waers) if "SKONTO" in arguments else 0
        day = self._day(arguments, bukrs)
        number = self._store.next("statement")
        reference = str(arguments.get("reference") or f"BANK{number:012d}")
        if len(reference) > 16 or len(invoice) > 16:
            raise ValueError("XBLNR and reference hold 16 characters")
        header = Header("DZ", bukrs, reference, day, day, 0, waers, kunnr, bktxt="Bank receipt", rebzg=invoice,
                        zsubid=reference)  # fmt: skip
        items = [Item("000001", "40", "S", self._bank_account(), "S", gross),
                 Item("000002", "15", "D", "", "H", gross + discount, zuonr=invoice)]  # fmt: skip
        if discount:
            items.insert(1, Item("000003", "40", "S", self._state.settings()["cash_discount_account"], "S", discount))
        outcome = self._booked(Document(header, tuple(items)), arguments, "bank_receipt")
        head = self._head({"BUKRS": bukrs, "BELNR": outcome.belnr, "GJAHR": outcome.gjahr})
        return {"BUKRS": bukrs, "BELNR": outcome.belnr, "GJAHR": outcome.gjahr, "KUNNR": kunnr,
                "XBLNR": head["ZPAY"]["XBLNR"], "reference": reference}  # fmt: skip

    def bank_return(self, arguments: Arguments) -> Arguments:
        """A payment came back: {BUKRS, BELNR, GJAHR, date?, STGRD?} reopens its invoice and reverses it."""
        head, at = self._head(arguments), self._clock.now()
        if "ZPAY" not in head or head["STBLG"]:
            raise ValueError(f"{head['BELNR']} is no payment, or was reversed already")
        day = self._open_day(arguments, head["BUKRS"])
        with self._store.transaction():
            mirror = self._posting.return_payment(head, day, str(arguments.get("STGRD", "01")), Origin("BANK", at))
            self._state.audit(at, arguments.get("who", "BANK"), "bank_return", BUKRS=head["BUKRS"],
                              BELNR=head["BELNR"], STBLG=mirror["BELNR"])  # fmt: skip
        return {"BUKRS": head["BUKRS"], "BELNR": mirror["BELNR"], "GJAHR": mirror["GJAHR"]}

    def pay_out(self, arguments: Arguments) -> Arguments:
        """The bank pays a credit memo out: {BUKRS, BELNR, GJAHR, WRBTR?, date?} posts a DZ document at its debit.

        WRBTR is a decimal string, what is open of the memo by default; `date` as for `bank_receipt`.
        """
        head, bukrs = self._head(arguments), arguments["BUKRS"]
        item = self._posting.ledger.customer_item(head)
        if head["BLART"] != "DG" or head["STBLG"] or item is None or not item["REST"]:
            raise ValueError(f"{head['BELNR']} is no credit memo with anything open")
        worth = _minor(arguments, "WRBTR", head["WAERS"]) if "WRBTR" in arguments else item["REST"]
        if not 0 < worth <= item["REST"]:
            raise ValueError(f"{item['REST']} minor units of {head['BELNR']} are open, not {worth}")
        day, reference = self._day(arguments, bukrs), f"BANK{self._store.next('statement'):012d}"
        header = Header("DZ", bukrs, reference, day, day, 0, head["WAERS"], head["KUNNR"], bktxt="Paid out",
                        rebzg=head["BELNR"], zsubid=reference)  # fmt: skip
        items = (Item("000001", "05", "D", "", "S", worth, zuonr=head["XBLNR"]),
                 Item("000002", "50", "S", self._bank_account(), "H", worth))  # fmt: skip
        outcome = self._booked(Document(header, items), arguments, "pay_out")
        return {"BUKRS": bukrs, "BELNR": outcome.belnr, "GJAHR": outcome.gjahr,
                "WRBTR": plain_amount(worth, head["WAERS"])}  # fmt: skip

    def _booked(self, document: Document, arguments: Arguments, verb: str) -> Posted:
        """A document of the cash desk, posted and audited; what speaks against it is a ValueError."""
        at = self._clock.now()
        with self._store.transaction():
            outcome = self._posting.post(document, Origin("BANK", at))
            if isinstance(outcome, list):
                raise ValueError("; ".join(f"{found.stamid} {found.stamno} {found.text}" for found in outcome))
            self._state.audit(at, arguments.get("who", "BANK"), verb, BUKRS=outcome.bukrs, BELNR=outcome.belnr)
        return outcome

    def reset_clearing(self, arguments: Arguments) -> Arguments:
        """Open a document's item again: {BUKRS, BELNR, GJAHR}."""
        head, at = self._head(arguments), self._clock.now()
        day = self._open_day(arguments, head["BUKRS"])
        with self._store.transaction():
            count = self._posting.reset_clearing(head, day, at)
            self._state.audit(at, arguments.get("who", "CLERK"), "reset_clearing", BUKRS=head["BUKRS"],
                              BELNR=head["BELNR"], applications=count)  # fmt: skip
        return {"applications": count}

    def reverse_document(self, arguments: Arguments) -> Arguments:
        """Reverse an invoice or credit memo (FB08): {BUKRS, BELNR, GJAHR, date?, STGRD?}; not while cleared."""
        head, at = self._head(arguments), self._clock.now()
        if head["BLART"] not in ("DR", "DG"):
            raise ValueError(f"{head['BELNR']} is no invoice or credit memo: bank_return takes a payment back")
        day, reason = self._day(arguments, head["BUKRS"]), str(arguments.get("STGRD", "01"))
        header = Header(head["BLART"], head["BUKRS"], head["XBLNR"], day, day, 0, head["WAERS"], head["KUNNR"],
                        rebzg=head["BELNR"], stgrd=reason, action="R")  # fmt: skip
        with self._store.transaction():
            outcome = self._posting.post(Document(header, ()), Origin("BILL", at))
            if isinstance(outcome, list):
                raise ValueError("; ".join(f"{found.stamid} {found.stamno} {found.text}" for found in outcome))
            self._state.audit(at, arguments.get("who", "CLERK"), "reverse_document", BUKRS=head["BUKRS"],
                              BELNR=head["BELNR"], STBLG=outcome.belnr, STGRD=reason)  # fmt: skip
        return {"BUKRS": outcome.bukrs, "BELNR": outcome.belnr, "GJAHR": outcome.gjahr}

    def _payer(self, bukrs: str, invoice: str) -> str:
        head = self._posting.ledger.find(bukrs, invoice)
        if head is None:
            raise ValueError(f"no invoice {invoice!r} is posted in {bukrs}: say KUNNR")
        return str(head["KUNNR"])

    def _head(self, arguments: Arguments) -> Doc:
        key = f"{arguments['BUKRS']}/{arguments['BELNR']}/{arguments['GJAHR']}"
        head = self._store.get(HEADER.name, key)
        if head is None:
            raise ValueError(f"no document {key}")
        return head

    def _bank_account(self) -> str:
        return str(self._state.settings().get("bank_account", BANK_ACCOUNT))

    def _day(self, arguments: Arguments, bukrs: str) -> date:
        if arguments.get("date"):
            return date.fromisoformat(str(arguments["date"]))
        return self._state.company_day(bukrs, self._clock.now())

    def _open_day(self, arguments: Arguments, bukrs: str) -> date:
        """As `_day`, refused where its month is closed: what comes back posts, and so does an exchange difference."""
        day = self._day(arguments, bukrs)
        if (found := self._posting.shut(bukrs, day)) is not None:
            raise ValueError(f"{found.stamid} {found.stamno} {found.text}")
        return day

    # -- periods and the freeze -------------------------------------------------------------

    def lock_period(self, arguments: Arguments) -> Arguments:
        """Close all periods up to one: {BUKRS, period: YYYY-MM, KOART?}; with `open: true` open it and all after."""
        bukrs, koart = arguments["BUKRS"], arguments.get("KOART", "+")
        year, month = (int(part) for part in str(arguments["period"]).split("-"))
        if not 1 <= month <= 16 or koart not in ("+", "D", "S") or self._state.company(bukrs) is None:
            raise ValueError("BUKRS must exist, period is YYYY-01 to YYYY-16, KOART +, D or S")
        key = year * 100 + month
        row = self._store.get(PERIOD.name, f"{bukrs}/{koart}")
        base = row or self._store.get(PERIOD.name, f"{bukrs}/+") or {"ranges": [[0, 999912]]}
        last = max(end for _, end in base["ranges"])
        first = key if arguments.get("open") else _after(key)
        at = self._clock.now()
        with self._store.transaction():
            self._store.put(PERIOD.name, {"id": f"{bukrs}/{koart}", "BUKRS": bukrs, "KOART": koart,
                                          "ranges": [[first, max(last, first)]]})  # fmt: skip
            self._state.audit(at, arguments.get("who", "CLERK"), "lock_period", BUKRS=bukrs, KOART=koart,
                              before=base["ranges"], first=first)  # fmt: skip
        return {"BUKRS": bukrs, "KOART": koart, "open_from": f"{first // 100:04d}-{first % 100:02d}"}

    def freeze(self, arguments: Arguments) -> Arguments:
        """Month-end freeze on or off: {on: bool}. Windows are skipped while it holds."""
        on = bool(arguments.get("on", True))
        with self._store.transaction():
            self._state.change_settings(freeze=on)
            self._state.audit(self._clock.now(), arguments.get("who", "CLERK"), "freeze", on=on)
        return {"freeze": on}


def _after(key: int) -> int:
    """The ordinary period after a period."""
    year, month = divmod(key, 100)
    return (year + 1) * 100 + 1 if month >= 12 else key + 1


def _minor(arguments: Arguments, name: str, waers: str) -> int:
    value = arguments[name]
    if not isinstance(value, str):
        raise ValueError(f'{name} is a decimal string such as "109.00", not {value!r}')
    try:
        return parse_amount(value, waers)
    except CodecError as error:
        raise ValueError(f"{name}: {error}") from error

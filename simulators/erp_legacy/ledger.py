"""The double-entry ledger: documents with numbers of their range, open items, applications, clearing and reversal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from simulators.erp_legacy.documents import Header
from simulators.erp_legacy.rules_entry import NUMBER_RANGES, Line, opposite, share
from simulators.erp_legacy.state import ACCOUNT, APPLIED, HEADER, LINE, TAX_LINE, State
from simulators.kit.fidelity import absent, approximate
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.erp_legacy.documents import Document
    from simulators.kit.journal import Journal

approximate(
    "an overpayment",
    "stays as the rest of its own document; the vendor posts a residual item. Several partial payments keep their "
    "own items until the invoice is settled, as the vendor's partial payments do",
)
absent(
    "dunning",
    "revenue recognition and deferred revenue (a line's revenue is posted whole, whatever its service dates)",
    "profit-centre documents",
    "foreign-currency revaluation",
    "manual clearing of any two items",
)

EXTRACT_WAITING = "waiting"  # a payment document that no ZSUBPAY has carried yet


@dataclass(frozen=True)
class Origin:
    """Where a posting came from: interface, sender, file and IDoc (blank for what people do), and its instant."""

    iface: str
    at: float
    sender: str = ""
    base: str = ""
    docnum: str = ""


class Ledger:
    """Posts what the rules accepted. Call it within a transaction."""

    def __init__(self, state: State, journal: Journal) -> None:
        self._state, self._store, self._journal = state, state.store, journal

    # -- posting ----------------------------------------------------------------------------

    def post(self, header: Header, lines: list[Line], origin: Origin, document: Document | None = None) -> Doc:
        """Write header and lines under the next number; returns the BKPF row. The lines must balance."""
        for amounts in ((line.wrbtr for line in lines), (line.dmbtr for line in lines)):
            signed = [amount if line.shkzg == "S" else -amount for amount, line in zip(amounts, lines, strict=True)]
            if sum(signed):
                raise AssertionError(f"an unbalanced document came through the rules: {lines}")
        head = self._head(header, origin)
        self._store.put(HEADER.name, head)
        for number, line in enumerate(lines, 1):
            self._store.put(LINE.name, _line_row(head, number, line, header))
        for number, tax in enumerate(document.taxes if document is not None else (), 1):
            self._store.put(TAX_LINE.name, {
                "id": f"{head['id']}/{number:03d}", "document": head["id"], "MWSKZ": tax.mwskz,
                "KBETR": str(tax.kbetr), "FWBAS": tax.fwbas, "FWSTE": tax.fwste, "POSNR": tax.posnr,
            })  # fmt: skip
        self._journal.add(
            "note", origin.at, system="erp_legacy", what="document.posted", BUKRS=head["BUKRS"], BELNR=head["BELNR"],
            GJAHR=head["GJAHR"], BLART=head["BLART"], XBLNR=head["XBLNR"], KUNNR=head["KUNNR"], idoc=origin.docnum,
        )  # fmt: skip
        return head

    def _head(self, header: Header, origin: Origin) -> Doc:
        company = self._state.company(header.bukrs) or {}
        gjahr = str(header.budat.year)
        digits = NUMBER_RANGES[header.blart]
        belnr = f"{digits}{self._store.next(f'belnr/{header.bukrs}/{gjahr}/{digits}'):08d}"
        entered = self._state.calendar().local(origin.at)
        return {
            "id": f"{header.bukrs}/{belnr}/{gjahr}", "BUKRS": header.bukrs, "BELNR": belnr, "GJAHR": gjahr,
            "BLART": header.blart, "BLDAT": f"{header.bldat:%Y%m%d}", "BUDAT": f"{header.budat:%Y%m%d}",
            "MONAT": f"{header.period:02d}", "CPUDT": f"{entered:%Y%m%d}", "CPUTM": f"{entered:%H%M%S}",
            "XBLNR": header.xblnr, "WAERS": header.waers, "HWAER": company.get("WAERS", header.waers),
            "BKTXT": header.bktxt, "KUNNR": header.kunnr, "STBLG": "", "STJAH": "", "STGRD": header.stgrd,
            "REBZG": header.rebzg, "ZSUBID": header.zsubid, "ZSRCSYS": header.zsrcsys, "ZSRCID": header.zsrcid,
            "IFACE": origin.iface, "SNDPRN": origin.sender, "DOCNUM": origin.docnum, "BASENAME": origin.base,
        }  # fmt: skip

    # -- open items -------------------------------------------------------------------------

    def lines(self, head: Doc) -> list[Doc]:
        """The lines of a document."""
        return self._store.find(LINE.name, order="key", document=head["id"])

    def customer_item(self, head: Doc) -> Doc | None:
        """The customer line of a document."""
        return next((line for line in self.lines(head) if line["KOART"] == "D"), None)

    def find(self, bukrs: str, reference: str, kunnr: str = "", types: Sequence[str] = ("DR",)) -> Doc | None:
        """The document a reference names: its BELNR (youngest year), else its XBLNR (unreversed first)."""
        number = reference.strip()
        if not number:
            return None

        def fits(head: Doc) -> bool:
            return head["BUKRS"] == bukrs and (not kunnr or head["KUNNR"] == kunnr) and head["BLART"] in types

        by_number = [head for head in self._store.find(HEADER.name, BELNR=number) if fits(head)]
        by_name = [head for head in self._store.find(HEADER.name, XBLNR=number) if fits(head)]
        by_name.sort(key=lambda head: bool(head["STBLG"]))
        return by_number[-1] if by_number else by_name[0] if by_name else None

    def apply(self, debit: Doc, credit: Doc, day: date, at: float) -> int:
        """Set a credit item against a debit item of one customer and currency; returns the amount applied.

        `day` is the posting date of an exchange difference, should there be one.
        """
        amount = min(debit["REST"], credit["REST"])
        if amount <= 0 or debit["WAERS"] != credit["WAERS"] or debit["KUNNR"] != credit["KUNNR"]:
            return 0
        local = {item["id"]: share(item["DREST"], amount, item["REST"]) for item in (debit, credit)}
        number = self._store.next("applied")
        record: Doc = {
            "id": f"{number:08d}", "debit": debit["id"], "credit": credit["id"], "amount": amount,
            "local_debit": local[debit["id"]], "local_credit": local[credit["id"]], "state": "applied",
            "AUGBL": "", "AUGDT": "", "difference": "",
        }  # fmt: skip
        for item in (debit, credit):
            item["REST"] -= amount
            item["DREST"] -= local[item["id"]]
            self._store.put(LINE.name, _opened(item))
        record["difference"] = self._exchange(credit, local[credit["id"]] - local[debit["id"]], day, at)
        self._store.put(APPLIED.name, record)
        return int(amount)

    def _exchange(self, credit: Doc, difference: int, day: date, at: float) -> str:
        """A realised exchange difference: local amounts of both sides differ, so an AB document takes the rest."""
        if not difference:
            return ""
        account = self._state.settings()["exchange_account"]
        if self._store.get(ACCOUNT.name, account) is None:
            self._store.put(ACCOUNT.name, {"SAKNR": account, "name": "Exchange differences realised", "kind": "S"})
        side = "S" if difference > 0 else "H"
        header = Header("AB", credit["BUKRS"], credit["XBLNR"], day, day, 0, credit["WAERS"], credit["KUNNR"])
        lines = [
            Line("05" if side == "S" else "15", "D", credit["HKONT"], side, 0, abs(difference)),
            Line("50" if side == "S" else "40", "S", account, opposite(side), 0, abs(difference)),
        ]
        return str(self.post(header, lines, Origin("CLEARING", at))["id"])

    def unapply(self, record: Doc, day: date, at: float) -> None:
        """Reset one application: both items are open again, an exchange difference is posted back on `day`."""
        for name in ("debit", "credit"):
            item = self._store.get(LINE.name, record[name])
            assert item is not None
            item |= {"REST": item["REST"] + record["amount"], "DREST": item["DREST"] + record[f"local_{name}"],
                     "AUGBL": "", "AUGDT": ""}  # fmt: skip
            self._store.put(LINE.name, _opened(item))
        if record["difference"]:
            head = self._store.get(HEADER.name, record["difference"])
            assert head is not None
            self.reverse(head, day, "", Origin("CLEARING", at))
        self._store.delete(APPLIED.name, record["id"])

    def applications(self, item: Doc) -> list[Doc]:
        """All applications of an item."""
        return [*self._store.find(APPLIED.name, debit=item["id"]), *self._store.find(APPLIED.name, credit=item["id"])]

    # -- reversal and clearing --------------------------------------------------------------

    def reverse(self, head: Doc, day: date, reason: str, origin: Origin, source: str = "") -> Doc:
        """Post a document's mirror image as AB; both carry each other's number and their items are settled.

        `source` is the sender's own name for the reversal (ZSRCID); without one it is the document's.
        """
        header = Header(
            "AB", head["BUKRS"], head["XBLNR"], date.fromisoformat(_iso(head["BLDAT"])), day, 0, head["WAERS"],
            head["KUNNR"], bktxt=head["BKTXT"], rebzg=head["BELNR"], stgrd=reason, zsubid=head["ZSUBID"],
            zsrcsys=head["ZSRCSYS"], zsrcid=source or head["ZSRCID"],
        )  # fmt: skip
        before = self.lines(head)
        lines = [
            Line(_mirror_key(line), line["KOART"], line["HKONT"], opposite(line["SHKZG"]), line["WRBTR"], line["DMBTR"],
                 line["MWSKZ"], line["FWBAS"])
            for line in before
        ]  # fmt: skip
        mirror = self.post(header, lines, origin)
        mirror |= {"STBLG": head["BELNR"], "STJAH": head["GJAHR"], "REVERSAL": "X"}
        self._store.put(HEADER.name, mirror)
        self._store.put(HEADER.name, {**head, "STBLG": mirror["BELNR"], "STJAH": mirror["GJAHR"]})
        old, new = self.customer_item(head), self.customer_item(mirror)
        if old is not None and new is not None:
            debit, credit = (old, new) if old["SHKZG"] == "S" else (new, old)
            self.apply(debit, credit, day, origin.at)
        return mirror

    def clear(self, item: Doc) -> None:
        """Stamp a settled item with its clearing document; a credit waits until what it was set against is cleared."""
        records = self.applications(item)
        if item["SHKZG"] == "S":
            clearing = self._line(records[-1]["credit"]) if records else item
        else:
            debits = [self._line(record["debit"]) for record in records]
            if any(debit["open"] for debit in debits):
                return
            clearing = item if len(debits) != 1 else debits[0]
        belnr = clearing["AUGBL"] or clearing["BELNR"]
        day = clearing["AUGDT"] or _compact(max(clearing["BUDAT"], item["BUDAT"]))
        self._store.put(LINE.name, {**item, "AUGBL": belnr, "AUGDT": day, "open": None})
        for record in records:
            if record["debit"] == item["id"]:
                self._store.put(APPLIED.name, {**record, "AUGBL": belnr, "AUGDT": day, "state": "cleared"})

    def _line(self, key: str) -> Doc:
        line = self._store.get(LINE.name, key)
        assert line is not None
        return line


def _line_row(head: Doc, number: int, line: Line, header: Header) -> Doc:
    item = line.item
    customer = line.koart == "D"
    row: Doc = {
        "id": f"{head['id']}/{number:03d}", "document": head["id"], "BUKRS": head["BUKRS"], "BELNR": head["BELNR"],
        "GJAHR": head["GJAHR"], "BUZEI": f"{number:03d}", "BSCHL": line.bschl, "KOART": line.koart,
        "HKONT": line.hkont, "SHKZG": line.shkzg, "WRBTR": line.wrbtr, "DMBTR": line.dmbtr, "WAERS": head["WAERS"],
        "KUNNR": header.kunnr if customer else "", "MWSKZ": line.mwskz, "FWBAS": line.fwbas, "XBLNR": head["XBLNR"],
        "BUDAT": f"{header.budat:%Y-%m-%d}", "AUGBL": "", "AUGDT": "", "open": None, "waiting": None, "POSNR": "",
    }  # fmt: skip
    if item is not None:
        row |= {
            "POSNR": item.posnr, "KOSTL": item.kostl, "PRCTR": item.prctr, "MENGE": item.menge, "MEINS": item.meins,
            "MATNR": item.matnr, "SGTXT": item.sgtxt, "ZUONR": item.zuonr, "ZPERFR": item.zperfr, "ZPERTO": item.zperto,
        }  # fmt: skip
    if customer:
        row |= {"ZTERM": header.zterm, "ZFBDT": f"{header.zfbdt or header.bldat:%Y%m%d}", "REST": line.wrbtr,
                "DREST": line.dmbtr, "REBZG": header.rebzg}  # fmt: skip
        if not line.wrbtr:
            row["DREST"] = 0
    return _opened(row) if customer else row


def _opened(item: Doc) -> Doc:
    """`open` says what the clearing run looks for: `O` something is left, `Z` settled but not yet stamped."""
    return {**item, "open": "O" if item["REST"] else None if item["AUGBL"] else "Z"}


def _mirror_key(line: Doc) -> str:
    if line["KOART"] == "D":
        return "15" if line["SHKZG"] == "S" else "05"
    return "50" if line["SHKZG"] == "S" else "40"


def _iso(day: str) -> str:
    return f"{day[:4]}-{day[4:6]}-{day[6:]}"


def _compact(day: str) -> str:
    return day.replace("-", "")

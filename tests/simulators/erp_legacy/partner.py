"""A partner's side of the drop, written from the published offsets and sharing nothing with the simulator."""

import hashlib
from dataclasses import dataclass, field
from decimal import Decimal

CRLF = b"\r\n"


def record(length: int, *parts: tuple[int, int, str]) -> str:
    """A blank line of a length with texts put at (offset, width)."""
    line = [" "] * length
    for offset, width, text in parts:
        assert len(text) <= width, (offset, width, text)
        line[offset : offset + len(text)] = text
    return "".join(line)


def control(docnum: str, mestyp: str, sender: str = "SUBHUB", key: str = "", serial: str = "") -> str:
    idoctyp = {"DEBMAS": "DEBMAS06", "ZSUBINV": "ZSUBINV01"}.get(mestyp, mestyp)
    return record(524, (0, 10, "EDI_DC40"), (10, 3, "100"), (13, 16, docnum), (29, 4, "700"), (35, 1, "2"),
                  (39, 30, idoctyp), (99, 30, mestyp), (158, 2, "LS"), (162, 10, sender), (273, 2, "LS"),
                  (277, 10, "ERPLEG"), (434, 70, key), (504, 20, serial))  # fmt: skip


def data(docnum: str, number: int, name: str, sdata: str) -> str:
    parent = "000000" if number == 1 else "000001"
    return record(1063, (0, 30, name), (30, 3, "100"), (33, 16, docnum), (49, 6, f"{number:06d}"), (55, 6, parent),
                  (61, 2, "01" if number == 1 else "02"), (63, 1000, sdata))  # fmt: skip


def amount(text: str) -> str:
    return text.rjust(16)


@dataclass
class Doc:
    """One IDoc of a file."""

    docnum: str
    lines: list[str]
    currency: str = ""
    kunnr: str = ""
    debit: Decimal = Decimal(0)
    credit: Decimal = Decimal(0)


def customer(docnum: str, kunnr: str, name: str = "Lion City Pte Ltd", bukrs: str = "SG01", akont: str = "0000140000",
             serial: str = "", land: str = "SG") -> Doc:  # fmt: skip
    general = record(391, (0, 3, "009"), (3, 10, kunnr), (153, 3, land), (179, 35, name), (321, 35, "Singapore"))
    company = record(108, (0, 3, "009"), (3, 4, bukrs), (14, 10, akont), (24, 4, "N30"), (38, 50, "cust-1"))
    lines = [control(docnum, "DEBMAS", key=kunnr, serial=serial), data(docnum, 1, "E1KNA1M", general),
             data(docnum, 2, "E1KNB1M", company)]  # fmt: skip
    return Doc(docnum, lines, kunnr=kunnr)


@dataclass
class Bill:
    """An invoice or credit memo, payment, reversal: what goes into the segments."""

    xblnr: str
    kunnr: str = "0000100001"
    blart: str = "DR"
    bldat: str = "20260105"
    budat: str = "20260105"
    monat: str = "01"
    waers: str = "SGD"
    bukrs: str = "SG01"
    rebzg: str = ""
    stgrd: str = ""
    action: str = "C"
    zsubid: str = "sub-1"
    gross: str = "1744.00"
    net: tuple[tuple[str, str], ...] = (("0000400100", "1600.00"),)
    tax: tuple[tuple[str, str, str, str], ...] = (("A9", "9.000", "1600.00", "144.00"),)
    mwskz: str = "A9"
    sender: str = "SUBHUB"
    source: str = ""
    out: bool = False  # a payment to the customer
    extra: list[str] = field(default_factory=list)

    def idoc(self, docnum: str) -> Doc:
        customer_side, other = ("H", "S") if self.blart in ("DG", "DZ", "AB") else ("S", "H")
        key = {"DR": "01", "DG": "11", "DZ": "15", "AB": "15"}.get(self.blart, "01")
        if self.out:
            customer_side, other, key = "S", "H", "05"
        head = record(223, (0, 2, self.blart), (2, 4, self.bukrs), (6, 16, self.xblnr), (22, 8, self.bldat),
                      (30, 8, self.budat), (38, 2, self.monat), (40, 5, self.waers), (57, 25, "Windtunnel"),
                      (82, 10, self.kunnr), (92, 4, "N30"), (96, 8, self.bldat), (104, 16, self.rebzg),
                      (120, 2, self.stgrd), (122, 40, self.zsubid), (162, 10, "SUBS"),
                      (172, 50, self.source or self.xblnr),
                      (222, 1, self.action))  # fmt: skip
        doc = Doc(docnum, [control(docnum, "ZSUBINV", self.sender, self.xblnr), data(docnum, 1, "Z1SUBHD", head)],
                  self.waers, self.kunnr)  # fmt: skip
        rows = [] if self.action == "R" else [
            (key, "D", "", customer_side, self.gross, ""),
            *(("50" if other == "H" else "40", "S", account, other, net, self.mwskz) for account, net in self.net),
        ]  # fmt: skip
        for number, (bschl, koart, hkont, side, wrbtr, mwskz) in enumerate(rows, 1):
            item = record(210, (0, 6, f"{number:06d}"), (6, 2, bschl), (8, 1, koart), (9, 10, hkont), (19, 1, side),
                          (20, 16, amount(wrbtr)), (52, 2, mwskz), (90, 15, "1"), (108, 18, "PLAT-ANNUAL"),
                          (126, 50, "Platform"), (194, 8, self.bldat))  # fmt: skip
            doc.lines.append(data(docnum, len(doc.lines), "Z1SUBIT", item))
            if side == "S":
                doc.debit += Decimal(wrbtr)
            else:
                doc.credit += Decimal(wrbtr)
        for number, (code, rate, base, tax) in enumerate(self.tax if rows else (), 1):
            segment = record(64, (0, 6, f"{number:06d}"), (6, 2, code), (8, 9, rate.rjust(9)), (17, 16, amount(base)),
                             (33, 16, amount(tax)))  # fmt: skip
            doc.lines.append(data(docnum, len(doc.lines), "Z1SUBTX", segment))
            if other == "H":
                doc.credit += Decimal(tax)
            else:
                doc.debit += Decimal(tax)
        return doc


def payment(xblnr: str, gross: str, rebzg: str = "", **more: object) -> Bill:
    values: dict[str, object] = {
        "blart": "DZ", "gross": gross, "net": (("0000113100", gross),), "tax": (), "mwskz": "", "rebzg": rebzg,
        "zsubid": xblnr,
    }  # fmt: skip
    return Bill(xblnr, **{**values, **more})  # type: ignore[arg-type]


def transfer(xblnr: str, gross: str, rebzg: str, **more: object) -> Bill:
    """An open item that goes to the migration account."""
    return payment(xblnr, gross, rebzg, **{"blart": "AB", "net": (("0000199000", gross),), **more})


DECIMALS = {"JPY": 0, "KWD": 3}


def data_file(docs: list[Doc]) -> bytes:
    return b"".join(line.encode("latin-1") + CRLF for doc in docs for line in doc.lines)


def control_file(base: str, of: str, seq: int, docs: list[Doc], content: bytes, by: str = "SUBHUB",
                 **wrong: str) -> bytes:  # fmt: skip
    idocs, segments = len(docs), sum(len(doc.lines) - 1 for doc in docs)
    ctl = record(120, (0, 3, "CTL"), (3, 6, wrong.get("iface", of)), (9, 10, wrong.get("sender", by)),
                 (19, 10, "ERPLEG"), (29, 6, wrong.get("seq", f"{seq:06d}")), (35, 8, "20260105"), (43, 6, "120000"),
                 (49, 8, wrong.get("idocs", f"{idocs:08d}")), (57, 8, wrong.get("segments", f"{segments:08d}")),
                 (65, 40, base))  # fmt: skip
    totals = []
    for currency in dict.fromkeys(doc.currency for doc in docs):
        mine = [doc for doc in docs if doc.currency == currency]
        scale = Decimal(10) ** DECIMALS.get(currency, 2)
        debit, credit = (int(sum(getattr(doc, side) for doc in mine) * scale) for side in ("debit", "credit"))
        kunhash = sum(int(doc.kunnr[-8:]) for doc in mine if doc.kunnr)
        totals.append(record(120, (0, 3, "TOT"), (3, 5, currency), (8, 18, wrong.get("debit", f"{debit:018d}")),
                             (26, 18, wrong.get("credit", f"{credit:018d}")),
                             (44, 16, wrong.get("kunhash", f"{kunhash:016d}"))))  # fmt: skip
    count = content.count(CRLF)
    end = record(120, (0, 3, "END"), (3, 12, wrong.get("bytes", f"{len(content):012d}")),
                 (15, 64, wrong.get("sha", hashlib.sha256(content).hexdigest())),
                 (79, 8, wrong.get("lines", f"{count:08d}")))  # fmt: skip
    return b"".join(line.encode("latin-1") + CRLF for line in (ctl, *totals, end))


def pair(iface: str, seq: int, docs: list[Doc], sender: str = "SUBHUB", resend: str = "") -> tuple[str, bytes, bytes]:
    """Base name, .DAT and .CTL."""
    base = f"{iface}_{sender}_20260105_{seq:06d}{resend}"
    content = data_file(docs)
    return base, content, control_file(base, iface, seq, docs, content, sender)

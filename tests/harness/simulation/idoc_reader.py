"""A second reader of IDoc files, made of the published layouts alone: it shares nothing with core or simulator.

The table is that of the appendix of legacy layouts, word for word; what else is checked stands on the page beside it:
counts, totals and hash of the control file, numbering of segments, currencies' decimals, signs by SHKZG, keys of ten.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

APPENDIX = """
EDI_DC40 524
  TABNAM@0+10 MANDT@10+3 DOCNUM@13+16 DOCREL@29+4 STATUS@33+2 DIRECT@35+1 OUTMOD@36+1 EXPRSS@37+1 TEST@38+1
  IDOCTYP@39+30 CIMTYP@69+30 MESTYP@99+30 MESCOD@129+3 MESFCT@132+3 STD@135+1 STDVRS@136+6 STDMES@142+6 SNDPOR@148+10
  SNDPRT@158+2 SNDPFC@160+2 SNDPRN@162+10 SNDSAD@172+21 SNDLAD@193+70 RCVPOR@263+10 RCVPRT@273+2 RCVPFC@275+2
  RCVPRN@277+10 RCVSAD@287+21 RCVLAD@308+70 CREDAT@378+8 CRETIM@386+6 REFINT@392+14 REFGRP@406+14 REFMES@420+14
  ARCKEY@434+70 SERIAL@504+20
EDI_DD40 63
  SEGNAM@0+30 MANDT@30+3 DOCNUM@33+16 SEGNUM@49+6 PSGNUM@55+6 HLEVEL@61+2
E1KNA1M 391
  MSGFN@0+3 KUNNR@3+10 ANRED@13+15 AUFSD@28+2 BAHNE@30+25 BAHNS@55+25 BBBNR@80+7 BBSNR@87+5 BEGRU@92+4 BRSCH@96+4
  BUBKZ@100+1 DATLT@101+14 FAKSD@115+2 FISKN@117+10 KNRZA@127+10 KONZS@137+10 KTOKD@147+4 KUKLA@151+2 LAND1@153+3
  LIFNR@156+10 LIFSD@166+2 LOCCO@168+10 LOEVM@178+1 NAME1@179+35 NAME2@214+35 NAME3@249+35 NAME4@284+35 NIELS@319+2
  ORT01@321+35 ORT02@356+35
Z1SUBHD 223
  BLART@0+2 BUKRS@2+4 XBLNR@6+16 BLDAT@22+8 BUDAT@30+8 MONAT@38+2 WAERS@40+5 KURSF@45+12 BKTXT@57+25 KUNNR@82+10
  ZTERM@92+4 ZFBDT@96+8 REBZG@104+16 STGRD@120+2 ZSUBID@122+40 ZSRCSYS@162+10 ZSRCID@172+50 ZACTION@222+1
Z1SUBIT 210
  POSNR@0+6 BSCHL@6+2 KOART@8+1 HKONT@9+10 SHKZG@19+1 WRBTR@20+16 DMBTR@36+16 MWSKZ@52+2 FWBAS@54+16 KOSTL@70+10
  PRCTR@80+10 MENGE@90+15 MEINS@105+3 MATNR@108+18 SGTXT@126+50 ZUONR@176+18 ZPERFR@194+8 ZPERTO@202+8
Z1SUBTX 64
  POSNR@0+6 MWSKZ@6+2 KBETR@8+9 FWBAS@17+16 FWSTE@33+16 TXJCD@49+15
CTL 120
  RECTYP@0+3 IFACE@3+6 SNDPRN@9+10 RCVPRN@19+10 FILESEQ@29+6 CREDAT@35+8 CRETIM@43+6 IDOCCNT@49+8 SEGCNT@57+8
  BASENAME@65+40 FILLER@105+15
TOT 120
  RECTYP@0+3 WAERS@3+5 DEBTOT@8+18 CRETOT@26+18 KUNHASH@44+16 FILLER@60+60
END 120
  RECTYP@0+3 BYTELEN@3+12 SHA256@15+64 LINECNT@79+8 FILLER@87+33
"""
SDATA = 1000
PLACES: dict[str, dict[str, tuple[int, int]]] = {
    "E1KNB1M": {"MSGFN": (0, 3), "BUKRS": (3, 4)}
}  # the rest is the site's
LENGTHS: dict[str, int] = {}
TYPES = {"CUST": ("DEBMAS06", "DEBMAS"), "BILL": ("ZSUBINV01", "ZSUBINV"), "PAY": ("ZSUBINV01", "ZSUBINV")}
KEYS = {"01": "DS", "05": "DS", "11": "DH", "15": "DH", "40": "SS", "50": "SH"}  # 05: money out to a customer
DECIMALS = {"JPY": 0, "KWD": 3}

for _row in APPENDIX.split("\n"):
    if _row[:1].strip():
        _name, _length = _row.split()
        LENGTHS[_name], PLACES[_name] = int(_length), {}
    for _word in _row.split() if _row[:1] == " " else ():
        _field, _, _place = _word.partition("@")
        _offset, _, _size = _place.partition("+")
        PLACES[_name][_field] = (int(_offset), int(_size))


class Strange(Exception):
    """A file is not what the pages say."""


def demand(holds: object, *why: object) -> None:
    if not holds:
        raise Strange(" ".join(map(str, why)))


@dataclass
class Idoc:
    """One document: its control record, and the segments behind it with their fields as they stand in the line."""

    control: dict[str, str]
    segments: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def of(self, name: str) -> Iterator[dict[str, str]]:
        return (fields for segment, fields in self.segments if segment == name)

    @property
    def header(self) -> dict[str, str]:
        return {name: value.strip() for name, value in next(self.of("Z1SUBHD")).items()}

    @property
    def kunnr(self) -> str:
        return next((fields["KUNNR"] for fields in self.of("E1KNA1M")), "") or self.header["KUNNR"]

    def sides(self) -> dict[str, Decimal]:
        """Debit and credit: the lines, and taxes on the side across from the customer's."""
        sums: dict[str, Decimal] = {"S": Decimal(0), "H": Decimal(0)}
        currency = self.header["WAERS"]
        for item in self.of("Z1SUBIT"):
            sums[item["SHKZG"]] += amount(item["WRBTR"], currency)
        taxes = [amount(tax["FWSTE"], currency) for tax in self.of("Z1SUBTX")]
        mine = [item["SHKZG"] for item in self.of("Z1SUBIT") if item["KOART"] == "D"]
        demand(len(mine) == 1 or not sums["S"], self.control["DOCNUM"], "has", len(mine), "lines of a customer")
        if mine:
            sums["H" if mine[0] == "S" else "S"] += sum(taxes, Decimal(0))
        return sums

    @property
    def gross(self) -> Decimal:
        return sum((amount(one["WRBTR"], self.header["WAERS"]) for one in self.of("Z1SUBIT") if one["KOART"] == "D"),
                   Decimal(0))  # fmt: skip


def cut(name: str, line: str) -> dict[str, str]:
    """The fields of a record; blanks where no field is."""
    rest = list(line)
    fields = {}
    for field_name, (offset, length) in PLACES[name].items():
        fields[field_name] = line[offset : offset + length]
        rest[offset : offset + length] = " " * length
    demand(name not in LENGTHS or not "".join(rest).strip(), name, "has text outside its fields")
    return fields


def amount(text: str, currency: str) -> Decimal:
    """Right-aligned, positive, with the currency's own decimals."""
    number = text.lstrip()
    whole, _, decimals = number.partition(".")
    fits = whole.isdecimal() and whole.isascii() and len(decimals) == DECIMALS.get(currency, 2)
    demand(fits and (not decimals or decimals.isdecimal()), repr(text), "is no amount of", currency)
    return Decimal(number)


def day(text: str, name: str, initial: bool = False) -> None:
    try:
        demand(len(text) == 8 and ((text == "00000000" and initial) or date.fromisoformat(text)), name, repr(text))
    except ValueError:
        raise Strange(f"{name} {text!r} is no day") from None


def read(base: str, data: bytes, control: bytes) -> list[Idoc]:
    """The documents of a file that its control file proves. Strange if anything is not as the pages say."""
    lines = _lines(data)
    documents: list[Idoc] = []
    for line in lines:
        if line.startswith("EDI_DC40"):
            demand(len(line) == LENGTHS["EDI_DC40"], "a control record of", len(line))
            documents.append(Idoc(cut("EDI_DC40", line)))
        else:
            demand(documents and len(line) == LENGTHS["EDI_DD40"] + SDATA, "a data record of", len(line))
            _segment(documents[-1], line)
    numbers = {one.control["DOCNUM"] for one in documents}
    demand(documents and len(numbers) == len(documents), "document numbers twice, or no document")
    interface = base.split("_", maxsplit=1)[0]
    for one in documents:
        _envelope(one, interface)
        _customer(one) if interface == "CUST" else _accounting(one)
    _proven(base, data, control, documents, len(lines))
    return documents


def _lines(data: bytes) -> list[str]:
    text = data.decode("latin-1")
    demand(text.endswith("\r\n"), "the last line has no end")
    lines = text.removesuffix("\r\n").split("\r\n")
    demand(all(char >= " " for line in lines for char in set(line)), "a control character")
    return lines


def _segment(document: Idoc, line: str) -> None:
    width = LENGTHS["EDI_DD40"]
    head, content = cut("EDI_DD40", line[:width]), line[width:]
    name = head["SEGNAM"].strip()
    demand(name in PLACES, "an unknown segment", name)
    demand([head["MANDT"], head["DOCNUM"]] == [document.control[key] for key in ("MANDT", "DOCNUM")], "a stray segment")
    demand(head["SEGNUM"] == f"{len(document.segments) + 1:06d}", "SEGNUM", head["SEGNUM"])
    root = not document.segments
    demand((head["PSGNUM"], head["HLEVEL"]) == (("000000", "01") if root else ("000001", "02")), "a wrong parent")
    if name in LENGTHS:
        demand(not content[LENGTHS[name] :].strip(), name, "is longer than", LENGTHS[name])
        content = content[: LENGTHS[name]]
    document.segments.append((name, cut(name, content)))


def _envelope(document: Idoc, interface: str) -> None:
    control = {name: value.strip() for name, value in document.control.items()}
    demand(control["MANDT"].isdecimal() and len(control["DOCNUM"]) == 16, "client or number", control)
    demand(control["DIRECT"] == "2", "not inbound")
    demand((control["IDOCTYP"], control["MESTYP"]) == TYPES[interface], "type", control["IDOCTYP"], control["MESTYP"])
    demand(all(control[name] for name in ("SNDPRN", "RCVPRN", "SERIAL", "ARCKEY")), "no partner, serial or key")
    demand(control["SNDPRT"] == control["RCVPRT"] == "LS", "no logical systems")
    day(control["CREDAT"], "CREDAT")
    key = document.kunnr if interface == "CUST" else document.header["XBLNR"]
    if interface == "PAY":  # one movement may be several documents
        key = f"CB:{document.header['ZSRCID']}"
    transfer = interface == "BILL" and document.header["BLART"] == "AB"
    named = "moved" in control["ARCKEY"] if transfer else control["ARCKEY"].partition("/")[0] == key
    demand(named, "ARCKEY", control["ARCKEY"], "of", key)


def _customer(document: Idoc) -> None:
    demand([name for name, _ in document.segments] == ["E1KNA1M", "E1KNB1M"], "segments of a customer")
    general = document.segments[0][1]
    demand(len(general["KUNNR"].strip()) == 10 and general["NAME1"].strip() and general["LAND1"].strip(), general)


def _accounting(document: Idoc) -> None:
    names = [name for name, _ in document.segments]
    demand(names[0] == "Z1SUBHD" and set(names[1:]) <= {"Z1SUBIT", "Z1SUBTX"}, "segments", names)
    head = document.header
    demand(head["BLART"] in ("DR", "DG", "DZ", "AB") and head["ZACTION"] in ("C", "R", "X"), "kind", head)
    demand(len(head["KUNNR"]) == 10 and head["XBLNR"] and len(head["WAERS"]) == 3, "keys", head)
    for name in ("BLDAT", "BUDAT", "ZFBDT"):
        day(head[name], name, initial=name == "ZFBDT")
    demand(head["MONAT"] == head["BUDAT"][4:6], "MONAT", head["MONAT"], "of", head["BUDAT"])
    if head["ZACTION"] == "R":
        demand(head["REBZG"] and head["STGRD"], "a reversal of nothing, or for no reason")
    else:
        demand("Z1SUBIT" in names, "no lines")
    for number, item in enumerate(document.of("Z1SUBIT"), 1):
        demand(item["POSNR"] == f"{number:06d}", "POSNR", item["POSNR"])
        demand(KEYS.get(item["BSCHL"]) == item["KOART"] + item["SHKZG"], "posting key", item["BSCHL"])
        demand(item["KOART"] == "D" or len(item["HKONT"].strip()) == 10, "account", item["HKONT"])
        for name in ("ZPERFR", "ZPERTO"):
            day(item[name], name, initial=True)
    for tax in document.of("Z1SUBTX"):
        rate, base, owed = (
            Decimal(tax["KBETR"]),
            amount(tax["FWBAS"], head["WAERS"]),
            amount(tax["FWSTE"], head["WAERS"]),
        )
        most = 1 if DECIMALS.get(head["WAERS"]) == 0 else Decimal("0.05")  # rounded by line
        demand(abs(owed - base * rate / 100) <= most, "tax", owed, "on", base, "at", rate)
    sides = document.sides()
    demand(sides["S"] == sides["H"], "debit", sides["S"], "credit", sides["H"])


def _proven(base: str, data: bytes, control: bytes, documents: list[Idoc], count: int) -> None:
    """The control file says the same of the data file."""
    head, *totals, end = _lines(control)
    demand({len(line) for line in (head, *totals, end)} == {120}, "lines of a control file")
    first = {name: value.strip() for name, value in cut("CTL", head).items()}
    last = {name: value.strip() for name, value in cut("END", end).items()}
    interface, sender, _, sequence = base.split("_")[:4]
    demand((first["RECTYP"], first["IFACE"], first["SNDPRN"]) == ("CTL", interface, sender), "whose file", first)
    demand((first["FILESEQ"], first["BASENAME"]) == (sequence[:6], base), "name or sequence", first)
    segments = sum(len(one.segments) for one in documents)
    demand((first["IDOCCNT"], first["SEGCNT"]) == (f"{len(documents):08d}", f"{segments:08d}"), "counts", first)
    wanted = {"RECTYP": "END", "BYTELEN": f"{len(data):012d}", "SHA256": hashlib.sha256(data).hexdigest(),
              "LINECNT": f"{count:08d}", "FILLER": ""}  # fmt: skip
    demand(last == wanted, "proof", last)
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for one in documents:
        currency, sides = ("", {"S": Decimal(0), "H": Decimal(0)}) if interface == "CUST" else (
            one.header["WAERS"], one.sides())  # fmt: skip
        scale = 10 ** DECIMALS.get(currency, 2)
        for place, value in enumerate((sides["S"] * scale, sides["H"] * scale, int(one.kunnr[-8:]))):
            sums[currency][place] += int(value)
    said = {line[3:8].strip(): [int(line[8:26]), int(line[26:44]), int(line[44:60])] for line in totals}
    demand(said == sums and len(said) == len(totals), "totals", said, "of", dict(sums))

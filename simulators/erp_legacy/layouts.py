"""Fixed-width records as data tables: every record of the file drop, with its fields' offsets and lengths.

A layout is written as `NAME length NAME length …`; offsets follow from the lengths and the total is checked at import.
Text is Latin-1, one byte a character, blank-padded; lines end in CRLF.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from simulators.kit.fidelity import exact

exact(
    "EDI_DC40 524, EDI_DD40 63 + 1000 = 1063, EDI_DS40 562 bytes; ISO 8859-1, CRLF, blank-padded, no BOM. "
    "E1KNA1M's first 391 bytes",
    source="documented",
    held_by="test_envelope",
)

CRLF = b"\r\n"


class LayoutError(ValueError):
    """A value does not fit its field, or a line does not fit its record; the message names field or place."""


@dataclass(frozen=True)
class Field:
    """One field of a record: bytes [offset, offset + length)."""

    name: str
    offset: int
    length: int


@dataclass(frozen=True)
class Layout:
    """One kind of record."""

    name: str
    length: int
    fields: tuple[Field, ...]

    def parse(self, line: str) -> dict[str, str]:
        """Field values, trailing blanks cut (leading ones stay: amounts are right-aligned)."""
        return {field.name: line[field.offset : field.offset + field.length].rstrip(" ") for field in self.fields}

    def value(self, line: str, name: str) -> str:
        """One field's value without parsing the others, blanks cut on both sides."""
        field = next(field for field in self.fields if field.name == name)
        return line[field.offset : field.offset + field.length].strip(" ")

    def render(self, values: Mapping[str, str]) -> str:
        """The record as text of exactly `length` characters; unknown names and over-long values raise LayoutError."""
        unknown = sorted(set(values) - {field.name for field in self.fields})
        if unknown:
            raise LayoutError(f"{self.name} has no field {', '.join(unknown)}")
        return "".join(self._rendered(field, values.get(field.name, "")) for field in self.fields)

    def _rendered(self, field: Field, value: str) -> str:
        if len(value) > field.length:
            raise LayoutError(f"{self.name}.{field.name} holds {field.length} characters, not {len(value)}: {value!r}")
        if not is_latin1(value):
            raise LayoutError(f"{self.name}.{field.name} holds Latin-1 graphic characters only: {value!r}")
        return value.ljust(field.length)


def is_latin1(text: str) -> bool:
    """Only graphic characters of ISO 8859-1: neither C0/C1 controls nor anything beyond U+00FF."""
    return _GRAPHIC.fullmatch(text) is not None


_GRAPHIC = re.compile(r"[ -~\xa0-\xff]*")


def _layout(name: str, total: int, spec: str) -> Layout:
    words, offset, fields = spec.split(), 0, []
    for field, length in zip(words[::2], map(int, words[1::2]), strict=True):
        fields.append(Field(field, offset, length))
        offset += length
    if offset != total:
        raise LayoutError(f"{name} is {total} long, its fields {offset}")
    return Layout(name, total, tuple(fields))


# -- the IDoc envelope --------------------------------------------------------------------------------------------

CONTROL = _layout("EDI_DC40", 524, """
    TABNAM 10 MANDT 3 DOCNUM 16 DOCREL 4 STATUS 2 DIRECT 1 OUTMOD 1 EXPRSS 1 TEST 1 IDOCTYP 30 CIMTYP 30 MESTYP 30
    MESCOD 3 MESFCT 3 STD 1 STDVRS 6 STDMES 6 SNDPOR 10 SNDPRT 2 SNDPFC 2 SNDPRN 10 SNDSAD 21 SNDLAD 70
    RCVPOR 10 RCVPRT 2 RCVPFC 2 RCVPRN 10 RCVSAD 21 RCVLAD 70 CREDAT 8 CRETIM 6 REFINT 14 REFGRP 14 REFMES 14
    ARCKEY 70 SERIAL 20""")  # fmt: skip
DATA = _layout("EDI_DD40", 1063, "SEGNAM 30 MANDT 3 DOCNUM 16 SEGNUM 6 PSGNUM 6 HLEVEL 2 SDATA 1000")
STATUS = _layout("EDI_DS40", 562, """
    TABNAM 10 MANDT 3 DOCNUM 16 LOGDAT 8 LOGTIM 6 STATUS 2 STAMQU 3 STAMID 20 STAMNO 3 STATYP 1
    STAPA1 50 STAPA2 50 STAPA3 50 STAPA4 50 STATXT 70 UNAME 12 REPID 30 ROUTID 30 SEGNUM 6 SEGFLD 30
    REFINT 14 REFGRP 14 REFMES 14 ARCKEY 70""")  # fmt: skip

# -- segments (the SDATA of a data record) ------------------------------------------------------------------------

E1KNA1M = _layout("E1KNA1M", 391, """
    MSGFN 3 KUNNR 10 ANRED 15 AUFSD 2 BAHNE 25 BAHNS 25 BBBNR 7 BBSNR 5 BEGRU 4 BRSCH 4 BUBKZ 1 DATLT 14 FAKSD 2
    FISKN 10 KNRZA 10 KONZS 10 KTOKD 4 KUKLA 2 LAND1 3 LIFNR 10 LIFSD 2 LOCCO 10 LOEVM 1
    NAME1 35 NAME2 35 NAME3 35 NAME4 35 NIELS 2 ORT01 35 ORT02 35""")  # fmt: skip
# The site's subset of the company-code segment: the first seven fields stand as in the standard one, ZZ fields are own.
E1KNB1M = _layout("E1KNB1M", 108, """
    MSGFN 3 BUKRS 4 SPERR 1 LOEVM 1 ZUAWA 3 BUSAB 2 AKONT 10 ZTERM 4 ALTKN 10 ZZSRCID 50 ZZSTCEG 20""")  # fmt: skip
Z1SUBHD = _layout("Z1SUBHD", 223, """
    BLART 2 BUKRS 4 XBLNR 16 BLDAT 8 BUDAT 8 MONAT 2 WAERS 5 KURSF 12 BKTXT 25 KUNNR 10 ZTERM 4 ZFBDT 8 REBZG 16
    STGRD 2 ZSUBID 40 ZSRCSYS 10 ZSRCID 50 ZACTION 1""")  # fmt: skip
Z1SUBIT = _layout("Z1SUBIT", 210, """
    POSNR 6 BSCHL 2 KOART 1 HKONT 10 SHKZG 1 WRBTR 16 DMBTR 16 MWSKZ 2 FWBAS 16 KOSTL 10 PRCTR 10 MENGE 15 MEINS 3
    MATNR 18 SGTXT 50 ZUONR 18 ZPERFR 8 ZPERTO 8""")  # fmt: skip
Z1SUBTX = _layout("Z1SUBTX", 64, "POSNR 6 MWSKZ 2 KBETR 9 FWBAS 16 FWSTE 16 TXJCD 15")

SEGMENTS = {layout.name: layout for layout in (E1KNA1M, E1KNB1M, Z1SUBHD, Z1SUBIT, Z1SUBTX)}

# -- control files, answers and extracts --------------------------------------------------------------------------

CTL = _layout("CTL", 120, """
    RECTYP 3 IFACE 6 SNDPRN 10 RCVPRN 10 FILESEQ 6 CREDAT 8 CRETIM 6 IDOCCNT 8 SEGCNT 8 BASENAME 40 FILLER 15
    """)  # fmt: skip
TOT = _layout("TOT", 120, "RECTYP 3 WAERS 5 DEBTOT 18 CRETOT 18 KUNHASH 16 FILLER 60")
END = _layout("END", 120, "RECTYP 3 BYTELEN 12 SHA256 64 LINECNT 8 FILLER 33")
ACK = _layout("ACK", 160, "RECTYP 3 BASENAME 40 RESULT 3 CODE 12 IDOCCNT 8 POSTED 8 ERRORS 8 TEXT 78")
DOC = _layout("DOC", 160, """
    RECTYP 3 EXTDOC 16 DOCNUM 16 XBLNR 16 STATUS 2 BUKRS 4 BELNR 10 GJAHR 4 STAMID 20 STAMNO 3 TEXT 66""")  # fmt: skip
ZSUBPAY = _layout("ZSUBPAY", 120, """
    RECTYP 3 BUKRS 4 AUGBL 10 GJAHR 4 AUGDT 8 KUNNR 10 XBLNR 16 WAERS 5 WRBTR 16 SKONTO 16 RESTBT 16 BELNR 10
    FILLER 2""")  # fmt: skip
ZSUBPAY_END = _layout("ZSUBPAY trailer", 120, "RECTYP 3 COUNT 8 TOTAL 16 FILLER 93")
ZOPENITM = _layout("ZOPENITM", 160, """
    RECTYP 3 BUKRS 4 KUNNR 10 BELNR 10 GJAHR 4 BUZEI 3 BLART 2 XBLNR 16 BLDAT 8 BUDAT 8 ZFBDT 8 WAERS 5 WRBTR 16
    RESTBT 16 ZSUBID 40 FILLER 7""")  # fmt: skip
ZCUSTLST = _layout(
    "ZCUSTLST",
    160,
    """
    RECTYP 3 BUKRS 4 KUNNR 10 NAME1 35 NAME2 35 LAND1 3 ORT01 35 STCEG 20 FILLER 15""",
)
ZCUSTLST_END = _layout("ZCUSTLST trailer", 160, "RECTYP 3 COUNT 8 FILLER 149")
ZMIGCTL = _layout("ZMIGCTL", 80, "RECTYP 3 BUKRS 4 OBJTYP 10 OWNER 1 CUTDAT 8 FREEZE 1 WAVE 4 FILLER 49")
ZMIGCTL_END = _layout("ZMIGCTL trailer", 80, "RECTYP 3 COUNT 8 FILLER 69")
ZCUSTMAP = _layout("ZCUSTMAP", 120, "RECTYP 3 BUKRS 4 KUNNR 10 NSENTID 20 SFACCID 18 CBCUSTID 50 STATUS 1 FILLER 14")
ZCUSTMAP_END = _layout("ZCUSTMAP trailer", 120, "RECTYP 3 COUNT 8 FILLER 109")
ZOPENITM_END = _layout("ZOPENITM trailer", 160, "RECTYP 3 COUNT 8 FILLER 149")


RECORDS = {
    layout.name: layout for layout in (CONTROL, DATA, *SEGMENTS.values(), CTL, TOT, END, ACK, DOC, ZSUBPAY,
                                  ZOPENITM, ZCUSTLST, ZMIGCTL, ZCUSTMAP)
}  # fmt: skip
"""All that goes over the drop, by name."""


def encoded(line: str) -> bytes:
    """A rendered record as it stands in a file."""
    return line.encode("latin-1") + CRLF

"""Fixed-width records of the legacy ERP: offsets and lengths as data, and the one way to fill them."""

import unicodedata
from collections.abc import Mapping

from synccore.domain.money import plain

Layout = dict[str, tuple[int, int]]


def _table(total: int, text: str) -> tuple[Layout, int]:
    """A layout from 'NAME@offset+length …' as the vendor's page writes it."""
    fields: Layout = {}
    for word in text.split():
        name, _, place = word.partition("@")
        offset, _, length = place.partition("+")
        fields[name] = (int(offset), int(length))
    return fields, total


DC40 = _table(524, """
    TABNAM@0+10 MANDT@10+3 DOCNUM@13+16 DOCREL@29+4 STATUS@33+2 DIRECT@35+1 OUTMOD@36+1 IDOCTYP@39+30 MESTYP@99+30
    SNDPOR@148+10 SNDPRT@158+2 SNDPRN@162+10 RCVPOR@263+10 RCVPRT@273+2 RCVPRN@277+10 CREDAT@378+8 CRETIM@386+6
    ARCKEY@434+70 SERIAL@504+20""")  # fmt: skip
DD40 = _table(63, "SEGNAM@0+30 MANDT@30+3 DOCNUM@33+16 SEGNUM@49+6 PSGNUM@55+6 HLEVEL@61+2")
SDATA = 1000
E1KNA1M = _table(391, "MSGFN@0+3 KUNNR@3+10 KTOKD@147+4 LAND1@153+3 LOEVM@178+1 NAME1@179+35 NAME2@214+35 ORT01@321+35")
# the company-code segment as this site cuts it: standard up to AKONT, ZZ fields of its own behind
E1KNB1M = _table(108, "MSGFN@0+3 BUKRS@3+4 AKONT@14+10 ZTERM@24+4 ZZSRCID@38+50 ZZSTCEG@88+20")
Z1SUBHD = _table(
    223,
    """
    BLART@0+2 BUKRS@2+4 XBLNR@6+16 BLDAT@22+8 BUDAT@30+8 MONAT@38+2 WAERS@40+5 KURSF@45+12 BKTXT@57+25 KUNNR@82+10
    ZTERM@92+4 ZFBDT@96+8 REBZG@104+16 STGRD@120+2 ZSUBID@122+40 ZSRCSYS@162+10 ZSRCID@172+50 ZACTION@222+1""",
)
Z1SUBIT = _table(
    210,
    """
    POSNR@0+6 BSCHL@6+2 KOART@8+1 HKONT@9+10 SHKZG@19+1 WRBTR@20+16 DMBTR@36+16 MWSKZ@52+2 FWBAS@54+16 KOSTL@70+10
    PRCTR@80+10 MENGE@90+15 MEINS@105+3 MATNR@108+18 SGTXT@126+50 ZUONR@176+18 ZPERFR@194+8 ZPERTO@202+8""",
)
Z1SUBTX = _table(64, "POSNR@0+6 MWSKZ@6+2 KBETR@8+9 FWBAS@17+16 FWSTE@33+16 TXJCD@49+15")
CTL = _table(
    120,
    """
    RECTYP@0+3 IFACE@3+6 SNDPRN@9+10 RCVPRN@19+10 FILESEQ@29+6 CREDAT@35+8 CRETIM@43+6 IDOCCNT@49+8 SEGCNT@57+8
    BASENAME@65+40""",
)
TOT = _table(120, "RECTYP@0+3 WAERS@3+5 DEBTOT@8+18 CRETOT@26+18 KUNHASH@44+16")
END = _table(120, "RECTYP@0+3 BYTELEN@3+12 SHA256@15+64 LINECNT@79+8")


def record(layout: tuple[Layout, int], values: Mapping[str, str], right: tuple[str, ...] = ()) -> str:
    """A record of its full length, blank-padded; the named fields right-aligned. ValueError if a key does not fit.

    Free text that is too long is cut; characters outside Latin-1 are transliterated by `latin`.
    """
    fields, total = layout
    line = [" "] * total
    for name, value in values.items():
        offset, length = fields[name]
        text = latin(value)
        if len(text) > length:
            if name not in CUT:
                raise ValueError(f"{name} '{text}' is longer than {length} characters")
            text = text[:length]
        padded = text.rjust(length) if name in right else text.ljust(length)
        line[offset : offset + length] = padded
    return "".join(line)


CUT = ("NAME1", "NAME2", "ORT01", "BKTXT", "SGTXT", "ZUONR")
_PLAIN = str.maketrans({"–": "-", "—": "-", "‘": "'", "’": "'", "“": '"', "”": '"', "…": "...", "€": "EUR", "\t": " "})


def latin(text: str) -> str:
    """Text in ISO 8859-1 without line breaks: known signs by their plain form, accents dropped, the rest as '?'."""
    if text.isascii() and text.isprintable():
        return text
    plainer = " ".join(text.translate(_PLAIN).split("\n")).replace("\r", " ")
    result = []
    for char in plainer:
        if ord(char) < 256:
            result.append(char if ord(char) >= 32 else " ")
            continue
        base = unicodedata.normalize("NFKD", char).encode("latin-1", "ignore").decode("latin-1")
        result.append(base or "?")
    return "".join(result)


def money(amount_minor: int, currency: str) -> str:
    """An amount field's text: always positive, with the currency's own decimals."""
    return plain(abs(amount_minor), currency)

"""A business document as its segments say it: read into values, with what is wrong with a field as messages."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from simulators.erp_legacy.codecs import CodecError, alpha, parse_amount, parse_date
from simulators.erp_legacy.errors import Message, message
from simulators.kit.fidelity import approximate, exact

exact(
    "posting keys 01, 05, 11, 15, 40, 50; document types DR, DG, DZ, AB; KOART D and S; STBLG, AUGBL, REBZG, "
    "MONAT 1-16",
    source="documented",
    held_by="test_posting, test_payments",
)
approximate(
    "local amounts",
    "at the rate of the posting date; the largest G/L line takes the rounding; realised exchange differences post "
    "as AB. KURSF and DMBTR of the file are not read",
)

Segment = tuple[int, str, dict[str, str]]  # SEGNUM, SEGNAM, fields


@dataclass(frozen=True)
class Header:
    """Z1SUBHD. Dates are None where initial; `monat` 0 means: take it from BUDAT."""

    blart: str
    bukrs: str
    xblnr: str
    bldat: date
    budat: date
    monat: int
    waers: str
    kunnr: str
    bktxt: str = ""
    zterm: str = ""
    zfbdt: date | None = None
    rebzg: str = ""
    stgrd: str = ""
    zsubid: str = ""
    zsrcsys: str = ""
    zsrcid: str = ""
    action: str = "C"

    @property
    def period(self) -> int:
        """The posting period, 1-16."""
        return self.monat or self.budat.month


@dataclass(frozen=True)
class Item:
    """Z1SUBIT. `wrbtr` in minor units, always positive: the side is `shkzg` (S debit, H credit)."""

    posnr: str
    bschl: str
    koart: str
    hkont: str
    shkzg: str
    wrbtr: int
    mwskz: str = ""
    kostl: str = ""
    prctr: str = ""
    menge: str = ""
    meins: str = ""
    matnr: str = ""
    sgtxt: str = ""
    zuonr: str = ""
    zperfr: str = ""
    zperto: str = ""
    segment: int = 0


@dataclass(frozen=True)
class Tax:
    """Z1SUBTX: base and tax in minor units, rate in percent."""

    posnr: str
    mwskz: str
    kbetr: Decimal
    fwbas: int
    fwste: int
    segment: int = 0


@dataclass(frozen=True)
class Document:
    """One invoice, credit memo, payment, reversal or correction."""

    header: Header
    items: tuple[Item, ...] = ()
    taxes: tuple[Tax, ...] = ()

    @property
    def customer_side(self) -> str:
        """The side of the customer line; tax stands on the other one."""
        return next((item.shkzg for item in self.items if item.koart == "D"), "S")

    @property
    def tax_side(self) -> str:
        """Credit in an invoice, debit in a credit memo."""
        return "H" if self.customer_side == "S" else "S"


def read_document(segments: Sequence[Segment]) -> Document | list[Message]:
    """The document in these segments, or what is wrong with its fields (all of it, in order)."""
    errors: list[Message] = []
    number, _, fields = segments[0]
    header = _header(number, fields, errors)
    items, taxes = [], []
    for number, name, fields in segments[1:]:
        try:
            if name == "Z1SUBIT":
                items.append(_item(number, fields, header.waers))
            else:
                taxes.append(_tax(number, fields, header.waers))
        except CodecError as error:
            errors.append(message("field", number, name, why=error))
    return errors or Document(header, tuple(items), tuple(taxes))


def _header(number: int, fields: dict[str, str], errors: list[Message]) -> Header:
    for name in ("BLART", "BUKRS", "XBLNR", "BLDAT", "BUDAT", "WAERS", "KUNNR"):
        if not fields[name].strip() or fields[name] == "00000000":
            errors.append(message("required", number, name))
    if fields["ZACTION"] == "R":
        errors.extend(message("required", number, name) for name in ("REBZG", "STGRD") if not fields[name].strip())
    days = {name: _day(number, name, fields, errors) for name in ("BLDAT", "BUDAT", "ZFBDT")}
    monat = fields["MONAT"].strip()
    if monat and not (monat.isascii() and monat.isdigit() and 0 <= int(monat) <= 16):
        errors.append(message("field", number, "MONAT", why=f"{monat!r} is not a period"))
        monat = ""
    return Header(
        blart=fields["BLART"], bukrs=fields["BUKRS"], xblnr=fields["XBLNR"], bldat=days["BLDAT"] or date.min,
        budat=days["BUDAT"] or date.min, monat=int(monat or 0), waers=fields["WAERS"], kunnr=alpha(fields["KUNNR"]),
        bktxt=fields["BKTXT"], zterm=fields["ZTERM"], zfbdt=days["ZFBDT"], rebzg=fields["REBZG"],
        stgrd=fields["STGRD"], zsubid=fields["ZSUBID"], zsrcsys=fields["ZSRCSYS"], zsrcid=fields["ZSRCID"],
        action=fields["ZACTION"] or "C",
    )  # fmt: skip


def _day(number: int, name: str, fields: dict[str, str], errors: list[Message]) -> date | None:
    try:
        return parse_date(fields[name])
    except CodecError as error:
        errors.append(message("field", number, name, why=error))
        return None


def _item(number: int, fields: dict[str, str], waers: str) -> Item:
    return Item(
        posnr=fields["POSNR"], bschl=fields["BSCHL"], koart=fields["KOART"], hkont=alpha(fields["HKONT"]),
        shkzg=fields["SHKZG"], wrbtr=parse_amount(fields["WRBTR"], waers), mwskz=fields["MWSKZ"],
        kostl=fields["KOSTL"], prctr=fields["PRCTR"], menge=fields["MENGE"].strip(), meins=fields["MEINS"],
        matnr=fields["MATNR"], sgtxt=fields["SGTXT"], zuonr=fields["ZUONR"], zperfr=fields["ZPERFR"],
        zperto=fields["ZPERTO"], segment=number,
    )  # fmt: skip


def _tax(number: int, fields: dict[str, str], waers: str) -> Tax:
    try:
        rate = Decimal(fields["KBETR"].strip() or "0")
        if not rate.is_finite() or rate < 0:
            raise InvalidOperation
    except InvalidOperation as error:
        raise CodecError(f"KBETR {fields['KBETR'].strip()!r} is not a rate") from error
    return Tax(fields["POSNR"], fields["MWSKZ"], rate, parse_amount(fields["FWBAS"], waers),
               parse_amount(fields["FWSTE"], waers), number)  # fmt: skip

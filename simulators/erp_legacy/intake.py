"""The checks of one file pair before anything of it is looked at as a document: control records against content."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from simulators.erp_legacy.codecs import CodecError, kunnr_hash, parse_amount
from simulators.erp_legacy.errors import FileRefusal
from simulators.erp_legacy.layouts import CONTROL, CTL, DATA, E1KNA1M, END, TOT, Z1SUBHD, Z1SUBIT, Z1SUBTX, Layout
from simulators.kit.fidelity import approximate

approximate("a rejected structure or partner profile", "stops the one IDoc (60, 56), not the file")

NAME = re.compile(r"(?P<iface>[A-Z]+)_(?P<sender>[A-Z0-9]+)_(?P<date>[0-9]{8})_(?P<seq>[0-9]{6})(?P<resend>R[0-9]+)?")
INTERFACES = {"CUST": "DEBMAS", "BILL": "ZSUBINV", "PAY": "ZSUBINV"}  # interface -> message type it carries
INTERFACE_ORDER = ("CUST", "BILL", "PAY")  # within a window: masters, then invoices, then what pays them
_FORBIDDEN = re.compile(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True)
class Totals:
    """Sums over one currency, minor units; `debit_as_credit` is the tax of credit memos (see FIDELITY)."""

    debit: int = 0
    credit: int = 0
    kunhash: int = 0
    debit_as_credit: int = 0


@dataclass(frozen=True)
class Control:
    """What a control file says."""

    iface: str
    sender: str
    receiver: str
    sequence: int
    idocs: int
    segments: int
    base: str
    totals: dict[str, Totals]
    bytes: int
    sha256: str
    lines: int


@dataclass
class Content:
    """What a data file holds, summed line by line."""

    lines: int = 0
    idocs: int = 0
    segments: int = 0
    totals: dict[str, Totals] = field(default_factory=dict)


def refuse(code: str, text: str) -> FileRefusal:
    """A refusal; the code is one of errors.FileCode."""
    return FileRefusal(code, text)  # type: ignore[arg-type]


# -- the control file -----------------------------------------------------------------------------------------------


def read_control(base: str, data: bytes) -> Control | FileRefusal:
    """Parse a control file: one CTL, any number of TOT (one a currency), one END."""
    lines = data.split(b"\r\n")
    if lines.pop() != b"":
        return refuse("RECLEN", "the control file's last line lacks CRLF")
    for number, line in enumerate(lines, 1):
        if _FORBIDDEN.search(line):
            return refuse("CHARSET", f"control line {number} is not ISO 8859-1 text")
        if len(line) != CTL.length:
            return refuse("RECLEN", f"control line {number} has {len(line)} bytes, not {CTL.length}")
    texts = [line.decode("latin-1") for line in lines]
    kinds = [text[:3].strip() for text in texts]
    if len(kinds) < 2 or kinds[0] != "CTL" or kinds[-1] != "END" or any(kind != "TOT" for kind in kinds[1:-1]):
        return refuse("BAD_RECORD", f"a control file is CTL, TOT ..., END; this one is {' '.join(kinds) or 'empty'}")
    try:
        return _control(base, texts)
    except CodecError as error:
        return refuse("BAD_RECORD", f"control file: {error}")


def _control(base: str, texts: list[str]) -> Control:
    head, tail = CTL.parse(texts[0]), END.parse(texts[-1])
    if head["BASENAME"] != base:
        raise CodecError(f"BASENAME {head['BASENAME']!r} is not the file's name {base!r}")
    totals: dict[str, Totals] = {}
    for text in texts[1:-1]:
        row = TOT.parse(text)
        currency = row["WAERS"]
        if currency in totals:
            raise CodecError(f"two TOT lines for {currency or 'no currency'}")
        totals[currency] = Totals(_number(TOT, text, "DEBTOT"), _number(TOT, text, "CRETOT"),
                                  _number(TOT, text, "KUNHASH"))  # fmt: skip
    first, last = texts[0], texts[-1]
    return Control(
        head["IFACE"], head["SNDPRN"], head["RCVPRN"], _number(CTL, first, "FILESEQ"), _number(CTL, first, "IDOCCNT"),
        _number(CTL, first, "SEGCNT"), base, totals, _number(END, last, "BYTELEN"), tail["SHA256"].strip(),
        _number(END, last, "LINECNT"),
    )  # fmt: skip


def _number(layout: Layout, line: str, name: str) -> int:
    text = layout.value(line, name)
    if not (text.isascii() and text.isdigit()):
        raise CodecError(f"{layout.name}.{name} is {text!r}, not a number")
    return int(text)


# -- the data file --------------------------------------------------------------------------------------------------


def check_transfer(control: Control, size: int, chunks: Iterable[bytes]) -> FileRefusal | None:
    """BYTELEN, then SHA-256."""
    if size != control.bytes:
        return refuse("CTL_LENGTH", f"the file has {size} bytes, the control file says {control.bytes}")
    digest = hashlib.sha256()
    for chunk in chunks:
        digest.update(chunk)
    if digest.hexdigest() != control.sha256:
        return refuse("CTL_CHECKSUM", f"SHA-256 {digest.hexdigest()[:16]}… is not the control file's")
    return None


def check_lines(lines: Iterable[bytes]) -> FileRefusal | None:
    """Every line: ISO 8859-1 graphic characters, CRLF, the length of its record."""
    for number, line in enumerate(lines, 1):
        if number == 1 and line.startswith(_BOMS):
            return refuse("CHARSET", "line 1 begins with a byte order mark")
        body = line[:-2] if line.endswith(b"\r\n") else line
        if _FORBIDDEN.search(body):
            return refuse("CHARSET", f"line {number} has bytes that are no ISO 8859-1 text")
        if body is line:
            return refuse("RECLEN", f"line {number} lacks CRLF")
        wanted = CONTROL.length if body.startswith(b"EDI_DC40") else DATA.length
        if len(body) != wanted:
            return refuse("RECLEN", f"line {number} has {len(body)} bytes, not {wanted}")
        if b"\n" in body or b"\r" in body:
            return refuse("RECLEN", f"line {number} has a lone CR or LF")
    return None


def read_content(lines: Iterable[bytes]) -> Content | FileRefusal:
    """Sum up a data file whose lines are sound; a record that cannot stand where it stands is BAD_RECORD."""
    content = Content()
    document: _Summing | None = None
    for number, raw in enumerate(lines, 1):
        line = raw[:-2].decode("latin-1")
        content.lines += 1
        try:
            if line.startswith("EDI_DC40"):
                if document is not None:
                    document.add_to(content)
                document = _Summing(CONTROL.value(line, "DOCNUM"))
                content.idocs += 1
            elif document is None:
                return refuse("BAD_RECORD", f"line {number}: a data record before any control record")
            else:
                document.take(line)
                content.segments += 1
        except CodecError as error:
            return refuse("BAD_RECORD", f"line {number}: {error}")
    if document is not None:
        document.add_to(content)
    return content


class _Summing:
    """One document's share of the totals."""

    def __init__(self, docnum: str) -> None:
        if not docnum:
            raise CodecError("the control record has no DOCNUM")
        self._docnum, self._currency, self._kunnr = docnum, "", ""
        self._debit = self._credit = self._tax = 0
        self._customer_side = "S"

    def take(self, line: str) -> None:
        """Count one data record in."""
        if DATA.value(line, "DOCNUM") != self._docnum:
            raise CodecError(f"DOCNUM {DATA.value(line, 'DOCNUM')!r} is not its control record's {self._docnum!r}")
        name, sdata = DATA.value(line, "SEGNAM"), line[63:]
        if not name:
            raise CodecError("no segment name")
        if name == "Z1SUBHD":
            self._currency, self._kunnr = Z1SUBHD.value(sdata, "WAERS"), Z1SUBHD.value(sdata, "KUNNR")
        elif name == "E1KNA1M":
            self._kunnr = E1KNA1M.value(sdata, "KUNNR")
        elif name == "Z1SUBIT":
            self._item(sdata)
        elif name == "Z1SUBTX":
            self._tax += parse_amount(Z1SUBTX.value(sdata, "FWSTE"), self._currency)

    def _item(self, sdata: str) -> None:
        amount, side = parse_amount(Z1SUBIT.value(sdata, "WRBTR"), self._currency), Z1SUBIT.value(sdata, "SHKZG")
        if side not in ("S", "H"):
            raise CodecError(f"SHKZG {side!r} is neither S nor H")
        if side == "S":
            self._debit += amount
        else:
            self._credit += amount
        if Z1SUBIT.value(sdata, "KOART") == "D":
            self._customer_side = side

    def add_to(self, content: Content) -> None:
        """The document is whole: add it up."""
        old = content.totals.get(self._currency, Totals())
        memo_tax = self._tax if self._customer_side == "H" else 0
        content.totals[self._currency] = Totals(
            old.debit + self._debit + memo_tax, old.credit + self._credit + self._tax - memo_tax,
            old.kunhash + kunnr_hash(self._kunnr), old.debit_as_credit + memo_tax,
        )  # fmt: skip


def check_sums(control: Control, content: Content) -> FileRefusal | None:
    """Counts, then totals, then hash."""
    counts = ((control.idocs, content.idocs, "IDOCCNT"), (control.segments, content.segments, "SEGCNT"),
              (control.lines, content.lines, "LINECNT"))  # fmt: skip
    for said, found, name in counts:
        if said != found:
            return refuse("CTL_COUNT", f"{name} says {said}, the file has {found}")
    errors = (*_total_errors(control.totals, content.totals), *_hash_errors(control.totals, content.totals))
    return errors[0] if errors else None


def _total_errors(stated: dict[str, Totals], found: dict[str, Totals]) -> Iterator[FileRefusal]:
    for currency in dict.fromkeys((*stated, *found)):
        if currency not in stated and not currency:
            continue  # customer files carry no money: their TOT line (blank currency) may be left out
        said, sums = stated.get(currency, Totals()), found.get(currency, Totals())
        memo = sums.debit_as_credit
        readings = ((sums.debit, sums.credit), (sums.debit - memo, sums.credit + memo))
        if (said.debit, said.credit) not in readings:
            yield refuse("CTL_TOTAL", f"{currency or 'no currency'}: control file {said.debit}/{said.credit}, "
                                      f"content {sums.debit}/{sums.credit}")  # fmt: skip


def _hash_errors(stated: dict[str, Totals], found: dict[str, Totals]) -> Iterator[FileRefusal]:
    for currency, sums in found.items():
        if currency not in stated:
            continue
        if stated[currency].kunhash != sums.kunhash:
            yield refuse("CTL_HASH", f"{currency or 'no currency'}: KUNHASH says {stated[currency].kunhash}, "
                                     f"content {sums.kunhash}")  # fmt: skip

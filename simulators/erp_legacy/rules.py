"""What the legacy ledger accepts: pure checks of one document against master data, periods, taxes and balance."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from simulators.erp_legacy.codecs import plain_amount, rounded
from simulators.erp_legacy.documents import Document, Item
from simulators.erp_legacy.errors import Message, message

# Posting key -> account type, side, and the document types it belongs to (none: any).
POSTING_KEYS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "01": ("D", "S", ("DR",)),
    "05": ("D", "S", ("DZ", "AB")),
    "11": ("D", "H", ("DG",)),
    "15": ("D", "H", ("DZ", "AB")),
    "40": ("S", "S", ()),
    "50": ("S", "H", ()),
}
DOCUMENT_TYPES = {"BILL": ("DR", "DG", "AB"), "PAY": ("DZ",), "BANK": ("DZ",)}  # by interface
ACTIONS = ("C", "R", "X")


@dataclass(frozen=True)
class Account:
    """A G/L account. Kind D is a reconciliation account; `co` demands a cost or profit centre."""

    number: str
    kind: str
    co: bool = False


@dataclass(frozen=True)
class TaxRate:
    """A tax code's rate in percent, valid from and to (both days included), and its tax account."""

    mwskz: str
    rate: Decimal
    hkont: str
    valid_from: date
    valid_to: date


@dataclass(frozen=True)
class OpenPeriods:
    """One row of the period control: account type (`+` holds for all) and the open ranges, each as YYYYPP."""

    koart: str
    ranges: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Original:
    """The document that REBZG names."""

    belnr: str
    gjahr: str
    blart: str
    bldat: date
    budat: date
    stblg: str
    touched: bool  # something was applied to it or cleared with it
    gross: int
    waers: str
    rest: int = 0  # what of its customer item is open
    side: str = "S"  # of that item


@dataclass(frozen=True)
class Facts:
    """What the ledger knows that matters to one document."""

    iface: str
    local: str | None  # currency of the company code; None: no such company code
    customer_akont: str | None  # reconciliation account in KNB1; None: not defined there
    customer_blocked: bool
    accounts: Mapping[str, Account]
    taxes: tuple[TaxRate, ...]
    periods: tuple[OpenPeriods, ...]
    duplicate: tuple[str, str] | None  # BELNR, GJAHR
    original: Original | None
    rate: Decimal | None
    tolerance_minor: int = 1  # per item line: lines are rounded one by one


Check = Callable[[Document, Facts], Iterator[Message]]


def check(document: Document, facts: Facts) -> list[Message]:
    """Everything that speaks against posting, in the order in which the ledger looks; empty: it can be posted."""
    return [found for rule in CHECKS[document.header.action if document.header.action in ACTIONS else "C"]
            for found in rule(document, facts)]  # fmt: skip


def period_open(rows: Sequence[OpenPeriods], koart: str, year: int, period: int) -> bool:
    """Whether an account type may be posted in a period: the `+` row must allow it, and the type's own if any."""
    named = [row for row in rows if row.koart in ("+", koart)]
    return bool(named) and all(_covers(row, year * 100 + period) for row in named)


def _covers(row: OpenPeriods, key: int) -> bool:
    return any(first <= key <= last for first, last in row.ranges)


def tax_rate(rates: Sequence[TaxRate], mwskz: str, day: date) -> TaxRate | None:
    """The youngest rate of a code that is valid on a day."""
    valid = [rate for rate in rates if rate.mwskz == mwskz and rate.valid_from <= day <= rate.valid_to]
    return max(valid, key=lambda rate: rate.valid_from, default=None)


# -- the checks -----------------------------------------------------------------------------------------------------


def _kind(document: Document, facts: Facts) -> Iterator[Message]:
    header = document.header
    if header.action not in ACTIONS:
        yield message("action", 1, "ZACTION", action=header.action)
    if header.blart not in DOCUMENT_TYPES.get(facts.iface, ()):
        yield message("blart", 1, "BLART", blart=header.blart, iface=facts.iface)


def _company(document: Document, facts: Facts) -> Iterator[Message]:
    if facts.local is None:
        yield message("company", 1, "BUKRS", bukrs=document.header.bukrs)


def _posting_date(document: Document, _facts: Facts) -> Iterator[Message]:
    header = document.header
    special = header.period > 12 and header.budat.month == 12
    if header.period != header.budat.month and not special:
        yield message("posting_date", 1, "MONAT", budat=f"{header.budat:%Y%m%d}", period=f"{header.period:02d}")


def _period(document: Document, facts: Facts) -> Iterator[Message]:
    header = document.header
    for koart in dict.fromkeys(("D", *(item.koart for item in document.items))):
        if not period_open(facts.periods, koart, header.budat.year, header.period):
            yield message("period", 1, "BUDAT", period=f"{header.period:03d}", year=header.budat.year, koart=koart,
                          bukrs=header.bukrs)  # fmt: skip
            return


def _customer(document: Document, facts: Facts) -> Iterator[Message]:
    header = document.header
    if facts.customer_akont is None:
        yield message("no_customer", 1, "KUNNR", kunnr=header.kunnr, bukrs=header.bukrs)
    elif facts.customer_blocked:
        yield message("blocked", 1, "KUNNR", kunnr=header.kunnr, bukrs=header.bukrs)


def _duplicate(document: Document, facts: Facts) -> Iterator[Message]:
    if facts.duplicate is not None:
        belnr, gjahr = facts.duplicate
        header = document.header
        yield message("duplicate", 1, "XBLNR", xblnr=header.xblnr, belnr=belnr, gjahr=gjahr, bukrs=header.bukrs)


def _reference(document: Document, facts: Facts) -> Iterator[Message]:
    header = document.header
    needed = header.blart == "AB" or (header.blart == "DG" and header.rebzg)
    if needed and facts.original is None:
        yield message("no_original", 1, "REBZG", rebzg=header.rebzg, bukrs=header.bukrs)


def _transfer(document: Document, facts: Facts) -> Iterator[Message]:
    """A transfer posting (AB) takes an open item, or a part of it, to an account of the ledger: no more than is open,
    from the other side, and without tax, which was declared with the item itself.
    """
    header, original = document.header, facts.original
    if header.blart != "AB" or original is None:
        return
    gross = sum(item.wrbtr for item in document.items if item.koart == "D")
    if original.stblg:
        yield message("reversed", 1, "REBZG", belnr=original.belnr, gjahr=original.gjahr, stblg=original.stblg)
    elif header.waers != original.waers or document.customer_side == original.side or gross > original.rest:
        yield message("difference", 1, "WRBTR", belnr=original.belnr, gjahr=original.gjahr, waers=original.waers,
                      rest=plain_amount(original.rest, original.waers))  # fmt: skip
    if document.taxes or any(item.mwskz for item in document.items):
        yield message("tax", 1, "MWSKZ", mwskz="(any)", why="a transfer posting carries no tax")


def _lines(document: Document, facts: Facts) -> Iterator[Message]:
    customers = [item for item in document.items if item.koart == "D"]
    if len(customers) != 1:
        yield message("customer_line", 1, count=len(customers))
    for item in document.items:
        yield from _posting_key(document, item)
        if item.koart == "D":
            yield from _customer_line(document, item, facts)
        else:
            yield from _ledger_line(document, item, facts)


def _posting_key(document: Document, item: Item) -> Iterator[Message]:
    blart = document.header.blart
    koart, shkzg, types = POSTING_KEYS.get(item.bschl, ("", "", ()))
    if (koart, shkzg) != (item.koart, item.shkzg) or (types and blart not in types):
        yield message("key", item.segment, "BSCHL", bschl=item.bschl, koart=item.koart, shkzg=item.shkzg, blart=blart)


def _customer_line(document: Document, item: Item, facts: Facts) -> Iterator[Message]:
    if not item.wrbtr:
        yield message("required", item.segment, "WRBTR")
    if item.hkont not in ("", document.header.kunnr, facts.customer_akont):
        yield message("account", item.segment, "HKONT", account=item.hkont, bukrs=document.header.bukrs,
                      why="the customer's reconciliation account is another")  # fmt: skip


def _ledger_line(document: Document, item: Item, facts: Facts) -> Iterator[Message]:
    bukrs, account = document.header.bukrs, facts.accounts.get(item.hkont)
    if not item.hkont:
        yield message("required", item.segment, "HKONT")
    elif account is None:
        yield message("account", item.segment, "HKONT", account=item.hkont, bukrs=bukrs, why="it does not exist")
    elif account.kind == "D":
        yield message("account", item.segment, "HKONT", account=item.hkont, bukrs=bukrs,
                      why="a reconciliation account is not posted directly")  # fmt: skip
    elif account.co and not (item.kostl or item.prctr):
        yield message("cost_object", item.segment, "KOSTL", account=item.hkont)
    elif account.kind == "revenue" and not item.mwskz:
        yield message("tax", item.segment, "MWSKZ", mwskz="(none)", why=f"revenue account {item.hkont} needs one")


def tax_point(document: Document, facts: Facts) -> date:
    """The document date; a credit memo is taxed as its invoice was, so it takes the original's."""
    if facts.original is not None and document.header.blart == "DG":
        return facts.original.bldat
    return document.header.bldat


def _tax(document: Document, facts: Facts) -> Iterator[Message]:
    day = tax_point(document, facts)
    bases: dict[str, int] = {}
    for item in document.items:
        if item.koart == "S" and item.mwskz:
            sign = 1 if item.shkzg == document.tax_side else -1
            bases[item.mwskz] = bases.get(item.mwskz, 0) + sign * item.wrbtr
    for code in dict.fromkeys((*bases, *(tax.mwskz for tax in document.taxes))):
        yield from _tax_code(document, facts, code, bases.get(code, 0), day)


def _tax_code(document: Document, facts: Facts, code: str, base: int, day: date) -> Iterator[Message]:
    waers = document.header.waers
    segments = [tax for tax in document.taxes if tax.mwskz == code]
    place = segments[0].segment if segments else 1
    valid = tax_rate(facts.taxes, code, day)
    if valid is None:
        yield message("tax", place, "MWSKZ", mwskz=code, why=f"not defined in {document.header.bukrs} on {day:%Y%m%d}")
        return
    for tax in segments:
        if tax.kbetr != valid.rate:
            yield message("tax", tax.segment, "KBETR", mwskz=code,
                          why=f"rate {tax.kbetr} is not {valid.rate} of {day:%Y%m%d}")  # fmt: skip
            return
    stated_base, stated_tax = sum(tax.fwbas for tax in segments), sum(tax.fwste for tax in segments)
    if (segments or valid.rate) and stated_base != base:
        why = f"base {plain_amount(stated_base, waers)} is not {plain_amount(base, waers)} of the lines"
        yield message("tax", place, "FWBAS", mwskz=code, why=why)
        return
    expected = rounded(Decimal(base) * valid.rate / 100)
    lines = sum(1 for item in document.items if item.mwskz == code)
    if abs(expected - stated_tax) > facts.tolerance_minor * max(1, lines):
        why = f"tax {plain_amount(stated_tax, waers)}, computed {plain_amount(expected, waers)}"
        yield message("tax", place, "FWSTE", mwskz=code, why=why)


def _balance(document: Document, _facts: Facts) -> Iterator[Message]:
    sums = {"S": 0, "H": 0}
    for item in document.items:
        sums["S" if item.shkzg == "S" else "H"] += item.wrbtr
    sums[document.tax_side] += sum(tax.fwste for tax in document.taxes)
    difference = sums["S"] - sums["H"]
    if difference:
        waers = document.header.waers
        yield message("balance", difference=plain_amount(difference, waers), waers=waers)


def _rate(document: Document, facts: Facts) -> Iterator[Message]:
    header = document.header
    if facts.local is not None and facts.rate is None:
        yield message("rate", 1, "WAERS", waers=header.waers, local=facts.local, budat=f"{header.budat:%Y%m%d}")


def _reversal(document: Document, facts: Facts) -> Iterator[Message]:
    header, original = document.header, facts.original
    if original is None:
        yield message("no_original", 1, "REBZG", rebzg=header.rebzg, bukrs=header.bukrs)
    elif original.stblg:
        yield message("reversed", 1, "REBZG", belnr=original.belnr, gjahr=original.gjahr, stblg=original.stblg)
    elif original.touched and original.blart != "DZ":  # a payment is taken back together with its clearing
        yield message("cleared", 1, "REBZG", belnr=original.belnr, gjahr=original.gjahr)
    else:
        day = reversal_date(header.budat, original, facts)
        if not period_open(facts.periods, "D", day.year, day.month):
            yield message("period", 1, "BUDAT", period=f"{day.month:03d}", year=day.year, koart="D", bukrs=header.bukrs)


def reversal_date(asked: date, original: Original, facts: Facts) -> date:
    """A reversal posts in the original's period while that is open, else on the date it asks for."""
    day = original.budat
    return day if period_open(facts.periods, "D", day.year, day.month) else asked


def _correction(document: Document, facts: Facts) -> Iterator[Message]:
    header, original = document.header, facts.original
    gross = sum(item.wrbtr for item in document.items if item.koart == "D")
    if original is None:
        yield message("no_original", 1, "REBZG", rebzg=header.rebzg or header.xblnr, bukrs=header.bukrs)
    elif original.stblg:
        yield message("reversed", 1, "REBZG", belnr=original.belnr, gjahr=original.gjahr, stblg=original.stblg)
    elif header.waers != original.waers or (document.items and gross != original.gross):
        yield message("amounts", 1, "WRBTR", belnr=original.belnr, gjahr=original.gjahr)


CHECKS: dict[str, tuple[Check, ...]] = {
    "C": (_kind, _company, _posting_date, _period, _customer, _duplicate, _reference, _transfer, _lines, _tax, _balance,
          _rate),
    "R": (_kind, _company, _reversal),
    "X": (_kind, _company, _correction),
}  # fmt: skip

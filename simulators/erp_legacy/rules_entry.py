"""From an accepted document to ledger lines: posting keys, tax lines, local currency. Pure."""

from dataclasses import dataclass, replace
from decimal import Decimal

from simulators.erp_legacy.codecs import convert, rounded
from simulators.erp_legacy.documents import Document, Item
from simulators.erp_legacy.rules import Facts, tax_point, tax_rate

NUMBER_RANGES = {"DR": "18", "DG": "16", "DZ": "14", "AB": "01"}  # document type -> first digits of BELNR


@dataclass(frozen=True)
class Line:
    """One ledger line; `wrbtr` and `dmbtr` in minor units of document and local currency, the side in `shkzg`."""

    bschl: str
    koart: str
    hkont: str
    shkzg: str
    wrbtr: int
    dmbtr: int
    mwskz: str = ""
    fwbas: int = 0
    item: Item | None = None  # the segment it came from


def opposite(side: str) -> str:
    """The other side of an account."""
    return "H" if side == "S" else "S"


def entry_lines(document: Document, facts: Facts) -> list[Line]:
    """Items in their order, then a line per tax segment that carries tax; balanced in both currencies."""
    assert facts.local is not None and facts.rate is not None and facts.customer_akont is not None
    waers = document.header.waers

    def local(minor: int) -> int:
        assert facts.local is not None and facts.rate is not None
        return convert(minor, waers, facts.rate, facts.local)

    lines = [
        Line(item.bschl, item.koart, facts.customer_akont if item.koart == "D" else item.hkont, item.shkzg, item.wrbtr,
             local(item.wrbtr), item.mwskz, 0, item)
        for item in document.items
    ]  # fmt: skip
    side = document.tax_side
    for tax in document.taxes:
        code = tax_rate(facts.taxes, tax.mwskz, tax_point(document, facts))
        if tax.fwste and code is not None:
            key = "50" if side == "H" else "40"
            lines.append(Line(key, "S", code.hkont, side, tax.fwste, local(tax.fwste), tax.mwskz, tax.fwbas))
    return _balanced_locally(lines)


def _balanced_locally(lines: list[Line]) -> list[Line]:
    """Rounding line by line can leave a difference in local currency: the largest G/L line takes it."""
    difference = sum(line.dmbtr if line.shkzg == "S" else -line.dmbtr for line in lines)
    if not difference:
        return lines
    ledger = [index for index, line in enumerate(lines) if line.koart == "S"]
    taker = max(ledger, key=lambda index: lines[index].dmbtr)
    line = lines[taker]
    lines[taker] = replace(line, dmbtr=line.dmbtr + (difference if line.shkzg == "H" else -difference))
    return lines


def share(total: int, part: int, whole: int) -> int:
    """`total` x part / whole: the local value of a part of an item."""
    return rounded(Decimal(total) * part / whole) if whole else 0

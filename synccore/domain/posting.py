"""How a bill is posted: its lines with the product and the tax code of the ledger, proven to sum to the bill."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from synccore.domain.bills import Bill, BillLine
from synccore.domain.mappings import Item, TaxMap, TaxRule
from synccore.domain.tax import Untaxable, off_by, rule_of_bill_line


@dataclass(frozen=True)
class PostingLine:
    """One line as a ledger takes it, minor units. `sku` is empty for the bill's rounding difference."""

    sku: str
    item: Item | None
    line: BillLine
    rule: TaxRule


@dataclass(frozen=True)
class Unpostable:
    """Why a bill may not be posted: `kind` of exception and reason."""

    kind: str
    reason: str


def line_key(line: BillLine) -> str:
    """What names the product of a line: its item price, or the product code that an ad hoc charge carries."""
    return line.item_price or line.description


def posting_lines(
    bill: Bill, taxes: TaxMap | None, product: Callable[[BillLine], tuple[str, Item]], on: date
) -> list[PostingLine] | Unpostable:
    """All lines with their treatment, or why not: unknown rate, tax beyond tolerance, lines that miss the total."""
    if taxes is None:
        return Unpostable("missing_tax_profile", "the entity has no tax map")
    lines: list[PostingLine] = []
    for line in bill.lines:
        free = not line.net and not line.tax
        rule = rule_of_bill_line(taxes, bill.address, bill.tax_id, line.tax_rate, on, free)
        if isinstance(rule, Untaxable):
            return Unpostable("tax_mismatch", f"bill {bill.id}: {rule.reason}")
        difference = off_by(line.net, line.tax_rate, line.tax)
        if difference:
            reason = f"bill {bill.id}: tax {line.tax} on {line.net} at {line.tax_rate} % is off by {difference}"
            return Unpostable("tax_mismatch", reason)
        sku, item = product(line)
        lines.append(PostingLine(sku, item, line, rule))
    net, tax = sum(line.net for line in bill.lines), sum(line.tax for line in bill.lines)
    if net + tax + bill.round_off != bill.gross:
        reason = f"bill {bill.id}: lines {net} + tax {tax} + rounding {bill.round_off} are not its total {bill.gross}"
        return Unpostable("bill_inconsistent", reason)
    return lines

"""The tax report for people: one row per entity, month, ledger, currency and tax code; its documents as CSV."""

import csv
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from harness.money import exponent, text
from harness.taxes import TaxLine, Total

COLUMNS = (
    "entity", "period", "on", "ledger", "currency", "code", "rate", "kind", "document", "number", "base", "tax",
)  # fmt: skip
_PLAIN = ("'", "=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute, or take for its mark of a text


def tax_table(rows: Iterable[Total]) -> Table:
    """Totals, amounts in major units."""
    table = Table(title="Tax by tax point, from the ledgers' own books")
    for name in ("entity", "month", "ledger", "code", "rate %"):
        table.add_column(name)
    for name in ("documents", "base", "tax"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        amounts = (f"{text(amount, row.currency)} {row.currency}" for amount in (row.base, row.tax))
        table.add_row(
            row.entity, row.period, row.ledger, row.code or "none", row.rate, str(row.documents), *amounts
        )  # fmt: skip
    return table


def write_taxes(path: Path, lines: Iterable[TaxLine]) -> None:
    """One row per document and tax code, amounts in major units without separators."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        for one in lines:
            cells = {name: str(value) for name, value in asdict(one).items()} | {"period": one.period}
            cells = {name: f"'{value}" if value.startswith(_PLAIN) else value for name, value in cells.items()}
            writer.writerow(cells | {name: _major(getattr(one, name), one.currency) for name in ("base", "tax")})


def _major(amount_minor: int, currency: str) -> str:
    return text(amount_minor, currency).replace(",", "") if exponent(currency) else str(amount_minor)

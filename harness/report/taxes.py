"""The tax report for people: one row per entity, month, ledger, currency and tax code; its documents as CSV."""

import csv
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from harness.money import exponent, text
from harness.tax_lines import TaxLine
from harness.taxes import Total

COLUMNS = (
    "entity", "period", "on", "ledger", "currency", "code", "rate", "kind", "document", "number", "base", "tax",
    "local_currency", "local_base", "local_tax",
)  # fmt: skip
_PLAIN = ("'", "=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute, or take for its mark of a text


def tax_table(rows: Iterable[Total]) -> Table:
    """Totals, amounts in major units; in local currency too, as the entity declares them."""
    table = Table(title="Tax by tax point, from the ledgers' own books")
    for name in ("entity", "month", "ledger", "code", "rate %"):
        table.add_column(name)
    for name in ("documents", "base", "tax", "base, local", "tax, local"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        amounts = [f"{text(amount, row.currency)} {row.currency}" for amount in (row.base, row.tax)]
        local = row.local_currency
        amounts += [f"{text(amount, local)} {local}" for amount in (row.local_base, row.local_tax)]
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
            for name in ("base", "tax"):
                cells[name] = _major(getattr(one, name), one.currency)
                cells[f"local_{name}"] = _major(getattr(one, f"local_{name}"), one.local_currency)
            writer.writerow(cells)


def _major(amount_minor: int, currency: str) -> str:
    return text(amount_minor, currency).replace(",", "") if exponent(currency) else str(amount_minor)

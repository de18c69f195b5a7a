"""Queries of people over the books of a report, which the core keeps as a DuckDB file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

SHOWN = 50  # rows on a terminal; JSON has all


def query(content: bytes, sql: str) -> list[dict[str, Any]]:
    """The answer of a query, a mapping a row. The file is a copy, and nothing else of the machine can be reached.

    Raises ValueError with DuckDB's own words for a query that it does not understand.
    """
    import duckdb  # noqa: PLC0415 - a tenth of a second that other commands need not spend

    with TemporaryDirectory(prefix="windtunnel-books-") as folder:
        path = Path(folder) / "books.duckdb"
        path.write_bytes(content)
        with duckdb.connect(str(path), read_only=True, config={"enable_external_access": "false"}) as connection:
            try:
                found = connection.execute(sql)
                names = [column[0] for column in found.description or ()]
                return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
            except duckdb.Error as error:
                raise ValueError(str(error)) from error


def show_answer(out: Console, sql: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """As a table, the first rows of it."""
    table = Table(title=escape(sql), title_justify="left")
    for name in rows[0] if rows else ():
        table.add_column(escape(name), justify="right" if isinstance(rows[0][name], int | float) else "left")
    for row in rows[:SHOWN]:
        table.add_row(*("" if value is None else escape(str(value)) for value in row.values()))
    out.print(table if rows else "[dim]no rows[/]")
    if len(rows) > SHOWN:
        out.print(f"[dim]{len(rows) - SHOWN:,} more; --json has all[/]")

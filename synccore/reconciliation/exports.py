"""The books of each report as a DuckDB file that people can query, and a second count of them in SQL.

The second count shares no code with the rules: it joins bills, postings, copies and receipts by their source ids alone.
What it finds missing, surplus or of another amount must be named by the report; what is not is a fault of the rules.
"""

import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any, get_type_hints

import duckdb
import orjson

from synccore.domain.books import (
    Book,
    BookContract,
    BookCustomer,
    BookDeal,
    BookDocument,
    BookEntry,
    BookReceipt,
    BookShare,
    Deletion,
)  # fmt: skip
from synccore.ports.exports import Exported
from synccore.ports.reports import Break, Count, Item, Line
from synccore.reconciliation.matching import Books, Outcome
from synccore.reconciliation.words import finding

KEPT = 30  # files: each holds all books, and the reports themselves are kept in the core's database
_TYPES = {"int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN"}
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
   "threads": "1", "memory_limit": "512MB", "autoinstall_known_extensions": "false",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Application:
    """What of a receipt was applied to a bill, minor units."""

    receipt: str
    bill: str
    amount: int


_TABLES: dict[str, type] = {
    "customers": BookCustomer, "deals": BookDeal, "contracts": BookContract, "documents": BookDocument,
    "shares": BookShare, "receipts": BookReceipt, "entries": BookEntry, "deletions": Deletion,
    "applications": _Application, "items": Item, "breaks": Break, "lines": Line,
}  # fmt: skip

# what each comparison sets side by side: a row a source id
_VIEWS = """
CREATE VIEW bills AS SELECT kind, number AS id, entity, currency, gross, open, 1 AS times FROM documents
  WHERE system = 'subscriptions' AND coalesce(status, '') NOT IN ('pending', 'voided');
CREATE VIEW postings AS SELECT kind, number AS id, any_value(entity) AS entity, any_value(currency) AS currency,
  sum(gross)::BIGINT AS gross, count(*) AS times FROM documents
  WHERE system LIKE 'erp%' AND number <> '' GROUP BY kind, number;
CREATE VIEW copies AS SELECT kind, number AS id, any_value(entity) AS entity, any_value(currency) AS currency,
  sum(open)::BIGINT AS open, count(*) AS times FROM documents WHERE system = 'salesforce' GROUP BY kind, number;
CREATE VIEW received AS SELECT system = 'subscriptions' AS billing, split_part(key, '/', 1) AS id,
  any_value(entity) AS entity, any_value(currency) AS currency, sum(amount)::BIGINT AS amount, 1 AS times
  FROM receipts WHERE system <> 'salesforce' GROUP BY ALL;
CREATE VIEW named AS SELECT document FROM items UNION SELECT document FROM breaks;
"""
_PAIRS = (
    # name, then source and target: view, amount, which rows
    ("invoice: platform, ledgers", ("bills", "gross", "kind = 'invoice'"), ("postings", "gross", "kind = 'invoice'")),
    ("credit: platform, ledgers", ("bills", "gross", "kind = 'credit'"), ("postings", "gross", "kind = 'credit'")),
    ("open invoice: platform, Salesforce", ("bills", "open", "kind = 'invoice' AND open <> 0"),
     ("copies", "open", "kind = 'invoice' AND open <> 0")),
    ("receipt: platform, ledgers", ("received", "amount", "billing AND amount <> 0"),
     ("received", "amount", "NOT billing AND amount <> 0")),
)  # fmt: skip
_SIDE = "(SELECT id, entity, currency, {} AS amount, times FROM {} WHERE {})"
_JOIN = """
SELECT coalesce(a.id, b.id) AS id, coalesce(a.entity, b.entity) AS entity,
  coalesce(a.currency, b.currency) AS currency, a.amount AS a, b.amount AS b, b.times AS times
FROM {source} a FULL JOIN {target} b ON a.id = b.id
"""
_COUNT = """
SELECT entity, currency, count(a), coalesce(sum(a), 0)::BIGINT, count(b), coalesce(sum(b), 0)::BIGINT,
  count(*) FILTER (b IS NULL), count(*) FILTER (a IS NULL), count(*) FILTER (a <> b OR times > 1)
FROM ({join}) GROUP BY entity, currency ORDER BY entity, currency
"""
_UNNAMED = """
SELECT id, entity, currency, coalesce(a, 0) - coalesce(b, 0) FROM ({join})
WHERE (a IS NULL OR b IS NULL OR a <> b OR times > 1) AND id NOT IN (SELECT document FROM named) ORDER BY id
"""


class DuckDbExports:
    """See `ports.exports.Exports`: DuckDB files in a folder, the last `KEPT` of them."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)

    def write(self, books: Books, outcome: Outcome, at: float) -> Exported:
        """See Exports."""
        path = self._folder / f"unfinished-{os.getpid()}.duckdb"  # workers may be at it at the same time
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            path.unlink(missing_ok=True)
            with duckdb.connect(str(path), config=_SETTINGS) as connection:
                counts = _written(connection, books, outcome, at)
            path.chmod(0o600)
        except (OSError, duckdb.Error, TypeError) as error:
            return Exported(problem=f"{type(error).__name__}: {error}")
        return Exported(path, counts)

    def keep(self, path: Path, report_id: str) -> None:
        """See Exports."""
        with suppress(OSError):  # the report is kept in any case, and answers that it has no export
            path.replace(self._folder / f"{report_id}.duckdb")
            for old in sorted(self._folder.glob("r*.duckdb"))[:-KEPT]:
                old.unlink(missing_ok=True)

    def of(self, report_id: str) -> Path | None:
        """See Exports."""
        path = self._folder / f"{report_id}.duckdb"
        return path if path.is_file() else None


def _written(
    connection: duckdb.DuckDBPyConnection, books: Books, outcome: Outcome, at: float
) -> tuple[Count, ...]:  # fmt: skip
    _load(connection, books, outcome)
    connection.execute(_VIEWS)
    joins = {name: _JOIN.format(source=_side(*source), target=_side(*target)) for name, source, target in _PAIRS}
    found = []
    for name, join in joins.items():
        for document, entity, currency, amount in connection.execute(_UNNAMED.format(join=join)).fetchall():
            cause = f"{document} differs in the count by source ids ({name}), and no rule names it"
            found.append(finding("unexplained", "synccore", "record", document, entity, currency, amount, cause, at))
    outcome.breaks += found
    _append(connection, "breaks", found)
    return tuple(
        Count(name, *row) for name, join in joins.items()
        for row in connection.execute(_COUNT.format(join=join)).fetchall()
    )  # fmt: skip


def _side(view: str, amount: str, which: str) -> str:
    return _SIDE.format(amount, view, which)


def _load(connection: duckdb.DuckDBPyConnection, books: Books, outcome: Outcome) -> None:
    """All tables, through files: DuckDB reads them some hundred times faster than rows that are handed to it."""
    outcomes = ("items", "breaks", "lines")
    for name in (table for table in _TABLES if table not in outcomes):
        _create(connection, name, system=True)
        for book in books.all():
            _append(connection, name, _of(book, name), book.system)
    for name in outcomes:
        _create(connection, name)
        _append(connection, name, getattr(outcome, name))


def _of(book: Book, name: str) -> Iterable[Any]:
    if name == "deletions":
        return book.deleted.values()
    if name == "applications":
        return (_Application(one.key, *part) for one in book.receipts for part in one.applied)
    rows: Iterable[Any] = getattr(book, name)
    return rows


def _columns(table: str) -> dict[str, str]:
    """Name and SQL type of each field that is one value."""
    hints = {name: str(hint) for name, hint in get_type_hints(_TABLES[table]).items() if "tuple" not in str(hint)}
    plain = {name: re.sub(r"^<class '|'>$| \| None$", "", hint) for name, hint in hints.items()}
    return {name: _TYPES.get(hint, "VARCHAR") for name, hint in plain.items()}


def _create(connection: duckdb.DuckDBPyConnection, table: str, system: bool = False) -> None:
    columns = ({"system": "VARCHAR"} if system else {}) | _columns(table)
    typed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f'CREATE TABLE "{table}" ({typed})')


def _append(connection: duckdb.DuckDBPyConnection, table: str, rows: Iterable[Any], system: str = "") -> None:
    with NamedTemporaryFile(prefix="exports-", suffix=".json") as file:
        file.writelines(_line(one) for one in rows)
        file.flush()
        if not file.tell():
            return
        typed = ", ".join(f"'{name}': '{kind}'" for name, kind in _columns(table).items())
        source = f"read_json(?, format = 'newline_delimited', columns = {{{typed}}})"
        own, given = ("? AS system, ", [system, file.name]) if system else ("", [file.name])
        connection.execute(f'INSERT INTO "{table}" BY NAME SELECT {own}* FROM {source}', given)


def _line(row: Any) -> bytes:
    """A row as JSON; what is no text (half a surrogate) is written as a question mark."""
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except TypeError:
        plain = {name: value.encode("utf-8", "replace").decode() if isinstance(value, str) else value
                 for name, value in asdict(row).items()}  # fmt: skip
        return orjson.dumps(plain, option=orjson.OPT_APPEND_NEWLINE)

"""Kinds of documents, their tables, and which fields have a column of their own."""

import sqlite3
from dataclasses import dataclass
from typing import Any

import orjson

Columns = tuple[tuple[str, str], ...]  # (column, member of the document) of each that the store fills
FITTING = (str, int, float, type(None))
PLAIN = frozenset((str, float, bool, type(None)))  # what SQLite takes as it is, whatever the value
INTEGER_MAX = 2**63 - 1

BASE_SCHEMA = """
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY AUTOINCREMENT, due REAL NOT NULL, lane TEXT NOT NULL DEFAULT '',
    kind TEXT NOT NULL, key TEXT UNIQUE, payload TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS job_due ON job (due, id);
"""


@dataclass(frozen=True)
class Kind:
    """One kind of document: its table, its key field, and the fields that are indexed.

    An indexed field is a top-level JSON member, `name=$.member` for one whose column has another name, or
    `name=$.json.path` for a nested one. It is a real SQL column, so that queries can filter and join on it: one that
    the store fills at each write, or, if nested, one that SQLite generates (which it does for all of a row at once).
    `columns` are top-level members that the store writes into columns of their own, which a vendor's table has.
    """

    name: str
    key: str = "id"
    index: tuple[str, ...] = ()
    unique: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()

    @property
    def indexed(self) -> list[tuple[str, str, bool]]:
        """Column, JSON path and whether it is unique, of each indexed field."""
        found = []
        for spec in (*self.index, *self.unique):
            field, _, path = spec.partition("=")
            found.append((field, path or "$." + field, spec in self.unique))
        return found


def ddl(kind: Kind) -> str:
    """The statements that make a kind's table and indexes, if they are absent."""
    columns, indexes = "", ""
    for field, path, unique in kind.indexed:
        columns += f', "{field}"' + (f" AS (json_extract(doc, '{path}')) VIRTUAL" if _nested(path) else "")
        kept = "UNIQUE " if unique else ""
        indexes += f'CREATE {kept}INDEX IF NOT EXISTS "{kind.name}_{field}" ON "{kind.name}" ("{field}");\n'
    return f'CREATE TABLE IF NOT EXISTS "{kind.name}" (key TEXT PRIMARY KEY, doc TEXT NOT NULL{columns});\n{indexes}'


def generated(database: sqlite3.Connection) -> set[tuple[str, str]]:
    """(table, column) of all that SQLite computes itself: in a store that an older release has made, every field."""
    return set(
        database.execute(
            "SELECT t.name, c.name FROM sqlite_master t, pragma_table_xinfo(t.name) c "
            "WHERE t.type = 'table' AND t.sql LIKE '%VIRTUAL%' AND c.hidden"
        )
    )


def filled(kind: Kind, computed: set[tuple[str, str]]) -> Columns:
    """The columns of a kind that the store fills."""
    own = [(field, path[2:]) for field, path, _ in kind.indexed if (kind.name, field) not in computed]
    return (*((name, name) for name in kind.columns), *own)


def fitted(values: tuple[Any, ...]) -> tuple[Any, ...]:
    """The values as `json_extract` would give them: SQLite has neither lists, objects nor longer integers."""
    if PLAIN.issuperset(map(type, values)):
        return values
    return tuple([value if type(value) in PLAIN else _fit(value) for value in values])


def _fit(value: Any) -> Any:
    if isinstance(value, int):
        return value if -INTEGER_MAX <= value <= INTEGER_MAX else float(value)
    return value if isinstance(value, FITTING) else orjson.dumps(value).decode()


def _nested(path: str) -> bool:
    return "." in path[2:]

"""SQL text with `:name` parameters over one open DB-API transaction: the same statements for SQLite and PostgreSQL."""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Protocol

import orjson
from sqlalchemy import Table

Row = Sequence[Any]
Params = Mapping[str, Any]

_NAMED = re.compile(r"(?<![:\w]):([a-z_]+)")


class Cursor(Protocol):
    """The part of a DB-API cursor that is needed."""

    rowcount: int

    def fetchall(self) -> list[Any]:
        """The rows."""
        ...


class Connection(Protocol):
    """The part of a DB-API connection that is needed; sqlite3 and psycopg both have it."""

    def execute(self, sql: Any, params: Any = ..., /) -> Any:
        """Run a statement."""
        ...


@cache
def pyformat(sql: str) -> str:
    """`:name` as psycopg wants it."""
    return _NAMED.sub(r"%(\1)s", sql)


class Session:
    """Runs statements in the transaction that its owner began. All values are text, numbers or None."""

    __slots__ = ("_connection", "_translate")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._translate = not isinstance(connection, sqlite3.Connection)

    def rows(self, sql: str, **params: Any) -> list[Row]:
        """All rows of a query."""
        if self._translate:
            sql = pyformat(sql)
        found: list[Row] = self._connection.execute(sql, params).fetchall()
        return found

    def row(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""
        found = self.rows(sql, **params)
        return found[0] if found else None

    def write(self, sql: str, **params: Any) -> int:
        """Run a change; returns how many rows it touched."""
        if self._translate:
            sql = pyformat(sql)
        touched: int = self._connection.execute(sql, params).rowcount
        return touched

    def settle(self, table: str) -> None:
        """Wait for every transaction that is writing the table, and let none begin to until this one ends.

        Numbers of a serial key are drawn before the commit: without this, one that commits late would come up behind
        a number that was read already. Before the transaction's first query. SQLite has one writer at a time anyway.
        """
        if self._translate:
            self._connection.execute(f"LOCK TABLE {table} IN SHARE MODE")


def insert(table: Table, *, ignore: bool = False, returning: str = "") -> str:
    """INSERT of all columns but a serial key, each from the parameter of its name; `ignore`: known rows stay."""
    names = [column.name for column in table.columns if column is not table.autoincrement_column]
    sql = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({', '.join(':' + name for name in names)})"
    if ignore:
        sql += " ON CONFLICT DO NOTHING"
    return sql + (f" RETURNING {returning}" if returning else "")


def dump(value: Any) -> str:
    """JSON text; ASCII alone, so that no odd Unicode of a payload can upset a database. NaN is refused (ValueError).

    Fractions that an adapter read exactly (Decimal) are written as the numbers they came as.
    """
    try:
        text = orjson.dumps(value, default=_number, option=_AS_IT_IS)
    except TypeError:  # other than JSON's own types, keys that are no text, integers of more than 64 bits
        return _encode(value)
    if text.isascii() and b"null" not in text:  # it writes null for NaN, and only the slow way tells them apart
        return text.decode()
    return _encode(value)


def _number(value: Any) -> float:
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_AS_IT_IS = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=_number).encode


def load(text: str) -> Any:
    """The value of a JSON text that `dump` has written."""
    data = text.encode()
    if _LONG not in data.translate(_DIGITS):
        try:
            return orjson.loads(data)
        except ValueError:
            pass  # half a surrogate pair, which a payload may well have
    return json.loads(text)


_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG = b"0" * 19  # so long an integer may not fit into 64 bits, and would be made a fraction

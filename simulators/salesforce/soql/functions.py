"""SQL functions that SOQL needs and SQLite lacks: case folding beyond ASCII, exact sums."""

import sqlite3
from decimal import Decimal

import orjson

from simulators.salesforce.moments import localized
from simulators.salesforce.soql.currencies import corporate_amount
from simulators.salesforce.values import exact

SqlValue = str | bytes | int | float | None


def upper(value: SqlValue) -> SqlValue:
    """Text in upper case by Unicode's rules; other values as they are."""
    return value.upper() if isinstance(value, str) else value


def includes(value: str | None, wanted: str) -> bool:
    """Does a multi-select value (`a;b;c`) hold all parts of any of the wanted combinations (a JSON list)?"""
    held = {part.lower() for part in (value or "").split(";")}
    return any(all(part.lower() in held for part in str(each).split(";")) for each in orjson.loads(wanted))


class Sum:
    """Sum of stored numbers without binary residue."""

    def __init__(self) -> None:
        self.total, self.count = Decimal(0), 0

    def step(self, value: float | None) -> None:
        """Take one value in; nulls do not count."""
        if value is not None:
            self.total += exact(value)
            self.count += 1

    def finalize(self) -> float | None:
        """The sum, or null of nothing."""
        return float(self.total) if self.count else None


class Mean(Sum):
    """Average of stored numbers."""

    def finalize(self) -> float | None:
        """The mean, or null of nothing."""
        return float(self.total / self.count) if self.count else None


def register(db: sqlite3.Connection) -> None:
    """Make the functions known to a connection."""
    db.create_function("soql_upper", 1, upper, deterministic=True)
    db.create_function("soql_includes", 2, includes, deterministic=True)
    db.create_function("soql_local", 2, localized, deterministic=True)
    db.create_function("soql_corporate", 2, corporate_amount, deterministic=True)
    db.create_aggregate("soql_sum", 1, Sum)  # type: ignore[arg-type]
    db.create_aggregate("soql_avg", 1, Mean)  # type: ignore[arg-type]

"""The site's own tables: who owns which kind of document from which day (ZMIGCTL), and which customer is which
elsewhere (ZCUSTMAP). People keep them; each night partners that get extracts have both as files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from simulators.erp_legacy.codecs import alpha, parse_date
from simulators.erp_legacy.layouts import (
    ZCUSTMAP,
    ZCUSTMAP_END,
    ZMIGCTL,
    ZMIGCTL_END,
    Layout,
    LayoutError,
    encoded,
)
from simulators.erp_legacy.state import COMPANY, CUSTOMER_COMPANY, CUSTOMER_MAP, MIGRATION, State
from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc

if TYPE_CHECKING:
    from simulators.kit.clock import Clock

exact(
    "custom tables ZMIGCTL (80) and ZCUSTMAP (120): layouts, owners L, N and D, cut-over day, wave; one customer "
    "number may be several customers elsewhere; with FREEZE X what an interface brings for the company code stays "
    "queued (64) until it is lifted",
    source="ours",
    held_by="test_custom_tables",
)
approximate("custom tables", "rows are kept by acts and seeds and extracted whole each night, once there are any")

Arguments = dict[str, Any]

OBJECTS, OWNERS, FROZEN = ("CUSTOMER", "INVOICE", "PAYMENT", "OPENITEM"), ("L", "N", "D"), "X"
_OBJECT_OF = {"CUST": "CUSTOMER", "BILL": "INVOICE", "PAY": "PAYMENT"}
RECORDS: dict[str, tuple[str, Layout, Layout, str]] = {
    "ZMIGCTL": (MIGRATION.name, ZMIGCTL, ZMIGCTL_END, "MIG"),
    "ZCUSTMAP": (CUSTOMER_MAP.name, ZCUSTMAP, ZCUSTMAP_END, "MAP"),
}


class CustomTables:
    """Acts as in `Clerk`; each is audited."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._store, self._clock = state, state.store, clock

    def acts(self) -> dict[str, Callable[[Arguments], Arguments]]:
        """All acts by verb."""
        return {"table_save": self.save, "table_drop": self.drop, "table_rows": self.rows}

    def save(self, arguments: Arguments) -> Arguments:
        """Put a row in place of the one with its key: {table, row: {BUKRS, …}, who?}."""
        at = self._clock.now()
        with self._store.transaction():
            row = keep(self._state, str(arguments["table"]), arguments["row"])
            self._state.audit(at, arguments.get("who", "CLERK"), "table_save", table=arguments["table"], row=row["id"])
        return {"id": row["id"]}

    def drop(self, arguments: Arguments) -> Arguments:
        """Take a row out: {table, id, who?}."""
        kind = _record(str(arguments["table"]))[0]
        if self._store.get(kind, arguments["id"]) is None:
            raise ValueError(f"{arguments['table']} has no row {arguments['id']}")
        with self._store.transaction():
            self._store.delete(kind, arguments["id"])
            self._state.audit(self._clock.now(), arguments.get("who", "CLERK"), "table_drop",
                              table=arguments["table"], row=arguments["id"])  # fmt: skip
        return {"id": arguments["id"]}

    def rows(self, arguments: Arguments) -> Arguments:
        """The rows of a table: {table}."""
        return {"rows": self._store.find(_record(str(arguments["table"]))[0], order="key")}


def keep(state: State, table: str, row: Mapping[str, Any]) -> Doc:
    """Check and store a row within the caller's transaction; ValueError says what is wrong with it."""
    kind, layout, _end, _mark = _record(table)
    known = {field.name for field in layout.fields} - {"RECTYP", "FILLER"}
    if unknown := sorted(set(row) - known):
        raise ValueError(f"{table} has no field {', '.join(unknown)}")
    fields = {name: str(row.get(name, "")) for name in known}
    if state.store.get(COMPANY.name, fields["BUKRS"]) is None:
        raise ValueError(f"BUKRS {fields['BUKRS']!r} is no company code")
    key = _migration_key(fields) if table == "ZMIGCTL" else _customer_key(state, fields)
    try:
        layout.render(fields)
    except LayoutError as error:
        raise ValueError(str(error)) from None
    doc = {"id": key, **fields}
    state.store.put(kind, doc)
    return doc


def _record(table: str) -> tuple[str, Layout, Layout, str]:
    if table not in RECORDS:
        raise ValueError(f"there is no table {table!r}, only {' and '.join(RECORDS)}")
    return RECORDS[table]


def _migration_key(fields: dict[str, str]) -> str:
    for name, allowed in (("OBJTYP", OBJECTS), ("OWNER", OWNERS), ("FREEZE", ("", FROZEN))):
        if fields[name] not in allowed:
            raise ValueError(f"{name} {fields[name]!r} is none of {', '.join(one or 'blank' for one in allowed)}")
    if parse_date(fields["CUTDAT"]) is None:  # raises for what is no day
        raise ValueError("CUTDAT, the day of the cut-over, is missing")
    return f"{fields['BUKRS']}/{fields['OBJTYP']}"


def _customer_key(state: State, fields: dict[str, str]) -> str:
    fields["KUNNR"] = alpha(fields["KUNNR"])
    if state.store.get(CUSTOMER_COMPANY.name, f"{fields['KUNNR']}/{fields['BUKRS']}") is None:
        raise ValueError(f"KUNNR {fields['KUNNR']} is no customer of {fields['BUKRS']}")
    return f"{fields['BUKRS']}/{fields['KUNNR']}/{fields['CBCUSTID']}"


def frozen(state: State, bukrs: str, iface: str) -> bool:
    """Is what this interface brings for a company code to wait?"""
    row = state.store.get(MIGRATION.name, f"{bukrs}/{_OBJECT_OF[iface]}")
    return row is not None and row["FREEZE"] == FROZEN


def table_files(state: State, night: str) -> Iterable[tuple[str, Iterator[bytes]]]:
    """Name and lines of each table that has rows, as of a night YYYYMMDD."""
    for table, (kind, layout, end, mark) in RECORDS.items():
        rows = state.store.find(kind, order="key")
        if rows:
            yield f"{table}_{night}.TXT", _lines(rows, layout, end, mark)


def _lines(rows: list[Doc], layout: Layout, end: Layout, mark: str) -> Iterator[bytes]:
    for row in rows:
        yield encoded(layout.render({"RECTYP": mark, **{name: row[name] for name in row if name != "id"}}))
    yield encoded(end.render({"RECTYP": "TRL", "COUNT": f"{len(rows):08d}"}))

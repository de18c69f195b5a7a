"""SQL tables of the schema: one a object, of key, document, and a column for each field that an index looks up.

Every other field is taken out of the document where a query asks for it: SQLite would compute generated columns at
each write, all of them, whether they are indexed or not.
"""

from collections.abc import Iterable

from simulators.kit.kinds import Kind
from simulators.kit.store import Store
from simulators.salesforce.schemas import Field, Schema, SObject

_LOOKED_UP = ("IsDeleted", "SystemModstamp")


def column(item: Field, alias: str = "") -> str:
    """SQL of a field's value."""
    place = f"{alias}." if alias else ""
    if item.formula:
        return f"soql_formula('{item.of}', '{item.name}', {place}doc)"
    if item.name == "Id":
        return f"{place}key"
    return f'{place}"{item.name}"' if _apart(item) else _within(item.name, place)


def apply(store: Store, schema: Schema) -> None:
    """Make tables, columns and indexes that the schema has and the database has not; nothing is ever dropped."""
    known = _columns(store)
    for sobject in schema.objects.values():
        names = [item.name for item in sobject.fields.values() if _apart(item)]
        present = known.get(sobject.name)
        if present is None:
            columns = "".join(f', "{name}"' for name in names)
            store.db.execute(f'CREATE TABLE "{sobject.name}" (key TEXT PRIMARY KEY, doc TEXT NOT NULL{columns})')
        else:
            new = [name for name in names if name not in present]
            for name in new:
                store.db.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN "{name}"')
            refresh(store, sobject.name, new)
        for item in sobject.fields.values():
            if item.indexed:
                store.db.execute(_index(sobject, item))
        if not sobject.writable:
            continue  # histories and settings, which nobody polls
        store.db.execute(
            f'CREATE INDEX IF NOT EXISTS "{sobject.name}~modstamp" ON "{sobject.name}" ("SystemModstamp", key) '
            'WHERE "IsDeleted" = 0'
        )
    declare(store, schema)


def refresh(store: Store, sobject: str, names: Iterable[str]) -> None:
    """Fill those of a table's columns from the documents that were changed behind the store's back."""
    sets = ", ".join(f'"{name}" = {_within(name)}' for name in _written(store)[sobject] if name in names)
    if sets:
        store.db.execute(f'UPDATE "{sobject}" SET {sets}')


def declare(store: Store, schema: Schema) -> None:
    """Tell the store about the objects' documents, and which columns beside them it has to fill."""
    known = _written(store)
    for sobject in schema.objects.values():
        store.declare(Kind(sobject.name, key="Id", columns=tuple(known.get(sobject.name, ()))))


def _columns(store: Store) -> dict[str, dict[str, bool]]:
    """The columns of each table, and whether they are generated: those of a store that an older release has made."""
    found: dict[str, dict[str, bool]] = {}
    for table, name, hidden in store.db.execute(
        "SELECT t.name, c.name, c.hidden FROM sqlite_master t, pragma_table_xinfo(t.name) c WHERE t.type = 'table'"
    ):
        found.setdefault(table, {})[name] = bool(hidden)
    return found


def _written(store: Store) -> dict[str, list[str]]:
    """The columns that are filled beside key and document; also those of fields that the schema has no more."""
    return {
        table: [name for name, generated in columns.items() if not generated and name not in ("key", "doc")]
        for table, columns in _columns(store).items()
    }


def _apart(item: Field) -> bool:
    return item.indexed or item.name in _LOOKED_UP


def _within(name: str, place: str = "") -> str:
    return f"json_extract({place}doc, '$.{name}')"


def _index(sobject: SObject, item: Field) -> str:
    collate = " COLLATE NOCASE" if item.family == "text" and not item.case_sensitive else ""
    return (
        f'CREATE INDEX IF NOT EXISTS "{sobject.name}~{item.name}" ON "{sobject.name}" ("{item.name}"{collate}) '
        f'WHERE "{item.name}" IS NOT NULL'
    )

"""SQL tables of the schema: one a object, each field a generated column over the JSON document."""

from simulators.kit.store import Kind, Store
from simulators.salesforce.schemas import Field, Schema, SObject


def apply(store: Store, schema: Schema) -> None:
    """Make tables and columns that the schema has and the database has not; nothing is ever dropped."""
    for sobject in schema.objects.values():
        declare(store, sobject)
        present = {row[1] for row in store.db.execute(f'PRAGMA table_xinfo("{sobject.name}")')}
        if not present:
            store.db.execute(_create(sobject))
        for item in sobject.fields.values():
            if present and item.name not in present and item.type != "address":
                store.db.execute(f'ALTER TABLE "{sobject.name}" ADD COLUMN {_column(item)}')
            if item.indexed:
                store.db.execute(_index(sobject, item))
        if not sobject.writable:
            continue  # histories and settings, which nobody polls
        store.db.execute(
            f'CREATE INDEX IF NOT EXISTS "{sobject.name}~modstamp" ON "{sobject.name}" ("SystemModstamp", key) '
            'WHERE "IsDeleted" = 0'
        )


def declare(store: Store, sobject: SObject) -> None:
    """Tell the store about the object's documents."""
    store.declare(Kind(sobject.name, key="Id"))


def _create(sobject: SObject) -> str:
    columns = ", ".join(_column(item) for item in sobject.fields.values() if item.type != "address")
    return f'CREATE TABLE "{sobject.name}" (key TEXT PRIMARY KEY, doc TEXT NOT NULL, {columns})'


def _column(item: Field) -> str:
    return f"\"{item.name}\" AS (json_extract(doc, '$.{item.name}')) VIRTUAL"


def _index(sobject: SObject, item: Field) -> str:
    collate = " COLLATE NOCASE" if item.family == "text" and not item.case_sensitive else ""
    return (
        f'CREATE INDEX IF NOT EXISTS "{sobject.name}~{item.name}" ON "{sobject.name}" ("{item.name}"{collate}) '
        f'WHERE "{item.name}" IS NOT NULL'
    )

"""What the org holds: its schema, its records by object and id, and small look-ups that every part needs."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import orjson

from simulators.kit.faults import FaultTable
from simulators.kit.kinds import Kind
from simulators.kit.store import Doc, Store
from simulators.salesforce import definition, tables
from simulators.salesforce.definition import Raw
from simulators.salesforce.ids import make_id
from simulators.salesforce.moments import stamp
from simulators.salesforce.schemas import Schema, SObject

SCHEMA = Kind("_schema")
SESSION = Kind("_session")
REFRESH = Kind("_refresh")
CODE = Kind("_code")
CURSOR = Kind("_cursor", index=("user",))
JOB = Kind("_bulk_job", index=("type",))
DATA = Kind("_bulk_data")
ROWS = Kind("_bulk_rows", index=("job",))
BATCH = Kind("_bulk_batch", index=("job",))
BIN = Kind("_bin", index=("root", "at"))
MERGED = Kind("_merged", index=("object",))  # for the sandbox's books: the org forgets a merge with its emptied bin
KINDS = (SCHEMA, SESSION, REFRESH, CODE, CURSOR, JOB, BATCH, DATA, ROWS, BIN, MERGED)

_compiled: dict[str, Schema] = {}  # by stored text: a reset to a known schema costs one comparison


class OrgState:
    """The org's data behind one store. Documents hold every field that is not null, under its canonical name."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.faults: FaultTable | None = None  # what may befall single records
        self.leaving_schema: Callable[[], None] = lambda: None  # what has to be done while the former one is in force
        self._schema: Schema | None = None
        self._facts: dict[str, str] = {}

    def forget(self) -> None:
        """Read everything anew from the store."""
        self._schema = None
        self._facts.clear()

    # -- schema -----------------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """The schema as the store has it now."""
        if self._schema is None:
            row = next(self.store.rows("SELECT doc FROM _schema WHERE key = 'org'"))
            schema = _compiled.get(row[0])
            if schema is None:
                if len(_compiled) > 64:
                    _compiled.clear()
                schema = _compiled[row[0]] = definition.compile_schema(orjson.loads(row[0])["raw"])
            tables.declare(self.store, schema)
            self._schema = schema
        return self._schema

    def set_schema(self, raw: Raw) -> None:
        """Take another schema into force; tables and columns follow."""
        self.leaving_schema()
        self.store.put(SCHEMA.name, {"id": "org", "raw": raw})
        self._schema = None
        try:
            tables.apply(self.store, self.schema)
        except BaseException:
            self._schema = None  # the transaction around this rolls back to the former one
            raise

    # -- records ----------------------------------------------------------------------------

    def get(self, sobject: str, record_id: str) -> Doc | None:
        """A record, deleted or not."""
        return self.store.get(sobject, record_id)

    def live(self, sobject: str, record_id: str) -> Doc | None:
        """A record that is not in the recycle bin."""
        doc = self.store.get(sobject, record_id)
        return None if doc is None or doc["IsDeleted"] else doc

    def where(self, sobject: str, field: str, value: Any, limit: int = -1) -> list[Doc]:
        """Live records whose field equals the value (text in any case unless the field minds), oldest first."""
        spec = self.spec(sobject).fields[field.lower()]
        collate = " COLLATE NOCASE" if spec.family == "text" and not spec.case_sensitive else ""
        rows = self.store.rows(
            f'SELECT doc FROM "{sobject}" WHERE {tables.column(spec)} = ?{collate} AND "IsDeleted" = 0 '
            "ORDER BY key LIMIT ?",
            (value, limit),
            sobject,
        )
        return [orjson.loads(row[0]) for row in rows]

    def every(self, sobject: str) -> Iterator[Doc]:
        """All live records of an object in order of their ids."""
        for row in self.store.rows(f'SELECT doc FROM "{sobject}" WHERE "IsDeleted" = 0 ORDER BY key', kind=sobject):
            yield orjson.loads(row[0])

    def merged(self, sobject: str) -> list[tuple[str, str]]:
        """Records that were merged away, and into which; also those that the recycle bin no longer holds."""
        return [(one["id"], one["into"]) for one in self.store.find(MERGED.name, object=sobject)]

    def fetch(self, sobject: str, ids: Iterable[str]) -> dict[str, Doc]:
        """Records by id, deleted ones too; unknown ids are missing."""
        wanted = orjson.dumps(list(ids)).decode()
        rows = self.store.rows(
            f'SELECT key, doc FROM "{sobject}" WHERE key IN (SELECT value FROM json_each(?))', (wanted,)
        )
        return {row[0]: orjson.loads(row[1]) for row in rows}

    def count(self, sobject: str) -> int:
        """How many live records."""
        return int(next(self.store.rows(f'SELECT count(*) FROM "{sobject}" WHERE "IsDeleted" = 0'))[0])

    def new_id(self, sobject: SObject) -> str:
        """The next id under the object's prefix."""
        return make_id(sobject.prefix, self.store.next(f"id/{sobject.prefix}"))

    def spec(self, sobject: str) -> SObject:
        """The object's description; the name is canonical."""
        return self.schema.objects[sobject.lower()]

    def put_plain(self, sobject: str, values: Doc, at: float, by: str) -> Doc:
        """Store a record as it is given, with an id and system fields: what an org is born with."""
        spec = self.spec(sobject)
        moment = stamp(at)
        record_id = self.new_id(spec)
        doc = {
            "Id": record_id, "IsDeleted": False, **spec.defaults, **values, "CreatedDate": moment,
            "LastModifiedDate": moment, "SystemModstamp": moment, "CreatedById": by or record_id,
            "LastModifiedById": by or record_id,
        }  # fmt: skip
        if None in doc.values():
            doc = {name: value for name, value in doc.items() if value is not None}
        self.store.add_new(sobject, doc)
        return doc

    def zone(self, user: str) -> str:
        """A user's time zone, by its TimeZoneSidKey."""
        return str((self.get("User", user) or {}).get("TimeZoneSidKey") or "GMT")

    # -- what every org has -----------------------------------------------------------------

    def _only(self, sobject: str, condition: str) -> str:
        if sobject not in self._facts:
            row = next(self.store.rows(f'SELECT key FROM "{sobject}" WHERE {condition} ORDER BY key LIMIT 1'))
            self._facts[sobject] = str(row[0])
        return self._facts[sobject]

    @property
    def org_id(self) -> str:
        """The organisation's id (18 characters)."""
        return self._only("Organization", "1")

    @property
    def user_id(self) -> str:
        """The integration user: whoever logs in acts as this one."""
        return self._only("User", "1")

    @property
    def standard_pricebook_id(self) -> str:
        """The one price book that exists from the start."""
        return self._only("Pricebook2", "json_extract(doc, '$.IsStandard') = 1")

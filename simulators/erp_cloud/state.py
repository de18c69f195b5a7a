"""What the system holds: document kinds, cached set-up records, references and preferences."""

from dataclasses import replace
from typing import Any

from simulators.erp_cloud.projection import Projection
from simulators.erp_cloud.schemas import ITEMS, NAME_FIELDS, RECORD_TYPES, Field, RecordType
from simulators.kit.kinds import Kind
from simulators.kit.store import Store

Doc = dict[str, Any]

SETUP = (
    "item", "subsidiary", "account", "currency", "accountingPeriod", "taxCode", "taxType", "term", "department",
    "classification", "location", "revRecTemplate",
)  # fmt: skip
KINDS = (
    Kind("transaction", unique=("externalId",)),
    Kind("customer", index=("entityId",), unique=("externalId",)),
    Kind("contact", index=("entityId", "company"), unique=("externalId",)),
    Kind("relationship", index=("entity",), unique=("externalId",)),
    Kind("currencyRate", index=("transactionCurrency", "effectiveDate")),
    *(Kind(name, unique=("externalId",)) for name in SETUP),
    Kind("revRecSchedule", index=("sourceTran", "open"), unique=("externalId",)),
    Kind("preference"),
    Kind("customField"),
    Kind("_restlet"),
    Kind("_token"),
    Kind("_job", unique=("idempotencyKey",)),
)
FIRST_IDS = {"customer": 501, "transaction": 1001, "item": 301, "account": 201}  # no two kinds look alike
DEFAULTS: Doc = {
    "id": "1",
    "companyName": "Windtunnel",
    "timezone": "UTC",
    "transactionDateOutsidePeriod": "Allow",
    "defaultPostingPeriod": "Refuse",
    "duplicateTranId": "allow",
    "taxTolerance": None,
    "taxDetailsRequired": False,
    "voidByReversingJournal": False,
    "revenueRecognition": "manual",  # or monthly
    "holdMs": 20,
    "mandatory": {},
    "hidden": {},  # fields that the imported catalog has not, by lower-case record
    "taxRules": [],
}


class State:
    """Reading and writing of documents; set-up records are few and often asked for, so they are kept in memory."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.projection = Projection(store)
        self._cache: dict[tuple[str, str], Doc | None] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._preferences: Doc | None = None
        self._months: list[Doc] | None = None
        self._fields: dict[str, dict[str, Field]] = {}

    def forget(self) -> None:
        """Drop everything cached: after a rollback, a reset or a restore."""
        self._cache.clear()
        self._names.clear()
        self._fields.clear()
        self._preferences = self._months = None

    # -- documents ----------------------------------------------------------------------------

    def get(self, kind: str, key: str | None) -> Doc | None:
        """A document, or None. Set-up records come from memory: copy before changing."""
        if not key:
            return None
        if kind not in SETUP:
            return self.store.get(kind, key)
        if (kind, key) not in self._cache:
            self._cache[kind, key] = self.store.get(kind, key)
        return self._cache[kind, key]

    def need(self, kind: str, key: str) -> Doc:
        """A document that must exist."""
        doc = self.get(kind, key)
        assert doc is not None, f"{kind} {key} is referred to and missing"
        return doc

    def save(self, kind: str, doc: Doc) -> None:
        """Write a document with its projected row."""
        self._drop(kind, doc["id"])
        self.store.put(kind, doc)
        self.projection.write(kind, doc)

    def remove(self, kind: str, doc: Doc, at: str, by: str) -> None:
        """Delete a document; SuiteQL's deletedrecord is the only place that tells."""
        self._drop(kind, doc["id"])
        self.store.delete(kind, doc["id"])
        self.projection.erase(kind, doc, self.store.next("_deleted"), at, by, self.name_of(kind, doc["id"], doc))

    def _drop(self, kind: str, key: str) -> None:
        self._cache.pop((kind, key), None)
        self._names.pop((kind, key), None)
        if kind == "accountingPeriod":
            self._months = None

    def by_external(self, kind: str, external: str) -> Doc | None:
        """The document with this external id, or None."""
        return self.store.first(kind, externalId=external)

    def new_id(self, kind: str, start: int | None = None) -> str:
        """The next internal id; an id taken by a seed row is passed over."""
        while True:
            key = str(self.store.next(f"{kind}.id", start or FIRST_IDS.get(kind, 1)))
            if self.store.get(kind, key) is None:
                return key

    # -- references ---------------------------------------------------------------------------

    def resolve(self, kind: str, how: str, value: str) -> str | None:
        """The internal id that a reference means; `how` is id, externalId or refName; None when it means nothing."""
        if how == "id":
            return value if self.get(kind, value) is not None else None
        if how == "externalId":
            found = self.store.db.execute(f'SELECT key FROM "{kind}" WHERE externalId = ?', (value,)).fetchone()
            return None if found is None else str(found[0])
        field = NAME_FIELDS[kind]
        row = self.store.db.execute(
            f'SELECT key FROM "{kind}" WHERE json_extract(doc, ?) = ? COLLATE NOCASE ORDER BY rowid',
            (f"$.{field}", value),
        ).fetchone()
        return None if row is None else str(row[0])

    def name_of(self, kind: str, key: str, doc: Doc | None = None) -> str:
        """A record's display name, as refName and BUILTIN.DF have it."""
        name = self._names.get((kind, key))
        if name is None:
            doc = doc or self.get(kind, key)
            name = "" if doc is None else display_name(kind, doc)
            self._names[kind, key] = name
        return name

    def type_of(self, kind: str, key: str) -> RecordType:
        """The record type behind an id: several types share the kinds transaction and item."""
        if kind in ("transaction", "item"):
            doc = self.get(kind, key)
            return RECORD_TYPES[doc["recordType"].lower()] if doc else ITEMS[0]
        return _BY_KIND[kind]

    # -- set-up -------------------------------------------------------------------------------

    @property
    def preferences(self) -> Doc:
        """The account's preferences."""
        if self._preferences is None:
            self._preferences = DEFAULTS | (self.store.get("preference", "1") or {})
        return self._preferences

    def prefer(self, **changes: Any) -> None:
        """Change preferences."""
        self.store.put("preference", self.preferences | changes)
        self._preferences = None

    def months(self) -> list[Doc]:
        """The posting months in order of start."""
        if self._months is None:
            found = [p for p in self.store.held("accountingPeriod") if not p.get("isYear") and not p.get("isQuarter")]
            self._months = sorted(found, key=lambda period: (period["startDate"], period["id"]))
        return self._months

    def fields_of(self, record: RecordType) -> dict[str, Field]:
        """A record's fields with the account's custom fields."""
        if record.name not in self._fields:
            fields = dict(record.fields)
            for name in self.preferences["hidden"].get(record.name.lower(), ()):
                fields.pop(name, None)
            for custom in self.store.find("customField"):
                if custom["record"].lower() not in (record.name.lower(), record.kind.lower()):
                    continue
                one = Field(custom["field"], custom.get("type", "string"), label=custom.get("label", ""))
                parent = fields.get(custom.get("sublist", "").lower())
                if parent is None:
                    fields[one.name.lower()] = one
                else:
                    fields[parent.name.lower()] = replace(parent, fields=parent.fields | {one.name.lower(): one})
            self._fields[record.name] = fields
        return self._fields[record.name]

    def define(self, custom: Doc) -> None:
        """Add a custom field: {"id", "record", "sublist"?, "type"?, "label"?}."""
        key = f"{custom['record']}/{custom.get('sublist', '')}/{custom['id']}".lower()  # one name in many records
        self.store.put("customField", {**custom, "id": key, "field": custom["id"]})
        self._fields.clear()

    def digits(self, currency: str) -> int:
        """Decimals of a currency."""
        return int(self.need("currency", currency).get("currencyPrecision", 2))

    def digits_of(self, doc: Doc) -> tuple[int, int]:
        """Decimals of a document's currency and of its subsidiary's."""
        base = self.need("subsidiary", doc["subsidiary"])["currency"]
        return self.digits(doc["currency"]), self.digits(base)


def display_name(kind: str, doc: Doc) -> str:
    """How a record is called elsewhere."""
    if kind == "transaction":
        title = RECORD_TYPES[doc["recordType"].lower()].title
        return f"{title} #{doc.get('tranId', '')}"
    if kind == "customer":
        name = customer_name(doc)
        return name if doc["entityId"] == name else f"{doc['entityId']} {name}".strip()
    if kind == "account":
        return f"{doc.get('acctNumber') or ''} {doc.get('acctName') or ''}".strip()
    return str(doc.get(NAME_FIELDS[kind]) or doc["id"])


def customer_name(doc: Doc) -> str:
    """A company's or a person's name."""
    return doc.get("companyName") or f"{doc.get('firstName', '')} {doc.get('lastName', '')}".strip()


_BY_KIND = {one.kind: one for one in RECORD_TYPES.values()}

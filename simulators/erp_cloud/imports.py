"""A user's own set-up: the metadata catalog that their account exports, and lists as the vendor's pages export them.

`catalog` takes the OpenAPI document of `GET metadata-catalog?select=…` (Accept: application/swagger+json): properties
that we do not know become fields of the record. `lists` takes rows or CSV text of items, accounts, subsidiaries and
tax codes under the headings that the vendor's lists have.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

from simulators.erp_cloud.schemas import RECORD_TYPES, RecordType
from simulators.erp_cloud.state import State
from simulators.kit.fidelity import approximate

approximate(
    "import of a metadata catalog",
    "unknown properties of records that we have become fields, kept and shown but without rules of their own; "
    "`required` ones are mandatory; with `only` properties that the catalog lacks are unknown; records that we do not "
    "have are named in the answer",
    source="ours",
)
approximate(
    "import of lists",
    "items, accounts, subsidiaries, tax codes, terms, departments and classes as JSON rows or CSV under the headings "
    "of the vendor's lists",
    source="ours",
)

Doc = dict[str, Any]

KEPT = ("id", "links", "externalid", "refname", "subsidiary", "currency")  # never hidden: the rules stand on them
SECTIONS = ("items", "account", "subsidiary", "taxCodes", "terms", "departments", "classes")
HEADINGS = {
    "internal id": "id", "external id": "externalId", "item name/number": "itemId", "number": "acctNumber",
    "account": "acctName", "type": "acctType", "display name": "displayName", "income account": "incomeAccount",
    "deferred revenue account": "deferralAccount", "subsidiary": "subsidiary", "country": "country",
    "currency": "currency", "tax rate": "rate", "tax type": "taxType", "tax code": "name", "inactive": "isInactive",
    "name": "name", "days till net due": "days", "description": "description", "nexus": "nexus",
}  # fmt: skip
ACCOUNT_TYPES = {
    "bank": "Bank", "accounts receivable": "AcctRec", "other current asset": "OthCurrAsset",
    "fixed asset": "FixedAsset", "other asset": "OthAsset", "accounts payable": "AcctPay",
    "other current liability": "OthCurrLiab", "long term liability": "LongTermLiab", "deferred revenue": "DeferRevenue",
    "equity": "Equity", "income": "Income", "cost of goods sold": "COGS", "expense": "Expense",
    "other income": "OthIncome", "other expense": "OthExpense", "unbilled receivable": "UnbilledRec",
}  # fmt: skip
_SERVICE, _GOOD = "serviceSaleItem", "nonInventorySaleItem"
_ITEM_TYPES = {
    "service for sale": _SERVICE, "service": _SERVICE, "non-inventory item": _GOOD,
    "non-inventory item for sale": _GOOD,
}  # fmt: skip
_YES = ("yes", "t", "true", "y")


def import_catalog(state: State, catalog: Mapping[str, Any], only: bool = False) -> Doc:
    """Take over the fields of a catalog; ValueError when it is none.

    Returns how many fields each known record has gained, and the records that the simulator has not.
    """
    schemas = (catalog.get("components") or {}).get("schemas")
    if not isinstance(schemas, Mapping):
        raise ValueError("the catalog has no components.schemas: export it with Accept: application/swagger+json")
    gained, unknown = {}, []
    mandatory = dict(state.preferences["mandatory"])
    hidden = dict(state.preferences["hidden"])
    for name, schema in schemas.items():
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        record = RECORD_TYPES.get(str(name).lower())
        if record is None or not properties:
            if properties and "-" not in name and not name.startswith("ns"):
                unknown.append(str(name))
            continue
        gained[record.name] = _take(state, record, properties, schemas)
        fields = state.fields_of(record)
        required = [fields[each.lower()].name for each in schema.get("required") or () if each.lower() in fields]
        if required:
            mandatory[record.name.lower()] = required
        if only:
            named = {str(each).lower() for each in properties}
            hidden[record.name.lower()] = [each for each in record.fields if each not in named and each not in KEPT]
    state.prefer(mandatory=mandatory, hidden=hidden)
    state.forget()
    return {"fields": gained, "unknownRecords": sorted(unknown)}


def _take(state: State, record: RecordType, properties: Mapping[str, Any], schemas: Mapping[str, Any]) -> int:
    known, count = state.fields_of(record), 0
    for name, schema in properties.items():
        target = _resolved(schema, schemas)
        lines = _resolved(_resolved((target.get("properties") or {}).get("items"), schemas).get("items"), schemas)
        parent = known.get(str(name).lower())
        if parent is not None and parent.type == "sublist":
            for inner, given in (lines.get("properties") or {}).items():
                if inner.lower() not in parent.fields and inner not in ("links", "refName"):
                    custom = {"id": inner, "record": record.name, "sublist": parent.name}
                    state.define(custom | _type(given, schemas))
                    count += 1
        elif parent is None and name not in ("links", "refName", "id") and not lines:
            state.define({"id": str(name), "record": record.name, **_type(schema, schemas)})
            count += 1
    return count


def _resolved(schema: Any, schemas: Mapping[str, Any]) -> Mapping[str, Any]:
    """A schema behind its `$ref`, at most a few deep."""
    for _ in range(5):
        if not isinstance(schema, Mapping) or "$ref" not in schema:
            break
        schema = schemas.get(str(schema["$ref"]).rpartition("/")[2]) or {}
    return schema if isinstance(schema, Mapping) else {}


def _type(schema: Any, schemas: Mapping[str, Any]) -> Doc:
    target = _resolved(schema, schemas)
    kind, form = target.get("type"), target.get("format")
    named = {"label": target["title"]} if target.get("title") else {}
    if kind == "string" and form in ("date", "date-time"):
        return {"type": "date" if form == "date" else "datetime", **named}
    if kind in ("integer", "number", "boolean", "string"):
        return {"type": kind, **named}
    return {"type": "anyref", **named}


def rows_of_csv(text: str) -> list[dict[str, str]]:
    """CSV with a line of headings as rows; ValueError without headings."""
    rows = [{str(name).strip(): value for name, value in row.items() if name is not None and value}
            for row in csv.DictReader(io.StringIO(text))]  # fmt: skip
    if not rows:
        raise ValueError("the CSV has no rows below its headings")
    return rows


def seed_rows(section: str, rows: Iterable[Mapping[str, Any]]) -> list[Doc]:
    """Rows under the vendor's headings as the seed's; ValueError names a heading that nothing is known of."""
    if section not in SECTIONS:
        raise ValueError(f"there is no list {section}; there are {', '.join(SECTIONS)}")
    return [_seed_row(section, row, number) for number, row in enumerate(rows, 1)]


def _seed_row(section: str, row: Mapping[str, Any], number: int) -> Doc:
    found: Doc = {}
    for heading, value in row.items():
        name = HEADINGS.get(heading.lower()) or (heading if heading[:1].islower() else "")
        if not name:
            raise ValueError(f"{section} row {number}: nothing is known of the heading {heading}")
        if section == "items":
            name = {"acctType": "type", "name": "itemId", "acctName": "incomeAccount"}.get(name, name)
        elif section == "account" and name == "name":
            name = "acctName"
        found[name] = value
    if section == "account" and "acctType" in found:
        found["acctType"] = ACCOUNT_TYPES.get(str(found["acctType"]).lower(), found["acctType"])
    if section == "items":
        found["type"] = _ITEM_TYPES.get(str(found.get("type", "service")).lower(), found.get("type"))
        found["subsidiary"] = _split(found.get("subsidiary", []))
    if isinstance(found.get("isInactive"), str):
        found["isInactive"] = found["isInactive"].lower() in _YES
    if isinstance(found.get("rate"), str):
        found["rate"] = found["rate"].rstrip("% ")
    return found


def _split(value: Any) -> list[Any]:
    return [part.strip() for part in value.split("|") if part.strip()] if isinstance(value, str) else list(value)

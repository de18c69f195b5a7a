"""Writing set-up records: items, accounts, subsidiaries, currencies, tax codes, terms, classifications, rates."""

from typing import Any

from simulators.erp_cloud.errors import Refused, missing_values, user_error
from simulators.erp_cloud.moments import stamp, today
from simulators.erp_cloud.posting import Writing
from simulators.erp_cloud.schemas import NAME_FIELDS, label_of
from simulators.erp_cloud.state import State

Doc = dict[str, Any]

MANDATORY = {
    "item": ("itemId", "incomeAccount"),
    "subsidiary": ("name", "currency"),
    "account": ("acctName", "acctType"),
    "currency": ("name", "symbol"),
    "taxCode": ("itemId", "rate"),
    "term": ("name",),
    "revRecTemplate": ("name", "recurrenceType"),
    "currencyRate": ("baseCurrency", "transactionCurrency", "exchangeRate"),
}
USED_IN = {"item": ("row_line", "item"), "account": ("row_gl", "account"), "taxCode": ("row_line", "taxcode")}


class Catalog:
    """The keeper of set-up records."""

    def __init__(self, state: State) -> None:
        self.state = state

    def write(self, doc: Doc, writing: Writing) -> None:
        """Mandatory fields, unique names, precision and dates."""
        kind = writing.record.kind
        missing = [name for name in MANDATORY.get(kind, ("name",)) if doc.get(name) in (None, "")]
        if missing:
            raise Refused(missing_values(*map(label_of, missing), path=missing[0]))
        name = NAME_FIELDS[kind]
        if name != "id" and writing.before is None and self.state.resolve(kind, "refName", str(doc[name])) is not None:
            raise Refused(user_error("That record already exists: a record with this name is there. DUP_RCRD.", name))
        if kind == "currency":
            doc.setdefault("currencyPrecision", 2)
        if kind == "currencyRate":
            doc["effectiveDate"] = doc.get("effectiveDate") or today(writing.at, self.state.preferences["timezone"])
        if kind == "item":
            doc["itemType"] = writing.record.code
            nowhere = not doc.get("subsidiary")
            if nowhere and len(self.state.store.find("subsidiary")) > 1:
                raise Refused(missing_values("Subsidiary", path="subsidiary"))
        if writing.before is None:
            doc["createdDate"] = stamp(writing.at)
        doc["lastModifiedDate"] = stamp(writing.at)
        self.state.save(kind, doc)

    def delete(self, doc: Doc, writing: Writing) -> None:
        """What transactions use stays."""
        table, column = USED_IN.get(writing.record.kind, ("", ""))
        if (
            table
            and self.state.store.db.execute(
                f"SELECT 1 FROM {table} WHERE {column} = ? LIMIT 1", (int(doc["id"]),)
            ).fetchone()
        ):
            raise Refused(user_error("This record cannot be deleted because it has dependent records."))

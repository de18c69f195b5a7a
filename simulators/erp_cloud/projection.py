"""Documents as rows: what SuiteQL and the ledger read, rewritten with every save in the same transaction."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from simulators.erp_cloud.moments import sql_day, sql_stamp
from simulators.erp_cloud.rules_ledger import Entry
from simulators.erp_cloud.rules_money import ZERO, amount, e4
from simulators.kit.fidelity import exact
from simulators.kit.store import Store

exact(
    "expandSubResources, fields, simpleEnumFormat, sublist and line addresses",
    source="documented",
    held_by="test_records",
)

Doc = dict[str, Any]

_TRANSACTION = f"INSERT OR REPLACE INTO row_transaction VALUES ({','.join('?' * 28)})"
_LINE = f"INSERT INTO row_line VALUES ({','.join('?' * 17)})"
_GL = f"INSERT INTO row_gl VALUES ({','.join('?' * 13)})"
_CUSTOMER = f"INSERT OR REPLACE INTO row_customer VALUES ({','.join('?' * 19)})"
_LINK_TYPES = {"CustPymt": "Payment", "CustCred": "SaleRet", "CustRfnd": "Payment", "DepAppl": "DepAppl"}


_NO_LINES = ("CustPymt", "CustRfnd", "CustDep", "DepAppl")


def _flag(value: Any) -> str:
    return "T" if value else "F"


def _id(value: str | None) -> int | None:
    return int(value) if value else None


def _e4(value: str | None) -> int | None:
    return None if value in (None, "") else e4(Decimal(value or 0))


class Projection:
    """Writes rows beside documents; everything happens within the caller's store transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def write(self, kind: str, doc: Doc) -> None:
        """The header row of a transaction or customer; other kinds are read by views straight from the documents."""
        if kind == "transaction":
            self._store.db.execute(_TRANSACTION, _transaction_row(doc))
        elif kind == "customer":
            self._store.db.execute(_CUSTOMER, _customer_row(doc))

    def post(self, doc: Doc, entries: Sequence[Entry], posting: bool) -> None:
        """Replace a transaction's lines and ledger lines."""
        db, tx = self._store.db, int(doc["id"])
        db.execute("DELETE FROM row_line WHERE tx = ?", (tx,))
        db.execute("DELETE FROM row_gl WHERE tx = ?", (tx,))
        db.executemany(_LINE, _line_rows(doc, entries))
        shared = (int(doc["subsidiary"]), int(doc["currency"]), int(doc["postingPeriod"]), _flag(posting))
        party = doc.get("entity")
        db.executemany(
            _GL,
            [
                (tx, number, int(one.account), e4(max(one.value, ZERO)), e4(max(-one.value, ZERO)), e4(one.foreign),
                 *shared, _id(one.entity or party), doc["tranDate"], one.memo or doc.get("memo"))
                for number, one in enumerate(entries)
            ],
        )  # fmt: skip

    def link(self, doc: Doc) -> None:
        """Replace the links from a payment, credit or refund to what it is applied to."""
        db, tx = self._store.db, int(doc["id"])
        db.execute("DELETE FROM row_link WHERE nextdoc = ?", (tx,))
        db.executemany(
            "INSERT INTO row_link VALUES (?, ?, ?, ?, ?)",
            [
                (int(line["doc"]), tx, e4(Decimal(line["amount"])), e4(Decimal(line["base"])), _LINK_TYPES[doc["type"]])
                for line in doc.get("apply") or ()
            ],
        )

    def erase(self, kind: str, doc: Doc, seq: int, at: str, by: str, name: str) -> None:
        """Take a record's rows out and leave its trace in deletedrecord."""
        db, key = self._store.db, int(doc["id"])
        if kind == "transaction":
            for statement in (
                "row_transaction WHERE id",
                "row_line WHERE tx",
                "row_gl WHERE tx",
                "row_link WHERE nextdoc",
            ):
                db.execute(f"DELETE FROM {statement} = ?", (key,))
        elif kind == "customer":
            db.execute("DELETE FROM row_customer WHERE id = ?", (key,))
        row = (seq, key, str(doc.get("recordType", kind)).lower(), name, doc.get("externalId"), sql_stamp(at), by)
        db.execute("INSERT INTO row_deleted VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _transaction_row(doc: Doc) -> tuple[Any, ...]:
    return (
        int(doc["id"]), doc["tranId"], doc["type"], doc["recordType"].lower(), _id(doc.get("entity")),
        sql_day(doc["tranDate"]), sql_day(doc.get("dueDate")), sql_day(doc.get("closeDate")), _id(doc["postingPeriod"]),
        doc["status"], int(doc["currency"]), float(doc["exchangeRate"]), _e4(doc.get("total")),
        _e4(doc.get("amountPaid")), _e4(doc.get("amountRemaining")), _e4(doc.get("baseTotal")), doc.get("externalId"),
        doc.get("otherRefNum"), doc.get("memo"), _flag(doc.get("voided")), _flag(doc["posting"]),
        doc.get("approvalStatus"), _id(doc.get("terms")), sql_stamp(doc["createdDate"]),
        sql_stamp(doc["lastModifiedDate"]), _id(doc.get("account")), int(doc["subsidiary"]),
        _id(doc.get("createdFrom")),
    )  # fmt: skip


def _customer_row(doc: Doc) -> tuple[Any, ...]:
    name = doc.get("companyName") or f"{doc.get('firstName', '')} {doc.get('lastName', '')}".strip()
    return (
        int(doc["id"]), doc["entityId"], doc.get("companyName"), doc.get("firstName"), doc.get("lastName"), name,
        doc.get("email"), doc.get("phone"), doc.get("externalId"), int(doc["subsidiary"]), int(doc["currency"]),
        _id(doc.get("terms")), _flag(doc.get("isPerson")), _flag(doc.get("isInactive")), doc.get("vatRegNumber"),
        doc.get("comments"), _id(doc.get("parent")), sql_stamp(doc["dateCreated"]), sql_stamp(doc["lastModifiedDate"]),
    )  # fmt: skip


def _line_rows(doc: Doc, entries: Sequence[Entry]) -> list[tuple[Any, ...]]:
    """Main line 0, then item, tax or journal lines, signed as the ledger has them (credits negative)."""
    tx, subsidiary, party = int(doc["id"]), int(doc["subsidiary"]), _id(doc.get("entity"))
    lines = {line["line"]: line for line in doc.get("item") or doc.get("line") or ()}
    details = list(doc.get("taxDetails") or ())
    rows: list[tuple[Any, ...]] = []
    total = amount(doc.get("total"))
    if doc["type"] != "Journal":
        sign = -1 if doc["type"] in ("CustCred", "CustRfnd") else 1  # of a payment and a refund: the bank account
        base = amount(doc.get("baseTotal"))
        rows.append((tx, 0, None, None, None, e4(sign * total), e4(sign * base), "T", "F", subsidiary, party,
                     doc.get("memo"), _id(doc.get("department")), _id(doc.get("class")), _id(doc.get("location")),
                     _id(doc.get("createdFrom")), None))  # fmt: skip
    if doc["type"] in _NO_LINES:
        return rows
    taxed = 0
    for entry in entries[1:] if doc["type"] != "Journal" else entries:
        line = lines.get(entry.line) if entry.line else None
        code = None
        if line is None:
            if taxed >= len(details):
                continue  # a realised gain or loss has a ledger line and no document line
            code = _id(details[taxed]["taxCode"])
            taxed += 1
        source = line or {}
        quantity = source.get("quantity")
        sign = -1 if doc["type"] == "CustInvc" else 1
        rows.append((tx, len(rows) if doc["type"] != "Journal" else entry.line - 1, _id(source.get("item")),
                     None if quantity in (None, "") else sign * float(quantity), _rate(source), e4(entry.foreign),
                     e4(entry.value), "T" if doc["type"] == "Journal" and not rows else "F", _flag(code), subsidiary,
                     _id(entry.entity) or party, entry.memo or None, _id(source.get("department")),
                     _id(source.get("class")), _id(source.get("location")),
                     _id(doc.get("createdFrom")), code))  # fmt: skip
    return rows


def _rate(line: Doc) -> float | None:
    return None if line.get("rate") in (None, "") else float(line["rate"])

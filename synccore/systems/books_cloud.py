"""The cloud ERP's rows of SuiteQL pages, as a book: documents, receipts, applications, journals on the receivables."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from synccore.domain.books import Book, BookCustomer, BookDocument, BookEntry, BookReceipt, Deletion, Names, exact

Row = Mapping[str, Any]

_DAY, _STAMP = "'YYYY-MM-DD'", "'YYYY-MM-DD HH24:MI:SS'"
CUSTOMERS = "SELECT c.id, c.externalid, c.companyname, c.subsidiary FROM customer c WHERE c.id > {after} ORDER BY c.id"
TRANSACTIONS = (
    "SELECT t.id, t.tranid, t.type, t.externalid, t.status, t.voided, t.foreigntotal, t.foreignamountunpaid,"
    f" TO_CHAR(t.trandate, {_DAY}) AS ondate, TO_CHAR(t.duedate, {_DAY}) AS duedate, t.posting,"
    f" TO_CHAR(t.lastmodifieddate, {_STAMP}) AS modified, y.symbol, l.subsidiary, c.externalid AS customer"
    " FROM transaction t JOIN transactionline l ON l.transaction = t.id AND l.mainline = 'T'"
    " JOIN currency y ON y.id = t.currency LEFT JOIN customer c ON c.id = t.entity"
    " WHERE t.type IN ('CustInvc', 'CustCred', 'CustPymt', 'CustRfnd') AND t.id > {after} ORDER BY t.id"
)
TAXES = (
    "SELECT l.transaction AS id, SUM(l.foreignamount) AS tax FROM transactionline l"
    " WHERE l.taxline = 'T' AND l.transaction > {after} GROUP BY l.transaction ORDER BY l.transaction"
)
APPLICATIONS = (
    "SELECT k.nextdoc AS id, k.previousdoc, k.foreignamount, t.externalid, t.tranid, t.type"
    " FROM previoustransactionlinelink k JOIN transaction t ON t.id = k.previousdoc"
    " WHERE k.nextdoc > {after} ORDER BY k.nextdoc, k.previousdoc"
)
JOURNALS = (
    f"SELECT t.id, t.tranid, t.memo, TO_CHAR(t.trandate, {_DAY}) AS ondate, g.amount, t.exchangerate, y.symbol,"
    " l.subsidiary, c.externalid AS customer"
    " FROM transactionaccountingline g JOIN account a ON a.id = g.account JOIN transaction t ON t.id = g.transaction"
    " JOIN transactionline l ON l.transaction = g.transaction AND l.id = g.transactionline"
    " JOIN currency y ON y.id = t.currency LEFT JOIN customer c ON c.id = l.entity"
    " WHERE a.accttype = 'AcctRec' AND t.type = 'Journal' AND t.posting = 'T' AND t.id > {after} ORDER BY t.id"
)
DELETED = (
    f"SELECT d.recordid, d.recordtypeid, d.externalid, d.name, d.deletedby, TO_CHAR(d.deleteddate, {_DAY}) AS ondate"
    " FROM deletedrecord d ORDER BY d.recordid"
)
BY_KEY = (CUSTOMERS, TRANSACTIONS, TAXES, APPLICATIONS, JOURNALS)
PAGES = 50  # of a query by offset before it is asked anew from the last key on
_KINDS: Mapping[str, Any] = {"CustInvc": "invoice", "CustCred": "credit"}
PREFIXES = {"CustInvc": "CBINV-", "CustCred": "CBCN-"}
VOIDS = {"CustInvc": "CBCNV-", "CustCred": "CBVOID-"}  # what takes a credit memo or an invoice back
CUSTOMER_PREFIX = "CB-"
LESS = re.compile(r"CBMIGC\d+-")  # before it in a credit memo over what the other ledger did not give away
MOVED = "CBMIG-"  # before the number of a bill whose open item came from the other ledger
SHADOW = "SHADOW-"  # before the key of what stands there for comparison alone


def book(
    names: Names, customers: Sequence[Row], transactions: Sequence[Row], taxes: Sequence[Row],
    applications: Sequence[Row], journals: Sequence[Row], deleted: Sequence[Row],
) -> Book:  # fmt: skip
    """The account's book. A document is ours by its external id, else by a number under one of our customers."""
    found = Book("erp_cloud")
    tax = {str(row["id"]): row["tax"] for row in taxes}
    applied: dict[str, list[Row]] = {}
    less: list[BookDocument] = []
    for row in applications:
        applied.setdefault(str(row["id"]), []).append(row)
    for row in customers:
        if names.shadow_of(str(row.get("subsidiary") or "")):
            continue
        found.read(f"customer {row.get('id')}", found.customers, _customer, row, names)
    for row in transactions:
        if row.get("voided") == "T" or row.get("posting") == "F":
            continue
        if names.shadow_of(str(row.get("subsidiary") or "")):
            found.read(f"transaction {row.get('tranid')}", found.shadows, _shadow, row, tax, names)
        elif row.get("type") in ("CustPymt", "CustRfnd"):
            mine = applied.get(str(row["id"]), [])
            found.read(f"customerPayment {row['id']}", found.receipts, _receipt, row, mine, names)
        else:
            external = str(row.get("externalid") or "")
            into = found.moved if external.startswith(MOVED) else found.documents
            into = less if LESS.match(external) else into
            if external.startswith(MOVED) and names.keys.born_in_ledger(external.removeprefix(MOVED)):
                mine = applied.get(str(row["id"]), [])
                found.read(f"transaction {row.get('tranid')}", found.brought, _brought, row, mine, names)
                continue
            found.read(f"transaction {row.get('tranid')}", into, _document, row, tax, names)
    _take_off(found, less)
    _drop_voided(found)
    taken_back = {one.number[len(SHADOW) :].partition("-")[2] for one in found.shadows if one.number.startswith(SHADOW)}
    found.shadows = [one for one in found.shadows if one.number not in taken_back and not one.number.startswith(SHADOW)]
    for row in journals:
        found.read(f"journal {row.get('tranid')}", found.entries, _entry, row, names)
    for row in deleted:
        key = _deleted_key(row)
        found.deleted[key] = Deletion(key, str(row.get("ondate") or ""), str(row.get("deletedby") or ""))
    return found


def _take_off(found: Book, less: list[BookDocument]) -> None:
    """What came over is less by what was taken off again; what was taken off as a whole never came."""
    for memo in less:
        number = LESS.sub("", memo.number)
        index = next((at for at, one in enumerate(found.moved) if one.number == number), None)
        if index is None:
            found.documents.append(memo)
            continue
        one = found.moved[index]
        found.moved[index] = replace(one, gross=one.gross - memo.gross, open=one.open - memo.open)
    found.moved = [one for one in found.moved if one.gross or one.open]


def _drop_voided(found: Book) -> None:
    """A document that we took back is none any more, nor is what took it back, once one is settled by the other."""
    kinds: Mapping[str, Any] = {VOIDS["CustInvc"]: "credit", VOIDS["CustCred"]: "invoice"}  # of what was taken back
    for one in [one for one in found.documents if one.number.startswith(tuple(kinds))]:
        prefix = next(prefix for prefix in kinds if one.number.startswith(prefix))
        number = one.number.removeprefix(prefix)
        twins = [two for two in (*found.documents, *found.moved) if (two.kind, two.number) == (kinds[prefix], number)]
        if len(twins) == 1 and twins[0].gross == one.gross and not (one.open or twins[0].open):
            found.documents = [two for two in found.documents if two is not one and two is not twins[0]]


def _customer(row: Row, names: Names) -> BookCustomer:
    external = str(row.get("externalid") or "")
    key = external.removeprefix(CUSTOMER_PREFIX) if external.startswith(CUSTOMER_PREFIX) else ""
    entity = names.entity_of("subsidiary", str(row.get("subsidiary") or ""))
    return BookCustomer(str(row["id"]), key, str(row.get("companyname") or ""), entity, names.keys.account_of(key))


def _number(external: Any, tran_id: Any, kind: str, ours: bool) -> str:
    key = str(external or "")
    if key.startswith(VOIDS.get(kind, "?")) or LESS.match(key):
        return key
    if key.startswith(MOVED):
        return key.removeprefix(MOVED)
    if key.startswith(PREFIXES.get(kind, "?")):
        return key.removeprefix(PREFIXES[kind])
    return str(tran_id or "") if ours and not key else ""


def _document(row: Row, taxes: Mapping[str, Any], names: Names) -> BookDocument:
    currency, kind, customer = str(row["symbol"]), str(row["type"]), str(row.get("customer") or "")
    gross = exact(row.get("foreigntotal"), currency)
    tax = exact(taxes.get(str(row["id"])), currency)
    tax = -tax if kind == "CustInvc" else tax  # lines carry the ledger's sign
    key = customer.removeprefix(CUSTOMER_PREFIX) if customer.startswith(CUSTOMER_PREFIX) else ""
    return BookDocument(
        str(row["id"]), _number(row.get("externalid"), row.get("tranid"), kind, bool(key)), _KINDS[kind],
        names.entity_of("subsidiary", str(row["subsidiary"])), currency, gross,
        exact(row.get("foreignamountunpaid"), currency), gross - tax, tax, str(row.get("ondate") or ""),
        str(row.get("duedate") or ""), None, names.keys.account_of(key), key, modified=_instant(row),
    )  # fmt: skip


def _shadow(row: Row, taxes: Mapping[str, Any], names: Names) -> BookDocument:
    """A document of a dual run, under the entity and the number of what it stands for."""
    external = str(row.get("externalid") or "").removeprefix(SHADOW)
    told = _document({**row, "externalid": external}, taxes, names)
    number = f"{SHADOW}{told.number}" if external.startswith(tuple(VOIDS.values())) else told.number
    return replace(told, number=number, entity=names.shadow_of(str(row["subsidiary"])))


def _receipt(row: Row, applied: Sequence[Row], names: Names) -> BookReceipt:
    currency, external, customer = str(row["symbol"]), str(row.get("externalid") or ""), str(row.get("customer") or "")
    ours = names.keys.payment_of_erp(external)
    key = names.keys.receipt_of_platform(ours) if ours else names.keys.receipt_of_cloud(str(row["id"]))
    known, back = customer.startswith(CUSTOMER_PREFIX), row["type"] == "CustRfnd"
    sign = -1 if back else 1
    parts = tuple(
        (
            _number(one.get("externalid"), one.get("tranid"), str(one["type"]), known),
            sign * exact(one["foreignamount"], currency),
        )
        for one in applied
        if not back or one["type"] == "CustCred"  # what a payment gives back lies on account, with a minus
    )
    return BookReceipt(
        str(row["id"]), key, names.entity_of("subsidiary", str(row["subsidiary"])), currency,
        sign * exact(row.get("foreigntotal"), currency), str(row.get("ondate") or ""), parts, known or bool(ours),
        _instant(row),
    )  # fmt: skip


def _brought(row: Row, applied: Sequence[Row], names: Names) -> BookReceipt:
    """A credit memo that carries what of the other ledger's payment lay on account there."""
    told = _receipt({**row, "type": "CustPymt"}, applied, names)
    return replace(told, key=str(row["externalid"]).removeprefix(MOVED))


def _entry(row: Row, names: Names) -> BookEntry:
    currency = str(row["symbol"])
    rate = float(row.get("exchangerate") or 1)
    amount = exact(row["amount"], currency) if rate == 1 else round(exact(row["amount"], currency) / rate)
    ours = str(row.get("customer") or "").startswith(CUSTOMER_PREFIX)
    return BookEntry(
        str(row.get("tranid") or row["id"]), names.entity_of("subsidiary", str(row["subsidiary"])), currency, amount,
        str(row.get("ondate") or ""), str(row.get("memo") or ""), ours,
    )  # fmt: skip


def _deleted_key(row: Row) -> str:
    """As the document or receipt would be called: its bill, its birth, or the bare internal id."""
    external, kind = str(row.get("externalid") or ""), str(row.get("recordtypeid") or "").lower()
    for prefix in PREFIXES.values():
        if external.startswith(prefix):
            return external.removeprefix(prefix)
    if kind in ("customerpayment", "customerrefund"):
        return f"CB:{external[6:]}" if external.startswith("CBTXN-") else f"NS-{row['recordid']}"
    return f"{kind} {row['recordid']}"


def _instant(row: Row) -> float:
    return datetime.strptime(str(row["modified"]), "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()

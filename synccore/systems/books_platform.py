"""The subscription platform's rows of a bulk read, as a book: contracts, bills, credit notes, payments."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import contracts_on
from synccore.domain.books import (
    Book,
    BookContract,
    BookCustomer,
    BookDocument,
    BookReceipt,
    BookShare,
    Deletion,
    DocumentKind,
    Names,
)

Row = Mapping[str, Any]


def book(
    names: Names, customers: Sequence[Row], subscriptions: Sequence[Row], invoices: Sequence[Row],
    credit_notes: Sequence[Row], transactions: Sequence[Row],
) -> Book:  # fmt: skip
    """The site's book. Deleted documents (include_deleted) are kept as deletions under the key they had."""
    found = Book("subscriptions")
    accounts = {str(row.get("id")): str(row.get("cf_sf_account") or "") for row in customers}
    deals = {str(row.get("id")): str(row.get("cf_sf_opportunity") or "") for row in subscriptions}
    for row in customers:
        found.read(f"customer {row.get('id')}", found.customers, _customer, row, names)
    for row in subscriptions:
        found.read(f"subscription {row.get('id')}", found.contracts, _subscription, row, names)
    reader = _Reader(accounts, deals, names)
    for row in invoices:
        _keep(found, row, "invoice", str(row.get("id")), found.documents, reader.invoice)
        found.shares += _shares(row, "invoice")
    for row in credit_notes:
        _keep(found, row, "credit_note", str(row.get("id")), found.documents, reader.credit_note)
        found.shares += _shares(row, "credit")
    for row in transactions:
        if row.get("type") in MOVED and row.get("status") in ("success", "late_failure"):
            key = receipt_key(row, names)
            _keep(found, row, "transaction", key, found.receipts, reader.payment)
    for key in {receipt.key for receipt in found.receipts} & set(found.deleted):
        del found.deleted[key]  # one of several parts, or recorded again since
    return found


MOVED = ("payment", "refund", "payment_reversal")  # money that came in, and what took it out again


def _keep(found: Book, row: Row, kind: str, key: str, into: list[Any], make: Callable[[Row], Any]) -> None:
    if row.get("deleted"):
        at = row.get("updated_at")
        found.deleted[key] = Deletion(key, _day(at, "UTC"))
    else:
        found.read(f"{kind} {row.get('id')}", into, make, row)


def receipt_key(row: Row, names: Names) -> str:
    """Where a payment was born: its reference says so for what a ledger received."""
    reference = str(row.get("reference_number") or "")
    return reference if names.keys.born_in_ledger(reference) else names.keys.receipt_of_platform(str(row.get("id")))


def _customer(row: Row, names: Names) -> BookCustomer:
    key = str(row["id"])
    entity = str(row.get("business_entity_id") or names.keys.entity_of(key))
    return BookCustomer(key, key, str(row.get("company") or ""), entity, str(row.get("cf_sf_account") or ""))


def _subscription(row: Row, names: Names) -> BookContract:
    term = row.get("contract_term") or {}
    start, end = term.get("contract_start") or row.get("start_date") or row.get("started_at"), term.get("contract_end")
    value = term.get("total_contract_value_before_tax")
    return BookContract(
        str(row["id"]), str(row["id"]), str(row.get("cf_sf_opportunity") or ""), str(row["currency_code"]),
        _day(start, names.site_zone), _day(end, names.site_zone), str(row["status"]),
        None if value is None else int(value), float(row.get("updated_at") or 0),
    )  # fmt: skip


class _Reader:
    def __init__(self, accounts: Mapping[str, str], deals: Mapping[str, str], names: Names) -> None:
        self._accounts, self._deals, self._names = accounts, deals, names

    def invoice(self, row: Row) -> BookDocument:
        customer, reference = str(row["customer_id"]), str(row.get("po_number") or "")
        deal = self._deals.get(str(row.get("subscription_id") or ""), "")
        due = row.get("due_date")
        return self._document(row, "invoice", customer, int(row["amount_due"]), _number(row.get("tax")), due,
                              deal or self._names.keys.opportunity_of("", reference))  # fmt: skip

    def credit_note(self, row: Row) -> BookDocument:
        tax = sum(int(one.get("amount") or 0) for one in row.get("taxes") or ())
        return self._document(
            row, "credit", str(row["customer_id"]), _number(row.get("amount_available")), tax, None, ""
        )

    def _document(
        self, row: Row, kind: Any, customer: str, still_open: int, tax: int, due: Any, deal: str
    ) -> BookDocument:
        gross = int(row["total"])
        entity = str(row.get("business_entity_id") or self._names.keys.entity_of(customer))
        zone = self._names.zone(entity)
        return BookDocument(
            str(row["id"]), str(row["id"]), kind, entity, str(row["currency_code"]), gross, still_open, gross - tax,
            tax, _day(row["date"], zone), _day(due, zone), str(row["status"]), self._accounts.get(customer, ""),
            customer, deal, float(row.get("updated_at") or 0), _elsewhere(row),
            str(row.get("reference_invoice_id") or ""), row.get("reason_code") == "write_off",
            self._names.keys.correction_of(str(row.get("customer_notes") or "")),
            min((int(one["date_from"]) for one in row.get("line_items") or () if one.get("date_from")), default=0),
            _day(row.get("voided_at"), zone),
        )  # fmt: skip

    def payment(self, row: Row) -> BookReceipt:
        entity = str(row.get("business_entity_id") or self._names.keys.entity_of(str(row.get("customer_id") or "")))
        back = row["type"] != "payment"
        settles = row.get("linked_invoices") if row["status"] == "success" and not back else ()
        applied = tuple((str(one["invoice_id"]), int(one["applied_amount"])) for one in settles or ())
        if back:
            notes = row.get("linked_credit_notes") or ()
            applied = tuple((str(one["cn_id"]), -int(one["applied_amount"])) for one in notes)
        amount = -int(row["amount"]) if back else int(row["amount"])
        return BookReceipt(
            str(row["id"]), receipt_key(row, self._names), entity, str(row["currency_code"]), amount,
            _day(row["date"], self._names.zone(entity)), applied, modified=float(row.get("updated_at") or 0),
        )  # fmt: skip


def _shares(row: Row, kind: DocumentKind) -> list[BookShare]:
    """What the lines of a document of several contracts say that each of them has of it."""
    named = contracts_on(row) if not row.get("deleted") else ()
    lines = row.get("line_items") or ()
    inclusive, found = row.get("price_type") == "tax_inclusive", []
    for contract in named if len(named) > 1 else ():
        own = [line for line in lines if line.get("subscription_id") == contract]
        tax = sum(_number(line.get("tax_amount")) for line in own)
        net = sum(_number(line.get("amount")) - _number(line.get("discount_amount")) for line in own)
        found.append(BookShare(
            f"{row['id']}/{contract}", str(row["id"]), kind, contract, str(row["currency_code"]),
            net - tax if inclusive else net, tax,
        ))  # fmt: skip
    return found


def _elsewhere(row: Row) -> tuple[tuple[str, int], ...]:
    own = row.get("reference_invoice_id")
    return tuple(
        (str(one["invoice_id"]), int(one["allocated_amount"])) for one in row.get("allocations") or ()
        if one["invoice_id"] != own
    )  # fmt: skip


def _day(epoch: Any, zone: str) -> str:
    return "" if epoch in (None, "") else calendar.day(float(epoch), zone).isoformat()


def _number(value: Any) -> int:
    return 0 if value is None else int(value)

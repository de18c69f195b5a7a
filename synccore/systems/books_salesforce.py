"""Salesforce's rows of a bulk read, as a book: won deals, contracts, and the copies of bills and payments."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

from synccore.domain.books import (
    Book,
    BookContract,
    BookCustomer,
    BookDeal,
    BookDocument,
    BookReceipt,
    BookShare,
    Deletion,
    DocumentKind,
    exact,
)

Row = Mapping[str, Any]
T = TypeVar("T")

ACCOUNTS = (
    "SELECT Id, Name, Selling_Entity__c, Billing_Customer_Id__c FROM Account "
    "WHERE Billing_Customer_Id__c != null ORDER BY Id"
)
DEALS = (
    "SELECT Id, Name, AccountId, Account.Selling_Entity__c, Amount, CurrencyIsoCode, CloseDate, "
    "ContractId, Subscription_Id__c "
    "FROM Opportunity WHERE IsWon = true ORDER BY Id"
)
CONTRACTS = (
    "SELECT Id, Subscription_Id__c, Opportunity__c, CurrencyIsoCode, StartDate, EndDate, Status, Value__c, "
    "LastModifiedDate FROM Contract WHERE Subscription_Id__c != null ORDER BY Id"
)
INVOICES = (
    "SELECT Id, IsDeleted, Invoice_Number__c, Account__c, Account__r.Selling_Entity__c, Opportunity__c, "
    "CurrencyIsoCode, Net__c, Tax__c, Gross__c, Balance__c, Issue_Date__c, Due_Date__c, Status__c, LastModifiedDate "
    "FROM Invoice__c ORDER BY Id"
)
PAYMENTS = (
    "SELECT Id, IsDeleted, Payment_Key__c, Account__r.Selling_Entity__c, Invoice__r.Invoice_Number__c, "
    "CurrencyIsoCode, Amount__c, Received_On__c, LastModifiedDate FROM Payment__c ORDER BY Id"
)
CREDITS = (
    "SELECT Id, IsDeleted, Credit_Number__c, Account__c, Account__r.Selling_Entity__c, CurrencyIsoCode, Net__c, "
    "Tax__c, Gross__c, Available__c, Issue_Date__c, Status__c, LastModifiedDate FROM Credit_Note__c ORDER BY Id"
)
SHARES: Mapping[DocumentKind, str] = {
    "invoice": "SELECT Id, IsDeleted, Share_Key__c, Invoice__r.Invoice_Number__c, Contract__r.Subscription_Id__c, "
    "CurrencyIsoCode, Net__c, Tax__c, LastModifiedDate FROM Invoice_Share__c ORDER BY Id",
    "credit": "SELECT Id, IsDeleted, Share_Key__c, Credit_Note__r.Credit_Number__c, Contract__r.Subscription_Id__c, "
    "CurrencyIsoCode, Net__c, Tax__c, LastModifiedDate FROM Credit_Share__c ORDER BY Id",
}
MILESTONES = "SELECT Id, Opportunity__c, CurrencyIsoCode, Amount__c, Status__c FROM Milestone__c ORDER BY Id"
LIVING, COPIES = (ACCOUNTS, DEALS, CONTRACTS), (INVOICES, CREDITS, PAYMENTS)


def book(accounts: Sequence[Row], deals: Sequence[Row], contracts: Sequence[Row], invoices: Sequence[Row],
         credits: Sequence[Row], payments: Sequence[Row], milestones: Sequence[Row] = (),
         shares: Mapping[DocumentKind, Sequence[Row]] | None = None) -> Book:  # fmt: skip
    """The org's book. Deleted copies (IsDeleted, from queryAll) are kept as deletions under the key they had."""
    found = Book("salesforce")
    parts: dict[str, list[tuple[int, bool]]] = {}
    for row in milestones:
        part = exact(row.get("Amount__c") or 0, str(row["CurrencyIsoCode"])), row.get("Status__c") == "Accepted"
        parts.setdefault(str(row.get("Opportunity__c")), []).append(part)
    for row in accounts:
        found.read(f"Account {row.get('Id')}", found.customers, _customer, row)
    for row in deals:
        found.read(f"Opportunity {row.get('Id')}", found.deals, partial(_deal, parts), row)
    for row in contracts:
        found.read(f"Contract {row.get('Id')}", found.contracts, _contract, row)
    for row in invoices:
        _keep(found, row, "Invoice__c", "Invoice_Number__c", found.documents, _invoice)
    for row in credits:
        _keep(found, row, "Credit_Note__c", "Credit_Number__c", found.documents, _credit)
    for row in payments:
        _keep(found, row, "Payment__c", "Payment_Key__c", found.receipts, _payment)
    for kind, rows in (shares or {}).items():
        for row in rows:
            _keep(found, row, "share", "Share_Key__c", found.shares, partial(_share, kind))
    living = {one.number for one in found.documents} | {one.key for one in found.receipts}
    living |= {f"{one.number}/{one.contract}" for one in found.shares}
    for key in living & set(found.deleted):
        del found.deleted[key]  # deleted and written again since
    return found


def _keep(found: Book, row: Row, what: str, name: str, into: list[T], make: Callable[[Row], T]) -> None:
    key = str(row.get(name) or "")
    if row.get("IsDeleted"):
        found.deleted[key] = Deletion(key, str(row.get("LastModifiedDate") or "")[:10])
    else:
        found.read(f"{what} {key or row.get('Id')}", into, make, row)


def _customer(row: Row) -> BookCustomer:
    return BookCustomer(
        str(row["Id"]), str(row["Billing_Customer_Id__c"]), str(row.get("Name") or ""),
        str(row.get("Selling_Entity__c") or ""), str(row["Id"]),
    )  # fmt: skip


def _deal(parts: Mapping[str, list[tuple[int, bool]]], row: Row) -> BookDeal:
    currency = str(row["CurrencyIsoCode"])
    return BookDeal(
        str(row["Id"]), str(row.get("Name") or ""), str(row.get("AccountId") or ""), _entity(row), currency,
        exact(row.get("Amount"), currency), str(row.get("CloseDate") or ""), str(row.get("ContractId") or ""),
        bool(row.get("Subscription_Id__c")), tuple(parts.get(str(row["Id"]), ())),
    )  # fmt: skip


def _contract(row: Row) -> BookContract:
    currency = str(row["CurrencyIsoCode"])
    value = None if row.get("Value__c") is None else exact(row["Value__c"], currency)
    return BookContract(
        str(row["Id"]), str(row["Subscription_Id__c"]), str(row.get("Opportunity__c") or ""), currency,
        str(row.get("StartDate") or ""), str(row.get("EndDate") or ""), str(row.get("Status") or ""), value,
        _instant(row),
    )  # fmt: skip


def _invoice(row: Row) -> BookDocument:
    currency = str(row["CurrencyIsoCode"])
    return BookDocument(
        str(row["Id"]), str(row.get("Invoice_Number__c") or ""), "invoice", _entity(row, "Account__r"), currency,
        exact(row.get("Gross__c"), currency), exact(row.get("Balance__c"), currency),
        exact(row.get("Net__c"), currency), exact(row.get("Tax__c"), currency), str(row.get("Issue_Date__c") or ""),
        str(row.get("Due_Date__c") or ""), str(row.get("Status__c") or ""), str(row.get("Account__c") or ""),
        deal=str(row.get("Opportunity__c") or ""), modified=_instant(row),
    )  # fmt: skip


def _credit(row: Row) -> BookDocument:
    currency = str(row["CurrencyIsoCode"])
    return BookDocument(
        str(row["Id"]), str(row.get("Credit_Number__c") or ""), "credit", _entity(row, "Account__r"), currency,
        exact(row.get("Gross__c"), currency), exact(row.get("Available__c"), currency),
        exact(row.get("Net__c"), currency), exact(row.get("Tax__c"), currency), str(row.get("Issue_Date__c") or ""),
        None, str(row.get("Status__c") or ""), str(row.get("Account__c") or ""), modified=_instant(row),
    )  # fmt: skip


def _share(kind: DocumentKind, row: Row) -> BookShare:
    currency = str(row["CurrencyIsoCode"])
    whole = row.get("Invoice__r") or row.get("Credit_Note__r") or {}
    return BookShare(
        str(row["Id"]), str(whole.get("Invoice_Number__c") or whole.get("Credit_Number__c") or ""), kind,
        str((row.get("Contract__r") or {}).get("Subscription_Id__c") or ""), currency,
        exact(row.get("Net__c"), currency), exact(row.get("Tax__c"), currency), _instant(row),
    )  # fmt: skip


def _payment(row: Row) -> BookReceipt:
    currency = str(row["CurrencyIsoCode"])
    amount = exact(row.get("Amount__c"), currency)
    number = str((row.get("Invoice__r") or {}).get("Invoice_Number__c") or "")
    return BookReceipt(
        str(row["Id"]), str(row.get("Payment_Key__c") or ""), _entity(row, "Account__r"), currency, amount,
        str(row.get("Received_On__c") or ""), ((number, amount),) if number else (), modified=_instant(row),
    )  # fmt: skip


def _entity(row: Row, relation: str = "Account") -> str:
    return str((row.get(relation) or {}).get("Selling_Entity__c") or "")


def _instant(row: Row) -> float:
    return datetime.fromisoformat(str(row["LastModifiedDate"])).timestamp()

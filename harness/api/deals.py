"""Customers and deals as sales sees them, how far each deal has come in all books, and the tag of what a page saw."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from harness.api.problem import Problem
from harness.books import rows
from harness.canon import Canon, Document
from harness.drivers.stage import Stage
from harness.expectations import DealStates
from harness.money import minor, text

Row = Mapping[str, Any]
LINES = ("OpportunityLineItem",)


def tag(*seen: Any) -> str:
    """A short fingerprint of what was shown."""
    return hashlib.sha256(json.dumps(seen, sort_keys=True, default=str).encode()).hexdigest()[:16]


def money(amount_minor: int, currency: str) -> str:
    """1,234.50 USD."""
    return f"{text(amount_minor, currency)} {currency}"


def customers(book: Row, stage: Stage) -> list[dict[str, Any]]:
    """All accounts by name."""
    names = {buyer.account_id: buyer for buyer in stage.buyers.values()}
    found = []
    for row in rows(book, "party", "Account"):
        buyer = names.get(row["Id"])
        fields = {
            "id": buyer.id if buyer else row["Id"], "account_id": row["Id"], "name": row["Name"],
            "entity": row.get("Selling_Entity__c") or "", "country": row.get("BillingCountry") or "",
            "state": row.get("BillingState") or "", "city": row.get("BillingCity") or "",
            "street": row.get("BillingStreet") or "", "zip": row.get("BillingPostalCode") or "",
            "tax_id": row.get("Tax_Id__c") or "", "pays_by": buyer.pays_by if buyer else "transfer",
        }  # fmt: skip
        found.append({**fields, "etag": tag(fields)})
    return sorted(found, key=lambda one: str(one["name"]).lower())


def deals(book: Row, canon: Canon, stage: Stage) -> list[dict[str, Any]]:
    """All opportunities, the youngest first, with the bills that stand for each."""
    states = DealStates(canon)
    names = {offer.opportunity_id: offer.id for offer in stage.offers.values()}
    accounts = {account.id: account for account in canon.accounts.values()}
    buyers = {buyer.account_id: buyer for buyer in stage.buyers.values()}
    skus: dict[str, list[str]] = {}
    for line in rows(book, "line", *LINES):
        skus.setdefault(line["OpportunityId"], []).append(line.get("ProductCode") or "")
    worth = _worth(book)
    bills = _bills(canon.bills())
    postings = {one.key for one in canon.postings()}
    found = []
    for row in rows(book, "contract", "Opportunity"):
        currency = row.get("CurrencyIsoCode") or "USD"
        account = accounts.get(row.get("AccountId") or "")
        buyer = buyers.get(row.get("AccountId") or "")
        mine = bills.get(row["Id"], [])
        shown = {
            "state": states.of(row["Id"]), "stage": row.get("StageName") or "",
            "net": money(minor(worth.get(row["Id"], Decimal(0)), currency), currency),
            "bills": [{"number": one.key, "gross": money(one.gross, currency), "open": money(one.open, currency),
                       "paid": one.open == 0, "posted": one.key in postings, "due": one.due} for one in mine],
            "open": money(sum(one.open for one in mine), currency), "closed": row.get("IsClosed") in (True, "true"),
        }  # fmt: skip
        found.append({
            "id": names.get(row["Id"], row["Id"]), "opportunity_id": row["Id"], "name": row["Name"],
            "account_id": row.get("AccountId") or "", "customer_id": buyer.id if buyer else "",
            "customer": account.name if account else "", "skus": skus.get(row["Id"], []),
            "entity": account.entity if account else "", "currency": currency, "close_date": row.get("CloseDate") or "",
            "pays_by": row.get("Payment_Method__c") or (buyer.pays_by if buyer else "transfer"),
            "po": row.get("PO_Number__c") or "", "etag": tag(shown["state"], shown["stage"], shown["open"]), **shown,
        })  # fmt: skip
    return found[::-1]


def _worth(book: Row) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for line in rows(book, "line", *LINES):
        found[line["OpportunityId"]] = found.get(line["OpportunityId"], Decimal(0)) + Decimal(line["TotalPrice"] or 0)
    return found


def _bills(documents: Iterable[Document]) -> dict[str, list[Document]]:
    found: dict[str, list[Document]] = {}
    for one in documents:
        for deal in one.deals if one.kind == "invoice" else ():
            found.setdefault(deal, []).append(one)
    return found


def check_fresh(seen: str, now: str, what: str) -> None:
    """Problem 412 when a page acts on something that has changed since it was shown."""
    if seen and seen != now:
        raise Problem(412, f"{what} has changed since this page was shown. Nothing was done; look again, then decide.")

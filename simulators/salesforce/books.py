"""The org's own books: parties, deals with their lines and history, contracts, the copies of invoices
and payments."""

from decimal import Decimal
from typing import Any

from simulators.kit.store import Doc
from simulators.kit.system import Rows
from simulators.salesforce.schemas import SObject
from simulators.salesforce.state import OrgState
from simulators.salesforce.values import exact

TABLES = {
    "party": ("Account",),
    "contract": ("Opportunity", "OpportunityHistory", "Contract", "Contract_Change__c", "Milestone__c"),
    "document": ("Invoice__c", "Invoice_Share__c", "Credit_Note__c", "Credit_Share__c", "Payment__c"),
    "line": ("OpportunityLineItem",),
}


def of(org: OrgState) -> dict[str, Rows]:
    """Every live row of the tables with vendor field names; numbers are exact decimal strings, money at least at
    its currency's decimals; lines carry their product's ProductCode. Merged accounts are rows of an object of ours.
    """
    found: dict[str, Rows] = {}
    for table, names in TABLES.items():
        found[table] = [
            _row(org.spec(name), doc, org.schema.currencies)
            for name in names
            if org.schema.get(name)
            for doc in org.every(name)
        ]
    found["party"] += [
        {"object": "MergedAccount", "Id": loser, "MasterRecordId": into} for loser, into in org.merged("Account")
    ]  # fmt: skip
    for line in found["line"]:
        product = org.get("Product2", line.get("Product2Id") or "")
        line["ProductCode"] = product.get("ProductCode") if product else None
    return found


def _row(spec: SObject, doc: Doc, currencies: dict[str, dict[str, Any]]) -> dict[str, Any]:
    decimals = currencies.get(doc.get("CurrencyIsoCode", ""), {}).get("decimals", 2)
    row: dict[str, Any] = {"object": spec.name}
    for name, empty in spec.booked:
        row[name] = doc.get(name, empty)
    for name, is_money in spec.numbers:
        if row[name] is not None:
            row[name] = text(exact(row[name]), decimals if is_money else 0)
    return row


def text(amount: Decimal, decimals: int) -> str:
    """A decimal with at least so many decimal places, none lost."""
    plain = amount.normalize()
    exponent = plain.as_tuple().exponent
    places = max(decimals, -exponent if isinstance(exponent, int) else 0)
    return f"{amount:.{places}f}"

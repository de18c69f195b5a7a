"""Orders, their products, and quotes: born as drafts, activated with products, locked then; totals from the lines."""

from collections.abc import Collection, Iterable
from decimal import Decimal
from typing import Any

from simulators.salesforce.errors import Problem
from simulators.salesforce.values import exact, number

Doc = dict[str, Any]

LOCKED = ("AccountId", "ContractId", "Pricebook2Id", "EffectiveDate", "CurrencyIsoCode")
"""What an activated order no longer lets change."""


def activated(order: Doc | None) -> bool:
    """Whether the order is in force."""
    return order is not None and order.get("Status") == "Activated"


def move(new: Doc, old: Doc | None, items: int, contract: Doc | None, moment: str, user: str) -> Problem | None:
    """A draft may be activated once it has products and its contract, if any, is in force; the stamp says when."""
    if old is None and activated(new):
        text = "Choose a valid order status and save your changes. Ask your admin for details."
        return Problem("FAILED_ACTIVATION", text, ("Status",))
    if activated(old) and activated(new):
        changed = tuple(name for name in LOCKED if old is not None and new.get(name) != old.get(name))
        if changed:
            return Problem("FIELD_INTEGRITY_EXCEPTION", "An activated order cannot be changed in this field", changed)
    if activated(new) and not activated(old):
        if not items:
            return Problem("FAILED_ACTIVATION", "An order must have at least one product.", ())
        if contract is not None and contract.get("Status") != "Activated":
            return Problem("FAILED_ACTIVATION", "The contract of an order must be activated before the order.", ())
        new |= {"ActivatedDate": moment, "ActivatedById": user}
    if activated(old) and not activated(new):
        new |= {"ActivatedDate": None, "ActivatedById": None}
    if old is not None and items and new.get("Pricebook2Id") != old.get("Pricebook2Id"):
        text = "field integrity exception: Pricebook2Id (cannot be changed while the order has products)"
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("Pricebook2Id",))
    if new.get("EndDate") and new["EndDate"] < new["EffectiveDate"]:
        return Problem("FIELD_INTEGRITY_EXCEPTION", "The order's end date is before its start date", ("EndDate",))
    new["StatusCode"] = new["Status"] if new["Status"] in ("Draft", "Activated") else "Draft"
    return None


def open_for_products(order: Doc | None) -> Problem | None:
    """Products of an activated order stay as they are."""
    if activated(order):
        return Problem("INVALID_OPERATION", "The products of an activated order cannot be changed", ())
    return None


def fit(line: Doc, document: Doc, entry: Doc, what: str) -> Problem | None:
    """A line's price must come from the document's price book and currency."""
    if entry["Pricebook2Id"] != document.get("Pricebook2Id"):
        text = (
            "field integrity exception: unknown (pricebook entry is in a different pricebook than the one assigned "
            f"to the {what})"
        )
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ())
    if entry["CurrencyIsoCode"] != document["CurrencyIsoCode"]:
        text = (
            f"field integrity exception: PricebookEntryId (pricebook entry currency code does not match the {what}'s)"
        )
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("PricebookEntryId",))
    line |= {
        "Product2Id": entry["Product2Id"], "ListPrice": entry["UnitPrice"],
        "CurrencyIsoCode": document["CurrencyIsoCode"],
    }  # fmt: skip
    return None


def price(line: Doc) -> None:
    """TotalPrice = UnitPrice x Quantity, less Discount in percent; Subtotal is undiscounted."""
    full = exact(line.get("UnitPrice")) * exact(line.get("Quantity"))
    line["Subtotal"] = number(full, 2)
    line["TotalPrice"] = number(full * (1 - exact(line.get("Discount")) / 100), 2)


def order_total(lines: Iterable[Doc]) -> float:
    """TotalAmount of an order."""
    return number(sum((exact(line.get("TotalPrice")) for line in lines), Decimal(0)), 2)


def quote_totals(quote: Doc, lines: Collection[Doc]) -> Doc:
    """The quote with what its lines, tax and shipping come to."""
    subtotal = sum((exact(line.get("Subtotal")) for line in lines), Decimal(0))
    total = sum((exact(line.get("TotalPrice")) for line in lines), Decimal(0))
    discount = number((1 - total / subtotal) * 100, 2) if subtotal else 0.0
    grand = total + exact(quote.get("Tax")) + exact(quote.get("ShippingHandling"))
    return {
        **quote, "Subtotal": number(subtotal, 2), "TotalPrice": number(total, 2), "Discount": discount,
        "GrandTotal": number(grand, 2), "LineItemCount": len(lines),
    }  # fmt: skip

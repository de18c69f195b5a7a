"""Orders, quotes and assets around a save: which rule of theirs applies to which object."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING

from simulators.kit.fidelity import absent, approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce.errors import ApiError, Problem
from simulators.salesforce.rules import order

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "Order: draft first, activation with products and an activated contract, products locked then; an asset needs an "
    "account or a contact", source="reported, documented",
    held_by="test_selling",
)  # fmt: skip
approximate("Orders", "an activated order may go back to draft; texts of refused changes are ours")
absent("quote synchronisation, reduction orders, product schedules", "HasOpenActivity, LastActivityDate")


def save_order(writer: Writer, new: Doc, old: Doc | None, _given: Set[str]) -> Problem | None:
    """Status, lock and activation."""
    items = 0 if old is None else len(writer.org.where("OrderItem", "OrderId", new["Id"]))
    contract = writer.org.get("Contract", new["ContractId"]) if new.get("ContractId") else None
    if old is None and writer.how.relaxed and order.activated(new):
        old = {**new, "Status": "Draft"}
        items = 1  # a seed may bring an activated order before its products
    return order.move(new, old, items, contract, writer.moment, writer.how.user)


def save_order_item(writer: Writer, new: Doc, old: Doc | None, _given: Set[str]) -> Problem | None:
    """Price book, currency and total; an activated order is closed for products."""
    document = writer.org.live("Order", new["OrderId"])
    if document is None:
        return Problem("ENTITY_IS_DELETED", "entity is deleted", ())
    problem = None if writer.how.relaxed else order.open_for_products(document)
    if problem is None and old is None:
        entry = writer.org.get("PricebookEntry", new["PricebookEntryId"]) or {}
        problem = order.fit(new, document, entry, "order")
        new["AvailableQuantity"] = new["Quantity"]
    order.price(new)
    return problem


def order_item_saved(writer: Writer, new: Doc, _old: Doc | None) -> None:
    """The order's total follows."""
    document = writer.org.live("Order", new["OrderId"])
    if document is not None:
        lines = writer.org.where("OrderItem", "OrderId", document["Id"])
        writer.touch(writer.org.spec("Order"), {**document, "TotalAmount": order.order_total(lines)})


def delete_order(_writer: Writer, doc: Doc) -> None:
    """An activated order stays."""
    if order.activated(doc):
        raise ApiError(Problem("DELETE_FAILED", "Activated orders cannot be deleted", ()))


def delete_order_item(writer: Writer, doc: Doc) -> None:
    """So do its products, unless the order itself goes."""
    problem = order.open_for_products(writer.org.live("Order", doc["OrderId"]))
    if problem is not None:
        raise ApiError(problem)


def save_quote(writer: Writer, new: Doc, old: Doc | None, _given: Set[str]) -> Problem | None:
    """Account and currency are the opportunity's; totals follow tax and shipping."""
    deal = writer.org.get("Opportunity", new["OpportunityId"]) or {}
    new |= {"AccountId": deal.get("AccountId"), "CurrencyIsoCode": deal.get("CurrencyIsoCode")}
    lines = [] if old is None else writer.org.where("QuoteLineItem", "QuoteId", new["Id"])
    new |= order.quote_totals(new, lines)
    return None


def save_quote_line(writer: Writer, new: Doc, old: Doc | None, _given: Set[str]) -> Problem | None:
    """Price book, currency and total; the first line gives the quote its price book."""
    quote = writer.org.live("Quote", new["QuoteId"])
    if quote is None:
        return Problem("ENTITY_IS_DELETED", "entity is deleted", ())
    problem = None
    if old is None:
        entry = writer.org.get("PricebookEntry", new["PricebookEntryId"]) or {}
        if not quote.get("Pricebook2Id"):
            quote["Pricebook2Id"] = entry.get("Pricebook2Id")
            writer.touch(writer.org.spec("Quote"), quote)
        problem = order.fit(new, quote, entry, "quote")
        if new.get("UnitPrice") is None:
            new["UnitPrice"] = new.get("ListPrice")
    order.price(new)
    return problem


def quote_line_saved(writer: Writer, new: Doc, _old: Doc | None) -> None:
    """The quote's totals follow."""
    quote = writer.org.live("Quote", new["QuoteId"])
    if quote is not None:
        lines = writer.org.where("QuoteLineItem", "QuoteId", quote["Id"])
        writer.touch(writer.org.spec("Quote"), order.quote_totals(quote, lines))


def save_asset(writer: Writer, new: Doc, _old: Doc | None, _given: Set[str]) -> Problem | None:
    """An asset belongs to somebody, and to the asset at the top of its own tree."""
    if not new.get("AccountId") and not new.get("ContactId"):
        text = "Every asset needs an account, a contact, or both."
        return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("AccountId",))
    parent = writer.org.get("Asset", new["ParentId"]) if new.get("ParentId") else None
    new["RootAssetId"] = new["Id"] if parent is None else parent.get("RootAssetId", parent["Id"])
    return None

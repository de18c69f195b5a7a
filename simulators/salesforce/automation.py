"""What the org does by itself around a save: derived fields, price books, roll-ups, life cycles, by object."""

from __future__ import annotations

import re
from collections.abc import Callable, Set
from typing import TYPE_CHECKING

from simulators.kit.fidelity import approximate, exact
from simulators.kit.store import Doc
from simulators.salesforce import activities, dated_rates, fiscal, history, rollups, selling
from simulators.salesforce.errors import ApiError, Problem, refused
from simulators.salesforce.rules import contract, opportunity
from simulators.salesforce.schemas import Field, SObject
from simulators.salesforce.state import OrgState

if TYPE_CHECKING:
    from simulators.salesforce.commit import Writer

exact(
    "stage to probability, forecast, won; Amount from lines and then ignored on write; line prices; price-book "
    "rules; contract life cycle and end date",
    source="documented, reported",
    held_by="test_business_rules",
)
approximate("a line's name", "is not renamed with its opportunity or product")

Before = Callable[["Writer", Doc, Doc | None, Set[str]], Problem | None]
After = Callable[["Writer", Doc, Doc | None], None]


def before_save(writer: Writer, sobject: SObject, new: Doc, old: Doc | None, given: Set[str]) -> None:
    """Derive fields and refuse what the object's rules refuse."""
    rule = _BEFORE.get(sobject.name)
    problem = rule(writer, new, old, given) if rule else None
    if problem is not None:
        raise ApiError(problem)


def after_save(writer: Writer, sobject: SObject, new: Doc, old: Doc | None) -> None:
    """Let other records follow."""
    history.record(writer, sobject, new, old)
    rule = _AFTER.get(sobject.name)
    if rule is not None:
        rule(writer, new, old)
    rollups.follow(writer, sobject, new, old)


def before_delete(writer: Writer, sobject: SObject, doc: Doc) -> None:
    """Refuse a delete that the object's rules refuse."""
    rule = _BEFORE_DELETE.get(sobject.name)
    if rule is not None:
        rule(writer, doc)


def after_delete(writer: Writer, sobject: SObject, doc: Doc) -> None:
    """Let other records follow a delete: a line's total goes as it came."""
    if sobject.name in ("OpportunityLineItem", "OrderItem", "QuoteLineItem", dated_rates.RATE):
        _AFTER[sobject.name](writer, doc, None)
    rollups.follow(writer, sobject, None, doc)


def auto_number(org: OrgState, sobject: SObject, field: Field) -> str:
    """The next number of an auto-number field in its format, such as `INV-{000000}`."""
    number = org.store.next(f"auto/{sobject.name}.{field.name}")
    return re.sub(r"\{(0+)\}", lambda match: str(number).zfill(len(match.group(1))), field.format)


# -- by object --------------------------------------------------------------------------------


def _person(_writer: Writer, new: Doc, _old: Doc | None, _given: Set[str]) -> None:
    new["Name"] = " ".join(part for part in (new.get("FirstName"), new.get("LastName")) if part)


def _opportunity(writer: Writer, new: Doc, old: Doc | None, given: Set[str]) -> Problem | None:
    problem = opportunity.keep_lines_in_charge(new, old) if old else None
    schema = writer.org.schema
    stages = schema.plans.get("stages")
    if stages is None:
        stages = schema.plans["stages"] = opportunity.stage_table(schema.stages)
    opportunity.derive(new, old, given, stages, writer.moment)
    new |= fiscal.fields(writer.org, new["CloseDate"])
    return problem


def _line(writer: Writer, new: Doc, old: Doc | None, given: Set[str]) -> Problem | None:
    org = writer.org
    deal = org.live("Opportunity", new["OpportunityId"])
    if deal is None:
        return Problem("ENTITY_IS_DELETED", "entity is deleted", ())
    if old is None:
        if not new.get("PricebookEntryId"):
            new["PricebookEntryId"] = _entry_for(org, deal, new.get("Product2Id"))
        entry = org.live("PricebookEntry", new["PricebookEntryId"] or "")
        if entry is None:
            text = (
                "field integrity exception: PricebookEntryId, unknown (versions 3.0 and higher must specify pricebook "
                "entry id; others must specify product id)"
            )
            return Problem("FIELD_INTEGRITY_EXCEPTION", text, ("PricebookEntryId", "unknown"))
        problem = opportunity.fit_line(new, deal, entry)
        if problem is not None:
            return problem
        new |= {"Product2Id": entry["Product2Id"], "ListPrice": entry["UnitPrice"]}
        new |= {
            "ProductCode": entry.get("ProductCode"),
            "Name": f"{deal['Name']} {entry.get('Name', '')}".strip()[:376],
        }
        if not deal.get("Pricebook2Id"):
            deal["Pricebook2Id"] = entry["Pricebook2Id"]
            writer.touch(org.spec("Opportunity"), deal)
    return opportunity.price_line(new, old, given)


def _entry_for(org: OrgState, deal: Doc, product_id: str | None) -> str | None:
    if product_id is None:
        return None
    book = deal.get("Pricebook2Id") or org.standard_pricebook_id
    for entry in org.where("PricebookEntry", "Product2Id", product_id):
        if entry["Pricebook2Id"] == book and entry["CurrencyIsoCode"] == deal["CurrencyIsoCode"]:
            return str(entry["Id"])
    return None


def _line_saved(writer: Writer, new: Doc, _old: Doc | None) -> None:
    _roll_up(writer, new["OpportunityId"])


def _roll_up(writer: Writer, opportunity_id: str) -> None:
    org = writer.org
    deal = org.live("Opportunity", opportunity_id)
    if deal is not None:
        lines = org.where("OpportunityLineItem", "OpportunityId", opportunity_id)
        rolled = opportunity.roll_up(deal, lines)
        writer.touch(org.spec("Opportunity"), rolled)
        history.stages(writer, rolled, deal)


def _entry(writer: Writer, new: Doc, old: Doc | None, _given: Set[str]) -> Problem | None:
    org = writer.org
    product = org.get("Product2", new["Product2Id"]) or {}
    new |= {"Name": product.get("Name"), "ProductCode": product.get("ProductCode")}
    if old is not None:
        return None
    same = [
        entry
        for entry in org.where("PricebookEntry", "Product2Id", new["Product2Id"])
        if entry["CurrencyIsoCode"] == new["CurrencyIsoCode"]
    ]
    if any(entry["Pricebook2Id"] == new["Pricebook2Id"] for entry in same):
        raise refused("DUPLICATE_VALUE", "This price definition already exists in this price book")
    if new["Pricebook2Id"] != org.standard_pricebook_id:
        standard = next((entry for entry in same if entry["Pricebook2Id"] == org.standard_pricebook_id), None)
        if standard is None:
            return Problem("STANDARD_PRICE_NOT_DEFINED", "No standard price defined for this product", ())
        if new.get("UseStandardPrice"):
            new["UnitPrice"] = standard["UnitPrice"]
    return None


def _product_saved(writer: Writer, new: Doc, old: Doc | None) -> None:
    if old is None or (old.get("Name"), old.get("ProductCode")) == (new.get("Name"), new.get("ProductCode")):
        return
    spec = writer.org.spec("PricebookEntry")
    for entry in writer.org.where("PricebookEntry", "Product2Id", new["Id"]):
        named = {**entry, "Name": new.get("Name"), "ProductCode": new.get("ProductCode")}
        writer.touch(spec, named, modified=False)


def _contract(writer: Writer, new: Doc, old: Doc | None, _given: Set[str]) -> Problem | None:
    if old is None and writer.how.relaxed and new.get("Status") == "Activated":
        old = {"Status": "Draft"}
    return contract.move(new, old, writer.moment, writer.how.user)


def _delete_contract(_writer: Writer, doc: Doc) -> None:
    problem = contract.deletable(doc)
    if problem is not None:
        raise ApiError(problem)


_BEFORE: dict[str, Before] = {
    "Contact": _person, "Lead": _person, "User": _person, "Opportunity": _opportunity, "OpportunityLineItem": _line,
    "PricebookEntry": _entry, "Contract": _contract, "Order": selling.save_order, "OrderItem": selling.save_order_item,
    "Quote": selling.save_quote, "QuoteLineItem": selling.save_quote_line, "Asset": selling.save_asset,
    "Task": activities.save_task, "Event": activities.save_event, "Case": activities.save_case,
}  # fmt: skip
_AFTER: dict[str, After] = {
    "OpportunityLineItem": _line_saved, "Product2": _product_saved, "OrderItem": selling.order_item_saved,
    "QuoteLineItem": selling.quote_line_saved, dated_rates.RATE: dated_rates.chain,
}  # fmt: skip
_BEFORE_DELETE: dict[str, Callable[[Writer, Doc], None]] = {
    "Contract": _delete_contract, "Order": selling.delete_order, "OrderItem": selling.delete_order_item,
}  # fmt: skip

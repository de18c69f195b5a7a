"""Master data of a won deal, judged from facts already read: all findings at once, each with its owner and remedy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from synccore.domain.deals import Deal
from synccore.domain.findings import Finding
from synccore.domain.mappings import Entity, Item, TaxMap, TaxRule
from synccore.domain.tax import Untaxable, treatment

SALES, TAX, PRODUCT, FINANCE = "sales-operations", "tax", "product-data", "finance"


@dataclass(frozen=True)
class MasterData:
    """What the core's own mappings say about a deal; None where a mapping is missing."""

    entity: Entity | None
    taxes: TaxMap | None
    items: Mapping[str, Item | None]


@dataclass(frozen=True)
class Catalogues:
    """What the systems answered: prices by id (None: does not exist) and ledger items by key (None: not asked)."""

    prices: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict)
    erp_items: Mapping[str, str | None] | None = None


def price_of(item: Item, currency: str) -> str:
    """The platform's item price for a currency, '' when the charge is to be billed ad hoc."""
    return item.prices.get(currency, "")


def findings(deal: Deal, master: MasterData, catalogues: Catalogues, on: date) -> tuple[Finding, ...]:
    """All that keeps a won deal from being activated; empty when nothing does."""
    found = [*_entity(deal, master.entity)]
    if master.entity is not None:
        found += _tax(deal, master, on)
    found += _contract(deal)
    for sku in dict.fromkeys(line.sku for line in deal.lines):
        found += _item(deal, sku, master, catalogues)
    found += _usage(deal, master)
    found += _milestones(deal, master)
    plans = [line.sku for line in deal.lines if (item := master.items.get(line.sku)) and item.kind == "plan"]
    if len(plans) > 1:
        found.append(_deal_finding(deal, "deal_incomplete", f"a deal can hold one plan, this one has {plans}"))
    return tuple(found)


def tax_rule(deal: Deal, taxes: TaxMap, on: date) -> TaxRule | Untaxable:
    """The treatment of a deal's account."""
    return treatment(taxes, deal.account.tax_address, deal.account.tax_id, on)


def _deal_finding(deal: Deal, kind: str, reason: str) -> Finding:
    return Finding(kind, reason, SALES, ("fix_opportunity", "retry", "abandon"), (f"opportunity:{deal.id}",))


def _account_finding(deal: Deal, kind: str, reason: str, role: str, *more: str) -> Finding:
    waits = (f"account:{deal.account.id}", *more)
    return Finding(kind, reason, role, ("fix_account", "retry", "abandon"), waits)


def _entity(deal: Deal, entity: Entity | None) -> list[Finding]:
    if not deal.account.entity:
        return [_account_finding(deal, "unknown_entity", "the account names no selling entity", SALES)]
    if entity is None:
        reason = f"the selling entity {deal.account.entity} is not configured"
        return [_account_finding(deal, "unknown_entity", reason, SALES, f"entity:{deal.account.entity}")]
    if deal.currency not in entity.currencies:
        allowed = ", ".join(entity.currencies)
        reason = f"{entity.name} sells in {allowed}, the deal is in {deal.currency}"
        return [
            Finding(
                "entity_mismatch", reason, SALES, ("fix_opportunity", "fix_account", "retry", "abandon"),
                (f"opportunity:{deal.id}", f"account:{deal.account.id}", f"entity:{deal.account.entity}"),
            )
        ]  # fmt: skip
    return []


def _tax(deal: Deal, master: MasterData, on: date) -> list[Finding]:
    topic = f"tax:{deal.account.entity}"
    if master.taxes is None:
        reason = f"the entity {deal.account.entity} has no tax map"
        return [_account_finding(deal, "missing_tax_profile", reason, TAX, topic)]
    rule = tax_rule(deal, master.taxes, on)
    if isinstance(rule, Untaxable):
        return [_account_finding(deal, "missing_tax_profile", rule.reason, TAX, topic)]
    return []


def _contract(deal: Deal) -> list[Finding]:
    if not deal.lines:
        return [_deal_finding(deal, "deal_incomplete", "the deal has no product lines")]
    wrong = [line.id for line in deal.lines if not line.sku]
    if wrong:
        return [_deal_finding(deal, "deal_incomplete", f"lines without a product code: {', '.join(wrong)}")]
    signed = deal.kind == "amendment"
    odd = [
        line.sku for line in deal.lines
        if (line.quantity <= 0 and not signed) or line.quantity != line.quantity.to_integral_value()
    ]  # fmt: skip
    if odd:
        wanted = "whole" if signed else "whole and positive"
        return [_deal_finding(deal, "deal_incomplete", f"quantities must be {wanted}: {', '.join(odd)}")]
    if deal.payment_method not in ("card", "transfer", ""):
        return [_deal_finding(deal, "deal_incomplete", f"payment method {deal.payment_method} is not known")]
    return []


def _usage(deal: Deal, master: MasterData) -> list[Finding]:
    """An add-on is sold beside a plan; a metered one's line agrees on no amount: usage is billed when it was used."""
    kinds = {line.sku: item.kind for line in deal.lines if (item := master.items.get(line.sku)) is not None}
    metered = [line for line in deal.lines if kinds.get(line.sku) == "usage"]
    beside = [line.sku for line in deal.lines if kinds.get(line.sku) in ("usage", "addon")]
    found = []
    if beside and "plan" not in kinds.values() and deal.kind != "amendment":
        found.append(
            _deal_finding(deal, "deal_incomplete", f"{beside[0]} is sold beside a plan, and the deal has none")
        )
    for line in metered:
        if line.total:
            reason = f"{line.sku} is billed by usage: its line must have the price 0, it has {line.unit_price}"
            found.append(_deal_finding(deal, "deal_incomplete", reason))
    return found


def _milestones(deal: Deal, master: MasterData) -> list[Finding]:
    """Work that is billed by milestones is sold as one product, in new business without a plan."""
    kinds = {line.sku: item for line in deal.lines if (item := master.items.get(line.sku)) is not None}
    by_parts = [sku for sku, item in kinds.items() if item.milestones]
    planned = any(item.kind == "plan" for item in kinds.values())
    if not by_parts or (len(by_parts) == 1 and deal.kind == "new" and not planned):
        return []
    reason = f"{', '.join(by_parts)}: one product billed by milestones can be sold, in new business without a plan"
    return [_deal_finding(deal, "deal_incomplete", reason)]


def _item(deal: Deal, sku: str, master: MasterData, catalogues: Catalogues) -> list[Finding]:
    if not sku:
        return []
    item, topic = master.items.get(sku), f"item:{sku}"
    actions = ("map_item", "retry", "abandon")
    if item is None:
        reason = f"product {sku} is not mapped to the platform and the ledger"
        return [Finding("unmapped_item", reason, PRODUCT, actions, (topic,), {"sku": sku})]
    found = []
    price = price_of(item, deal.currency)
    if item.kind != "charge" and not price:
        reason = f"{item.kind} {sku} has no item price in {deal.currency}"
        found.append(Finding("price_missing", reason, PRODUCT, actions, (topic,), {"sku": sku}))
    elif price and price in catalogues.prices:
        known = catalogues.prices[price]
        if known is None:
            reason = f"the platform has no item price {price} ({sku}, {deal.currency})"
            found.append(Finding("price_missing", reason, PRODUCT, actions, (topic,), {"sku": sku, "price": price}))
        elif known.get("currency_code") != deal.currency:
            reason = f"item price {price} is in {known.get('currency_code')}, the deal in {deal.currency}"
            found.append(Finding("price_missing", reason, PRODUCT, actions, (topic,), {"sku": sku, "price": price}))
    found += _ledger_item(sku, item, master.entity, catalogues, topic)
    return found


def _ledger_item(sku: str, item: Item, entity: Entity | None, catalogues: Catalogues, topic: str) -> list[Finding]:
    if entity is None:
        return []
    actions = ("map_item", "create_erp_item", "retry", "abandon")
    if entity.ledger == "legacy":
        if item.legacy is None:
            reason = f"product {sku} has no revenue account in the legacy ledger"
            return [Finding("erp_item_missing", reason, FINANCE, actions, (topic,), {"sku": sku})]
        return []
    known = catalogues.erp_items
    if not item.erp_item or (known is not None and known.get(item.erp_item) is None):
        reason = f"the cloud ERP has no item '{item.erp_item}' for product {sku}"
        topics = (topic, f"erp_item:{item.erp_item}") if item.erp_item else (topic,)
        return [Finding("erp_item_missing", reason, FINANCE, actions, topics, {"sku": sku, "erp_item": item.erp_item})]
    return []

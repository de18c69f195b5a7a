"""A deal turned into contract terms and bill lines for the platform; amounts in minor units."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from synccore.domain.calendar import day, midnight
from synccore.domain.deals import Deal
from synccore.domain.mappings import Item

MONTHS = {"month": 1, "year": 12}


@dataclass(frozen=True)
class Terms:
    """What the platform contracts: so many billing cycles of so many months from `start` on, for so many seats."""

    start: date
    cycles: int
    months: int
    value: int
    seats: int = 0


def has_plan(deal: Deal, items: Mapping[str, Item]) -> bool:
    """A deal with a plan becomes a subscription, one without becomes a single bill."""
    return any(items[line.sku].kind == "plan" for line in deal.lines)


def period_months(price: Mapping[str, Any]) -> int:
    """Months of a plan's billing period; 0 for periods that are no whole months."""
    return MONTHS.get(str(price.get("period_unit") or ""), 0) * int(price.get("period") or 1)


def terms(deal: Deal, items: Mapping[str, Item], price: Mapping[str, Any], default_months: int, today: date) -> Terms:
    """Contract terms of a deal with a plan. ValueError when the term is no whole number of billing periods."""
    period, months = period_months(price), deal.term_months or default_months
    if not period or months % period:
        raise ValueError(f"a term of {months} months is no whole number of billing periods of {period} months")
    cycles = months // period
    value = sum(line.total * (cycles if items[line.sku].recurring else 1) for line in deal.lines)
    seats = sum(int(line.quantity) for line in deal.lines if items[line.sku].kind == "plan")
    return Terms(deal.start or today, cycles, months, value, seats)


def subscription_items(deal: Deal, items: Mapping[str, Item]) -> list[dict[str, Any]]:
    """The platform's subscription items: the agreed price always overrides the list price."""
    rows = []
    for line in deal.lines:
        item = items[line.sku]
        if item.kind == "usage":  # its quantity comes from the metering, its price from the platform
            rows.append({"item_price_id": item.prices[deal.currency]})
            continue
        row: dict[str, Any] = {
            "item_price_id": item.prices[deal.currency],
            "quantity": int(line.quantity),
            "unit_price": line.unit_price,
        }
        if item.kind == "charge":
            row |= {"charge_on_event": "subscription_creation", "charge_on_option": "immediately", "charge_once": True}
        rows.append(row)
    return rows


def start_epoch(start: date, now: float, site_zone: str) -> int | None:
    """When a subscription shall start that begins on the entity's day `start`; None for at once.

    Days of the platform are days of its site: where it is another day there than at the entity, the start is said,
    else a term sold on the last evening of January in New York would begin in February.
    """
    return None if start == day(now, site_zone) else midnight(start, site_zone)


def bill_lines(deal: Deal, items: Mapping[str, Item]) -> dict[str, list[dict[str, Any]]]:
    """Lines of a one-off bill: item prices with the agreed price, ad hoc charges where there is no item price.

    What is billed by milestones is not among them: each has a bill of its own.
    """
    priced: list[dict[str, Any]] = []
    ad_hoc: list[dict[str, Any]] = []
    for line in (line for line in deal.lines if not items[line.sku].milestones):
        price = items[line.sku].prices.get(deal.currency)
        if price:
            row = {"item_price_id": price, "quantity": int(line.quantity), "unit_price": line.unit_price}
            priced.append(row)
        else:
            ad_hoc.append({"amount": line.total, "description": line.sku})
    result = {"item_prices": priced, "charges": ad_hoc}
    return {name: rows for name, rows in result.items() if rows}

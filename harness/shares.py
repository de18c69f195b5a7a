"""Whose a bill of the platform is, and what each contract has of one that bills several."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Share:
    """What one contract has of a bill; net, in minor units. `starts`: day its youngest service period begins on."""

    subscription: str
    deal: str
    starts: str
    net: int


def day_of(epoch: Any) -> str:
    """A day of the platform's site (UTC in all our worlds): that is what its terms are made of."""
    return "" if epoch in (None, "") else datetime.fromtimestamp(float(epoch), UTC).date().isoformat()


def subscriptions_of(row: Row) -> list[str]:
    """The subscriptions that a bill or credit note is for: its own, or those that its lines name."""
    own = row.get("subscription_id")
    named = [line.get("subscription_id") for line in row.get("line_items") or ()]
    return [own] if own else list(dict.fromkeys(name for name in named if name))


def share_of(row: Row, subscription: str, deals: Mapping[str, str]) -> Share:
    """What one subscription has of a bill that bills several; `deals` by subscription. Usage never is on one."""
    lines = [line for line in row["line_items"] if line.get("subscription_id") == subscription]
    net = sum(int(line["amount"]) - int(line.get("discount_amount") or 0) for line in lines)
    return Share(subscription, deals.get(subscription, ""), starts_of(lines), net)


def starts_of(lines: Iterable[Row]) -> str:
    """Day on which the youngest service period of recurring items begins."""
    days = [
        day_of(line["date_from"]) for line in lines
        if line.get("entity_type") in ("plan_item_price", "addon_item_price") and not line.get("metered")
    ]  # fmt: skip
    return max(days, default="")


def worth_by_item(row: Row, items: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """What a bill's lines come to net, by the ledger's item; () where one of them has none that is known."""
    if row.get("price_type") == "tax_inclusive":
        return ()
    return _by_item(row, items, lambda line: int(line["amount"]) - int(line.get("discount_amount") or 0))


def units_by_item(row: Row, items: Mapping[str, str]) -> tuple[tuple[str, int], ...]:
    """How many units a bill's lines are for, by the ledger's item; () where one of them has none that is known."""
    return _by_item(row, items, lambda line: int(line.get("quantity") or 0))


def _by_item(row: Row, items: Mapping[str, str], worth: Callable[[Row], int]) -> tuple[tuple[str, int], ...]:
    sums: dict[str, int] = {}
    for line in row.get("line_items") or ():
        item = items.get(str(line.get("entity_id") or ""))
        if item is None:
            return ()
        sums[item] = sums.get(item, 0) + worth(line)
    return tuple(sorted((item, total) for item, total in sums.items() if total))


def products_of(row: Row) -> frozenset[str]:
    """What the lines of a bill of the platform are for: their item price, or the text of a line that has none."""
    return frozenset(
        str(line.get("entity_id") or line.get("description") or "") for line in row.get("line_items") or ()
    )

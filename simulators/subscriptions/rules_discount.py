"""What coupons and manual discounts take off the lines of a bill, in the vendor's order of eight steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from simulators.kit.fidelity import exact
from simulators.subscriptions.rules_credit import spread
from simulators.subscriptions.rules_price import minor

exact(
    "several coupons and discounts: lines before the whole, fixed amounts before percentages, coupons before "
    "discounts; "
    "`discount_amount` of a line is all that is taken off it",
    source="documented",
    held_by="test_sdk_coupons, test_discounts",
)

ALL: frozenset[str | None] = frozenset()


@dataclass(frozen=True)
class Deduction:
    """One coupon or discount as it acts on a bill: a percentage, or an amount in minor units.

    `item_level`: it acts on each line of `items` (item prices and entity types; empty: all) by itself; otherwise on
    the whole.
    """

    key: str
    coupon_id: str | None
    percentage: Decimal | None
    amount: int
    item_level: bool
    items: frozenset[str | None] = ALL
    text: str = ""
    in_mrr: bool = True

    @property
    def step(self) -> tuple[bool, bool, bool]:
        """Where it stands in the order: lines before the whole, fixed before percentage, coupons before discounts.

        Source: the vendor's support article on several coupons and manual discounts of one subscription.
        """
        return not self.item_level, self.percentage is not None, self.coupon_id is None

    def take(self, base: int) -> int:
        """What it takes off an amount, never more than the amount."""
        if self.percentage is not None:
            return minor(Decimal(base) * self.percentage / 100)
        return min(self.amount, base)


def apply(lines: Sequence[dict[str, Any]], deductions: Sequence[Deduction]) -> None:
    """Put the deductions on lines in place: `discount_amount` (all of it), `item_level_discount_amount`, `_discounts`.

    An amount or percentage off the whole is spread over the lines by what is left of them, to the minor unit.
    """
    for deduction in sorted(deductions, key=lambda each: each.step):
        if deduction.item_level:
            for line in lines:
                if not deduction.items or not deduction.items.isdisjoint((line.get("entity_id"), line["entity_type"])):
                    _put(line, deduction, deduction.take(_left(line)))
            continue
        left = [_left(line) for line in lines]
        if sum(left) > 0:
            for line, part in zip(lines, spread(deduction.take(sum(left)), left), strict=True):
                _put(line, deduction, part)


def _left(line: Mapping[str, Any]) -> int:
    left: int = line["amount"] - line["discount_amount"]
    return left


def _put(line: dict[str, Any], deduction: Deduction, amount: int) -> None:
    if amount <= 0:
        return
    line["discount_amount"] += amount
    if deduction.item_level:
        line["item_level_discount_amount"] += amount
    entry = {
        "discount_type": _entity_type(deduction), "entity_id": deduction.key, "discount_amount": amount,
        "object": "line_item_discount", "_text": deduction.text,
        "_kind": "fixed_amount" if deduction.percentage is None else "percentage",
    }  # fmt: skip
    if deduction.coupon_id is not None:
        entry["coupon_id"] = deduction.coupon_id
    line.setdefault("_discounts", []).append(entry)


def _entity_type(deduction: Deduction) -> str:
    level = "item_level" if deduction.item_level else "document_level"
    return f"{level}_{'discount' if deduction.coupon_id is None else 'coupon'}"


def flatten(lines: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Take `_discounts` off lines that have their ids: (line_item_discounts, discounts) of the document."""
    details: list[dict[str, Any]] = []
    sums: dict[tuple[str, str, str], dict[str, Any]] = {}
    for line in lines:
        for entry in line.pop("_discounts", ()):
            shown = {name: value for name, value in entry.items() if name[0] != "_"}
            details.append({**shown, "line_item_id": line["id"]})
            by_line = line["id"] if entry["discount_type"].startswith("item_level") else ""
            key = (entry["entity_id"], entry["discount_type"], by_line)
            whole = sums.setdefault(key, {
                "object": "discount", "entity_type": entry["discount_type"], "entity_id": entry["entity_id"],
                "discount_type": entry["_kind"], "description": entry["_text"], "amount": 0,
                **({"line_item_id": by_line} if by_line else {}),
            })  # fmt: skip
            whole["amount"] += entry["discount_amount"]
    return details, list(sums.values())

"""Coupons and discounts as rules: the vendor's order, line by line and off the whole, to the minor unit."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.subscriptions.rules_discount import Deduction, apply, flatten


def lines(*amounts: int) -> list[dict[str, Any]]:
    return [
        {"id": f"li_{number}", "amount": amount, "discount_amount": 0, "item_level_discount_amount": 0,
         "entity_id": f"price-{number}", "entity_type": "plan_item_price"}
        for number, amount in enumerate(amounts)
    ]  # fmt: skip


def off(key: str, *, percent: str | None = None, amount: int = 0, coupon: bool = True, line: bool = False,
        items: frozenset[str | None] = frozenset()) -> Deduction:  # fmt: skip
    percentage = None if percent is None else Decimal(percent)
    return Deduction(key, key if coupon else None, percentage, amount, line, items, key)


@pytest.mark.parametrize(
    ("deductions", "taken"),
    [
        ([off("a", percent="10")], [1_000, 500]),
        ([off("a", amount=300)], [200, 100]),
        ([off("a", amount=99_999)], [10_000, 5_000]),
        ([off("a", percent="50"), off("b", amount=3_000)], [6_000, 3_000]),  # the fixed amount goes first
        ([off("a", percent="50", line=True, items=frozenset(("price-1",)))], [0, 2_500]),
        ([off("a", percent="10"), off("b", amount=1_000, line=True)], [1_900, 1_400]),  # lines go before the whole
        ([off("a", percent="50", coupon=False), off("b", percent="50")], [7_500, 3_750]),
        ([off("a", percent="10", line=True, items=frozenset(("addon_item_price",)))], [0, 0]),
    ],
)
def test_the_order_is_the_vendors(deductions: list[Deduction], taken: list[int]) -> None:
    held = lines(10_000, 5_000)
    apply(held, deductions)
    assert [line["discount_amount"] for line in held] == taken


def test_what_was_taken_is_shown_by_line_and_in_all() -> None:
    held = lines(999, 1)
    apply(held, [off("whole", percent="33.33"), off("each", amount=1, line=True, coupon=False)])
    details, sums = flatten(held)
    assert [(one["entity_type"], one["amount"]) for one in sums] == [
        ("item_level_discount", 1), ("document_level_coupon", 333), ("item_level_discount", 1),
    ]  # fmt: skip
    assert {one["line_item_id"] for one in details} == {"li_0", "li_1"}
    assert [line["item_level_discount_amount"] for line in held] == [1, 1]


@given(
    st.lists(st.integers(0, 10**9), min_size=1, max_size=6),
    st.lists(st.tuples(st.booleans(), st.booleans(), st.booleans(), st.integers(1, 10_000)), max_size=5),
)
def test_nothing_is_taken_that_is_not_there(amounts: list[int], rules: list[tuple[bool, bool, bool, int]]) -> None:
    held = lines(*amounts)
    deductions = [
        off(str(index), percent=str(Decimal(value) / 100), line=line, coupon=coupon) if percent
        else off(str(index), amount=value, line=line, coupon=coupon)
        for index, (percent, line, coupon, value) in enumerate(rules)
    ]  # fmt: skip
    apply(held, deductions)
    assert all(0 <= line["item_level_discount_amount"] <= line["discount_amount"] <= line["amount"] for line in held)
    details, sums = flatten(held)
    whole = sum(line["discount_amount"] for line in held)
    assert sum(one["discount_amount"] for one in details) == sum(one["amount"] for one in sums) == whole

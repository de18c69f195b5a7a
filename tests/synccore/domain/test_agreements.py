"""Renewals and amendments as rules: what comes of a contract's parts, and what hinders a deal from changing it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from synccore.domain.agreements import Agreement, Part, Unfit, agreed, amended, fingerprint, hindrance
from synccore.domain.deals import Account, Deal, DealLine
from synccore.domain.mappings import Item

SEATS = Part(price="platform", quantity=10, unit_price=12_000, plan=True)
ITEMS = {
    "PLAT": Item(kind="plan", prices={"USD": "platform"}, erp_item="x"),
    "ONBOARD": Item(kind="charge", prices={"USD": "onboarding"}, erp_item="y"),
    "CALLS": Item(kind="usage", meter="calls", prices={"USD": "calls"}, erp_item="z"),
}


def deal(*lines: tuple[str, int], **more: Any) -> Deal:
    rows = tuple(
        DealLine(id=f"l{n}", sku=sku, quantity=quantity, unit_price=12_000, total=quantity * 12_000)
        for n, (sku, quantity) in enumerate(lines)
    )
    fields = {"type": "Amendment", "kind": "amendment", "contract_subscription": "sub-1", "currency": "USD", **more}
    return Deal(id="006B", name="more", account=Account(id="001A", name="A"), won=True, amount=0,
                closed_on=date(2026, 1, 5), lines=rows, **fields)  # fmt: skip


def agreement(**more: Any) -> Agreement:
    fields = {"status": "active", "currency": "USD", "parts": (SEATS,), **more}
    return Agreement(id="sub-1", customer_id="c", months=12, **fields)


@pytest.mark.parametrize(("delta", "seats"), [(5, 15), (-4, 6)])
def test_an_amendments_quantity_comes_on_top(delta: int, seats: int) -> None:
    parts = amended((SEATS,), agreed(deal(("PLAT", delta)), ITEMS))
    assert not isinstance(parts, Unfit)
    assert [part.quantity for part in parts] == [seats]


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (SEATS.model_copy(update={"quantity": -10}), "deal_incomplete"),
        (SEATS.model_copy(update={"quantity": 7, "unit_price": 11_000}), "price_differs"),  # blends to no whole price
        (SEATS.model_copy(update={"quantity": -5, "unit_price": 11_000}), "price_differs"),
        (SEATS.model_copy(update={"price": "another"}), "deal_incomplete"),
    ],
)
def test_what_does_not_fit_says_why(change: Part, kind: str) -> None:
    unfit = amended((SEATS,), (change,))
    assert isinstance(unfit, Unfit)
    assert unfit.kind == kind


def test_seats_at_another_price_are_blended_in_so_that_the_contract_is_worth_both_deals() -> None:
    more = SEATS.model_copy(update={"quantity": 5, "unit_price": 9_000})
    parts = amended((SEATS,), (more,))
    assert not isinstance(parts, Unfit)
    assert (parts[0].quantity, parts[0].unit_price) == (15, 11_000)
    assert isinstance(amended((SEATS,), (more,), price="park"), Unfit)


@given(
    st.integers(1, 1_000), st.integers(0, 10**7), st.integers(1, 1_000), st.integers(0, 10**7),
)  # fmt: skip
def test_a_blend_loses_and_invents_no_cent(held: int, at: int, more: int, for_: int) -> None:
    parts = amended(
        (SEATS.model_copy(update={"quantity": held, "unit_price": at}),),
        (SEATS.model_copy(update={"quantity": more, "unit_price": for_}),),
    )
    if not isinstance(parts, Unfit):
        assert parts[0].quantity * (parts[0].unit_price or 0) == held * at + more * for_


@pytest.mark.parametrize(
    ("made", "held", "kind"),
    [
        (deal(("PLAT", 1), contract_subscription=""), None, "deal_incomplete"),
        (deal(("PLAT", 1)), None, "contract_unknown"),
        (deal(("PLAT", 1)), agreement(status="cancelled"), "contract_ended"),
        (deal(("PLAT", 1)), agreement(currency="EUR"), "deal_incomplete"),
        (deal(("PLAT", 1), ("ONBOARD", -1)), agreement(), "deal_incomplete"),
        (deal(("PLAT", 1), ("CALLS", 0), kind="renewal"), agreement(), "deal_incomplete"),
    ],
)
def test_a_deal_that_cannot_change_its_contract(made: Deal, held: Agreement | None, kind: str) -> None:
    unfit = hindrance(made, ITEMS, held)
    assert unfit is not None
    assert unfit.kind == kind
    assert hindrance(deal(("PLAT", 1), ("ONBOARD", 1), ("CALLS", 0)), ITEMS, agreement()) is None


def test_the_same_items_have_one_fingerprint_in_any_order() -> None:
    other = Part(price="support", quantity=1, unit_price=5)
    assert fingerprint((SEATS, other)) == fingerprint((other, SEATS)) != fingerprint((SEATS,))

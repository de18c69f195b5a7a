"""What a write of ours has undone, and how it is made good."""

import pytest

from synccore.domain.agreements import Part, Unfit, Version, amended
from synccore.domain.undone import stepped, undone

PLAN, ADDON = "plan-yearly", "support-yearly"


def parts(plan: int, addon: int = 0, price: int = 100) -> tuple[Part, ...]:
    more = (Part(price=ADDON, quantity=addon, unit_price=10),) if addon else ()
    return (Part(price=PLAN, quantity=plan, unit_price=price, plan=True), *more)


def history(*held: tuple[int, tuple[Part, ...], str]) -> list[Version]:
    return [Version(number=number, parts=each, marker=marker) for number, each, marker in held]


def sold(plan: int = 0, addon: int = 0, price: int | None = 100) -> tuple[Part, ...]:
    rows = (Part(price=PLAN, quantity=plan, unit_price=price, plan=True),
            Part(price=ADDON, quantity=addon, unit_price=10))  # fmt: skip
    return tuple(row for row in rows if row.quantity)


# what the customer made of 10 seats and 2 of the addon, what the deal sells, what our write left, what is made good
CASES = [
    (parts(10, 2), sold(5), parts(15, 2), {}),
    (parts(12, 2), sold(5), parts(15, 2), {PLAN: 2}),
    (parts(8, 2), sold(5), parts(15, 2), {PLAN: -2}),
    (parts(10), sold(0, 3), parts(10, 5), {ADDON: -2}),
    (parts(10, 5), sold(0, -2), parts(10), {ADDON: 3}),
    (parts(12, 5), sold(1, 1), parts(11, 3), {PLAN: 2, ADDON: 3}),
    (parts(12, 2), sold(5, price=None), parts(15, 2), Unfit),
    (parts(12), sold(1, -2), parts(11), Unfit),
]


@pytest.mark.parametrize(("found", "delta", "left", "steps"), CASES)
def test_what_is_to_be_made_good(found: tuple[Part, ...], delta: tuple[Part, ...], left: tuple[Part, ...], steps):
    versions = history((3, parts(10, 2), "earlier"), (5, found, "earlier"), (7, left, "deal"), (9, left, "deal"))
    lost = undone(versions, "deal", lambda held: amended(held, delta))
    if steps is Unfit:
        assert isinstance(lost, Unfit)
    elif not steps:
        assert lost is None
    else:
        assert lost is not None and not isinstance(lost, Unfit)
        before, made = lost
        assert (before.number, {step.price: step.quantity for step in made}) == (5, steps)
        good = stepped(left, made)
        wanted = amended(found, delta)
        assert not isinstance(good, Unfit) and not isinstance(wanted, Unfit)
        assert {(one.price, one.quantity, one.unit_price) for one in good} == {
            (one.price, one.quantity, one.unit_price) for one in wanted
        }


def test_a_price_that_differs_is_made_good_with_the_quantity() -> None:
    delta = (Part(price=PLAN, quantity=10, unit_price=130, plan=True),)
    versions = history((5, parts(30), ""), (7, parts(20, price=115), "deal"))
    lost = undone(versions, "deal", lambda held: amended(held, delta))
    assert isinstance(lost, Unfit)  # 30 at 100 and 10 at 130 come to 107.5 each
    versions = history((5, parts(20), ""), (7, parts(20, price=115), "deal"))
    lost = undone(versions, "deal", lambda held: amended(held, delta))
    assert lost is not None and not isinstance(lost, Unfit)
    assert [(step.quantity, step.unit_price) for step in lost[1]] == [(10, 110)]


def test_without_a_version_before_ours_nothing_was_undone() -> None:
    assert undone(history((7, parts(15), "deal")), "deal", lambda held: amended(held, sold(5))) is None
    assert undone([], "deal", lambda held: amended(held, sold(5))) is None


def test_what_leaves_nothing_is_refused() -> None:
    assert isinstance(stepped(parts(2), (Part(price=PLAN, quantity=-2),)), Unfit)

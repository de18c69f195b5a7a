"""Prices for some months, as those of a billing period, and how many of those follow."""

import pytest

from synccore.domain.agreements import Agreement, Part, Term, Unfit, billing_terms_left, per_period

DAY = 86_400


@pytest.mark.parametrize(
    ("price", "quoted", "months", "expected"),
    [(900_000, 9, 12, 1_200_000), (1_200_000, 12, 12, 1_200_000), (2_100_000, 21, 12, 1_200_000), (700, 7, 1, 100),
     (None, 9, 12, None)],
)  # fmt: skip
def test_a_quote_by_months_is_a_price_per_period(price: int | None, quoted: int, months: int, expected: int | None):
    found = per_period([Part(price="p", quantity=2, unit_price=price)], quoted, months)
    assert found == (Part(price="p", quantity=2, unit_price=expected),)


def test_what_comes_to_no_whole_price_is_for_a_person():
    found = per_period([Part(price="p", quantity=2, unit_price=100)], 7, 12)
    assert isinstance(found, Unfit) and found.kind == "price_differs" and "p at 100 for 7 months" in found.reason


@pytest.mark.parametrize(("days", "months", "left"), [(365, 12, 0), (730, 12, 1), (1096, 12, 2), (365, 1, 11)])
def test_billing_terms_that_follow_the_running_one(days: int, months: int, left: int):
    running = 365 if months == 12 else 31
    term = Term(id="t", start=0, end=days * DAY - 1, cycles=1, action="renew", value=1)
    agreement = Agreement(
        id="s", customer_id="c", status="active", currency="USD", months=months, term=term, term_ends=running * DAY
    )
    assert billing_terms_left(agreement) == left
    assert billing_terms_left(agreement.model_copy(update={"term": None})) == 0

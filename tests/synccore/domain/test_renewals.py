"""Which term a renewal is of: one for each term, none for a year that nobody spoke of."""

from datetime import date
from typing import Any

import pytest

from synccore.domain.agreements import Agreement, Term, Unfit
from synccore.domain.deals import Account, Deal
from synccore.domain.renewals import target_of, undecided_term_began

DAY = 86_400
BEGAN = 1_736_208_000  # 2025-01-07T00:00:00Z
ENDED = BEGAN + 365 * DAY - 1  # the last second of 2026-01-06
FIRST = Term(id="ct_1", start=BEGAN, end=ENDED, cycles=1, action="renew", value=1)
SECOND = Term(id="ct_2", start=ENDED + 1, end=ENDED + 365 * DAY, cycles=1, action="renew", value=1)
OURS = {"deal": "006A", "kind": "won", "term": "ct_1", "until": ENDED, "begun": "", "changes": False}
LOST = {**OURS, "kind": "declined"}
AGAIN = {**OURS, "term": "ct_2", "until": SECOND.end}


def deal(name: str = "006B", closed: date = date(2026, 1, 5), **more: Any) -> Deal:
    return Deal(id=name, name=name, account=Account(id="001A", name="A"), won=True, currency="USD", amount=0,
                closed_on=closed, **more)  # fmt: skip


def agreement(term: Term | None) -> Agreement:
    return Agreement(id="sub-1", customer_id="c", status="active", currency="USD", months=12, term=term, began=BEGAN)


@pytest.mark.parametrize(
    ("made", "term", "prior", "target"),
    [
        (deal(), FIRST, None, "next"),
        (deal(), FIRST, LOST, "next"),  # lost, and won after all
        (deal("006A"), FIRST, OURS, "next"),  # its own decision, looked at again
        (deal(), FIRST, OURS, None),  # another deal has renewed it
        (deal(closed=date(2026, 1, 7)), SECOND, None, "current"),
        (deal(closed=date(2026, 2, 6)), SECOND, None, "current"),  # the thirtieth day
        (deal(closed=date(2026, 2, 7)), SECOND, None, "next"),
        (deal(closed=date(2026, 1, 8), start=date(2027, 1, 7)), SECOND, None, "next"),
        (deal(closed=date(2026, 6, 1), start=date(2026, 1, 7)), SECOND, None, "current"),
        (deal(closed=date(2026, 1, 7)), SECOND, OURS, None),  # renewed already: the next year needs a date
        (deal(closed=date(2026, 1, 7), start=date(2027, 1, 7)), SECOND, OURS, "next"),
        (deal(closed=date(2026, 12, 1)), SECOND, OURS, "next"),
        (deal(closed=date(2026, 12, 1)), SECOND, AGAIN, None),
        (deal(), None, None, "holdover"),
    ],
)  # fmt: skip
def test_each_term_is_renewed_once(
    made: Deal, term: Term | None, prior: dict[str, Any] | None, target: str | None
) -> None:
    found = target_of(made, agreement(term), prior, 30, "UTC")
    if target is None:
        assert isinstance(found, Unfit)
        assert found.kind == "renewal_decided"
    else:
        assert found == target


@pytest.mark.parametrize(
    ("term", "prior", "began"), [(FIRST, None, False), (SECOND, None, True), (SECOND, OURS, False), (None, None, False)]
)
def test_a_lost_renewal_whose_term_has_begun_is_for_a_person(
    term: Term | None, prior: dict[str, Any] | None, began: bool
) -> None:
    assert undecided_term_began(deal(closed=date(2026, 1, 8)), agreement(term), prior, 30, "UTC") is began

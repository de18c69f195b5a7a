"""How a customer stands with what it owes, day by day."""

from datetime import date
from typing import Any

import pytest

from synccore.domain.collections import Notes, OpenBill, bucket, standing

POLICY = {"hold_after_days": 10, "notice_after_days": 3}
BILL = OpenBill("US-1", "USD", 10_000, date(2026, 4, 1), "in_progress")
NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("day", "notes", "taken_back", "status"),
    [
        (1, Notes(), NOTHING, "Current"),
        (2, Notes(), NOTHING, "Overdue"),
        (4, Notes(), NOTHING, "On notice"),
        (11, Notes(), NOTHING, "On hold"),
        (11, Notes(promised=date(2026, 4, 11)), NOTHING, "On notice"),
        (12, Notes(promised=date(2026, 4, 11)), NOTHING, "On hold"),
        (12, Notes(disputed=frozenset({"US-1"})), NOTHING, "Current"),
        (1, Notes(), frozenset({"US-1"}), "On notice"),
        (1, Notes(), frozenset({"US-2"}), "Current"),
    ],
)
def test_the_standing_of_an_account(day: int, notes: Notes, taken_back: frozenset[str], status: str) -> None:
    assert standing([BILL], date(2026, 4, day), notes, taken_back, POLICY).status == status


def test_what_is_overdue_is_summed_by_currency_and_bucket() -> None:
    other = OpenBill("SG-1", "SGD", 500, date(2026, 2, 1))
    how = standing([BILL, other], date(2026, 4, 12), Notes(), NOTHING, POLICY)
    assert how.overdue == {"USD": 10_000, "SGD": 500} and how.oldest_days == 70 and how.dunning == "in_progress"
    assert how.ageing == {("USD", "1-30"): 10_000, ("SGD", "61-90"): 500}


def test_it_is_looked_at_again_when_a_bill_falls_due_and_daily_once_something_is_amiss() -> None:
    early: Any = standing([BILL], date(2026, 3, 5), Notes(), NOTHING, POLICY)
    late: Any = standing([BILL], date(2026, 4, 5), Notes(), NOTHING, POLICY)
    assert (early.look_again, late.look_again) == (date(2026, 4, 2), date(2026, 4, 6))
    assert standing([], date(2026, 4, 5), Notes(), NOTHING, POLICY).look_again is None


def test_the_buckets() -> None:
    assert [bucket(days) for days in (1, 30, 31, 90, 91, 400)] == ["1-30", "1-30", "31-60", "61-90", "90+", "90+"]

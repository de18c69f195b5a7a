"""Exponents, the one rounding, and days in the entity's own zone."""

from datetime import date
from decimal import Decimal

import pytest

from synccore.domain import calendar
from synccore.domain.codes import country_code
from synccore.domain.money import half_up, major, minor, plain, share

AT = 1_767_603_600.0  # 2026-01-05T09:00Z


@pytest.mark.parametrize(("major_text", "currency", "minor_units", "text"), [
    ("12.50", "USD", 1250, "12.50"), ("1200", "JPY", 1200, "1200"), ("1.25", "KWD", 1250, "1.250"),
    ("0", "SGD", 0, "0.00"), ("-3.1", "EUR", -310, "-3.10"), ("1E+3", "USD", 100_000, "1000.00"),
])  # fmt: skip
def test_minor_units_and_back(major_text: str, currency: str, minor_units: int, text: str) -> None:
    assert minor(major_text, currency) == minor_units
    assert plain(minor_units, currency) == text
    assert minor(major(minor_units, currency), currency) == minor_units


@pytest.mark.parametrize(("amount", "currency"), [("1.005", "USD"), ("0.5", "JPY"), ("none", "USD")])
def test_an_amount_that_the_currency_cannot_hold_is_refused(amount: str, currency: str) -> None:
    with pytest.raises(ValueError):
        minor(amount, currency)


def test_halves_go_away_from_zero() -> None:
    assert [half_up(Decimal(text)) for text in ("0.5", "1.5", "-0.5", "2.4999")] == [1, 2, -1, 2]
    assert share(500_000, Decimal("8.875")) == 44_375
    assert share(1, Decimal("50")) == 1


def test_a_day_depends_on_the_zone() -> None:
    evening = AT + 8 * 3600  # 17:00Z
    assert calendar.day(evening, "Asia/Singapore") == date(2026, 1, 6)
    assert calendar.day(evening, "America/New_York") == date(2026, 1, 5)
    assert calendar.midnight(date(2026, 1, 6), "Asia/Singapore") == int(AT) + 7 * 3600


@pytest.mark.parametrize(("hours", "expected_hours"), [(0.0, 4.5), (4.6, 4.6), (4.75, 28.5), (10.0, 28.5)])
def test_the_batch_goes_out_before_the_cut_off(hours: float, expected_hours: float) -> None:
    due = calendar.next_cutoff(AT + hours * 3600, "Asia/Singapore", "21:45", 15)
    assert (due - AT) / 3600 == pytest.approx(expected_hours)


def test_the_cut_off_keeps_to_the_wall_clock_over_a_change_of_the_clocks() -> None:
    before = calendar.midnight(date(2026, 3, 7), "America/Chicago") + 23 * 3600
    due = calendar.next_cutoff(before, "America/Chicago", "21:45", 0)
    assert calendar.stamp(due, "America/Chicago") == ("20260308", "214500")


@pytest.mark.parametrize(("text", "code"), [
    ("us", "US"), ("United States", "US"), (" Singapore ", "SG"), ("Phillipines", ""), ("", ""), (None, ""),
])  # fmt: skip
def test_countries_by_code_or_name_and_never_by_guess(text: str | None, code: str) -> None:
    assert country_code(text) == code

"""Dates, times and date literals."""

from datetime import date

import pytest

from simulators.salesforce.moments import epoch, read_date, read_datetime, read_time, stamp
from simulators.salesforce.soql.dates import literal_range


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000+0000"),
        ("2026-01-02T03:04:05.6789+01:00", "2026-01-02T02:04:05.678+0000"),
        ("2026-01-02T03:04:05-0130", "2026-01-02T04:34:05.000+0000"),
        ("2026-02-30T03:04:05Z", None), ("1600-01-01T00:00:00Z", None), ("2026-01-02", None), ("", None),
    ],
)  # fmt: skip
def test_datetimes_are_kept_in_utc(text: str, expected: str | None):
    assert read_datetime(text) == expected


def test_dates_times_and_stamps():
    assert read_date("2026-01-02") == "2026-01-02" == read_date("2026-01-02T23:00:00Z")
    assert read_date("2026-13-02") is None and read_date("4001-01-01") is None
    assert read_time("03:04") == "03:04:00.000Z" and read_time("24:00") is None
    assert epoch(stamp(1_767_603_600.9)) == 1_767_603_600.0


@pytest.mark.parametrize(
    ("word", "number", "first", "after"),
    [
        ("TODAY", None, "2026-01-05", "2026-01-06"), ("this_week", None, "2026-01-04", "2026-01-11"),
        ("LAST_WEEK", None, "2025-12-28", "2026-01-04"), ("LAST_MONTH", None, "2025-12-01", "2026-01-01"),
        ("NEXT_QUARTER", None, "2026-04-01", "2026-07-01"), ("THIS_FISCAL_YEAR", None, "2026-01-01", "2027-01-01"),
        ("LAST_90_DAYS", None, "2025-10-07", "2026-01-06"), ("NEXT_90_DAYS", None, "2026-01-06", "2026-04-06"),
        ("LAST_N_DAYS", 3, "2026-01-02", "2026-01-06"), ("NEXT_N_DAYS", 3, "2026-01-06", "2026-01-09"),
        ("LAST_N_MONTHS", 2, "2025-11-01", "2026-01-01"), ("N_MONTHS_AGO", 2, "2025-11-01", "2025-12-01"),
        ("N_DAYS_AGO", 1, "2026-01-04", "2026-01-05"), ("NEXT_N_YEARS", 1, "2027-01-01", "2028-01-01"),
        ("LAST_N_FISCAL_QUARTERS", 1, "2025-10-01", "2026-01-01"),
    ],
)  # fmt: skip
def test_date_literals(word: str, number: int | None, first: str, after: str):
    found = literal_range(word, number, date(2026, 1, 5))
    assert found is not None and (found[0].isoformat(), found[1].isoformat()) == (first, after)


@pytest.mark.parametrize(
    ("word", "number"), [("SOMEDAY", None), ("LAST_N_DAYS", None), ("TODAY", 3), ("N_AGO", 1), ("THIS", None)]
)
def test_what_is_no_date_literal(word: str, number: int | None):
    assert literal_range(word, number, date(2026, 1, 5)) is None

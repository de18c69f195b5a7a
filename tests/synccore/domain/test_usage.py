"""Rows of the metering read by the core: what makes no sense is named by place and column, and hides nothing else."""

from decimal import Decimal

import pytest

from synccore.domain.usage import COLUMNS, Malformed, UsageEvent, daily_file, event_of, platform_id

HEADER = ",".join(COLUMNS)
GOOD = "e1,sub-1,,calls,12.5,2026-01-05T09:00:00Z,2026-01-05T10:00:00Z,"
ROW = {"id": "e1", "subscription": "sub-1", "meter": "calls", "quantity": "12.5", "time": "2026-01-05T09:00:00Z",
       "recorded_at": "2026-01-05T10:00:00Z"}  # fmt: skip


def test_feed_and_file_give_the_same_event() -> None:
    read = daily_file("2026-01-05", f"{HEADER}\n{GOOD}\nTRAILER,2026-01-05,1,1\n")
    assert read.problem == ""
    assert read.rows == (event_of(ROW, "feed"),)
    (event,) = read.rows
    assert isinstance(event, UsageEvent)
    assert (event.quantity, event.at, event.recorded_at) == (Decimal("12.5"), 1767603600, 1767607200)


@pytest.mark.parametrize(("change", "reason"), [
    ({"quantity": "12,5"}, "feed, column quantity: '12,5' is no quantity"),
    ({"quantity": "-1"}, "feed, column quantity: '-1' is no quantity"),
    ({"quantity": "NaN"}, "feed, column quantity: 'NaN' is no quantity"),
    ({"subscription": " "}, "feed, column subscription: is empty"),
    ({"time": "noon"}, "feed, column time: 'noon' is no instant"),
    ({"recorded_at": None}, "feed, column recorded_at: is empty"),
    ({"id": ""}, "feed, column id: is empty"),
])  # fmt: skip
def test_a_wrong_column_is_named(change: dict[str, str], reason: str) -> None:
    read = event_of({**ROW, **change}, "feed")
    assert isinstance(read, Malformed)
    assert read.reason == reason


@pytest.mark.parametrize(("text", "problem", "good"), [
    (f"{HEADER}\n{GOOD}\n", "usage of D, line 2: the file ends without its trailer", 1),
    (f"{HEADER}\n{GOOD}\nTRAILER,D,2,2\n", "usage of D, line 3: the trailer says TRAILER,D,2,2, there are 1 lines", 1),
    ("id,quantity\n", "usage of D, line 1: the header is not", 0),
    ("", "usage of D, line 1: the header is not", 0),
])  # fmt: skip
def test_a_file_that_is_not_whole_is_named_and_its_rows_are_kept(text: str, problem: str, good: int) -> None:
    read = daily_file("D", text)
    assert read.problem.startswith(problem)
    assert len(read.rows) == good


def test_a_line_of_the_wrong_width_names_line_and_column() -> None:
    read = daily_file("D", f"{HEADER}\n{GOOD}\ne2,sub-1,calls\nTRAILER,D,2,2\n")
    assert isinstance(read.rows[0], UsageEvent)
    assert isinstance(read.rows[1], Malformed)
    assert read.rows[1].reason == "usage of D, line 3, column 4: 3 columns instead of 8"


def test_an_id_that_is_too_long_for_the_platform_has_a_stable_short_one() -> None:
    assert platform_id("e1") == "e1"
    long = "event-" + "x" * 60
    assert platform_id(long) == platform_id(long) != platform_id(long + "y")
    assert len(platform_id(long)) <= 40

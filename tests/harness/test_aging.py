"""Waiting for a batch window is a reason until the second window has passed; then it is a break."""

from typing import Any

import pytest

from harness.aging import ANSWER_S, overdue, windows_of

HOUR = 3_600.0
FIRST, SECOND = (10 * HOUR, 14 * HOUR), (34 * HOUR, 38 * HOUR)
ANSWERED = SECOND[1] + ANSWER_S


def waiting(**facts: Any) -> dict[str, Any]:
    return {"subject": "SG-1", "waiting_on": ["file:SG-1"], "first_at": 5 * HOUR, "submitted_at": 5 * HOUR, **facts}


@pytest.mark.parametrize(("item", "exceptions", "now", "late"), [
    (waiting(), [], ANSWERED, True),
    (waiting(), [], ANSWERED - 1, False),  # the answers may be lying there
    (waiting(first_at=11 * HOUR), [], ANSWERED, False),  # it came while the first window was open
    (waiting(waiting_on=["contract:sub-1"]), [], ANSWERED, False),
    (waiting(submitted_at=15 * HOUR), [], ANSWERED, True),  # looked at again: that makes it no younger
    (waiting(submitted_at=15 * HOUR), [{"subject": "SG-1"}], ANSWERED, False),  # a person had it until then
    ({"subject": "SG-1", "waiting_on": ["file:SG-1"]}, [], ANSWERED, False),  # a core that does not say since when
])  # fmt: skip
def test_two_windows_are_its_bound(
    item: dict[str, Any], exceptions: list[dict[str, str]], now: float, late: bool
) -> None:
    assert (list(overdue([item], exceptions, [FIRST, SECOND], now)) == ["SG-1"]) is late


def test_a_night_without_a_batch_excuses_whoever_waits_for_it() -> None:
    def run(status: str, window: tuple[float, float]) -> dict[str, Any]:
        return {"object": "TBTCO", "STATUS": status, "ZOPENED": window[0], "ZCLOSED": window[1]}

    books = {"document": [{"object": "BKPF"}, run("F", FIRST), run("A", SECOND)]}
    assert windows_of(books) == [FIRST]
    assert not overdue([waiting()], [], windows_of(books), ANSWERED)
    said = overdue([waiting()], [], [FIRST, SECOND], ANSWERED)["SG-1"]
    assert said == "it waits for a batch since 1970-01-01 05:00 UTC, and 2 windows have passed"

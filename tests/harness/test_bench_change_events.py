"""The bench of change events sees what it says that it has not seen."""

import pytest

from harness.bench import change_events
from harness.bench.change_events import Subscriber, what_is_wrong

PLACES = [b"1", b"2", b"3"]
PAYLOADS = [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("second", "wrong"),
    [
        (Subscriber(PLACES, PAYLOADS), ""),
        (Subscriber(PLACES[:2], PAYLOADS[:2]), "subscriber 2 has 2 events, 2 of them different"),
        (Subscriber(PLACES, [b"a", b"a", b"c"]), "subscriber 2 has 3 events, 2 of them different"),
        (
            Subscriber([b"2", b"1", b"3"], PAYLOADS),
            "subscriber 2 was told in another order than that of the replay ids",
        ),
        (Subscriber(PLACES, [b"b", b"a", b"c"]), "subscriber 2 was told in another order than subscriber 1"),
        (Subscriber(PLACES, PAYLOADS, excess=4), "subscriber 2 was sent 4 events more than it had asked for"),
    ],
)
def test_what_a_subscriber_was_told_amiss_is_named(monkeypatch: pytest.MonkeyPatch, second: Subscriber, wrong: str):
    monkeypatch.setattr(change_events, "EVENTS", 3)
    assert what_is_wrong([Subscriber(PLACES, PAYLOADS), second]) == wrong

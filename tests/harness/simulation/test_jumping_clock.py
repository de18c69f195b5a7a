"""The core's own clock is wrong for a while, forwards or backwards, and is put right: all ends as it should (F23)."""

import pytest

from harness.checkers.outages import API_S
from harness.exploring.likeness import likeness
from harness.simulation import play
from harness.simulation.ports import SimulatedClock
from tests.broken.stories import transfer

STORY = transfer(after="2h")
WRONG = (30, 90)  # looks at the clock: from one to another it is wrong


@pytest.mark.parametrize("off_s", [-7_200.0, -600.0, 600.0, 7_200.0])
def test_a_clock_that_jumps_and_jumps_back(monkeypatch: pytest.MonkeyPatch, off_s: float) -> None:
    calm = play(STORY).evidence
    looks = 0
    real = SimulatedClock.__init__

    def wrong(self, wire, now, life) -> None:  # type: ignore[no-untyped-def]
        def told() -> float:
            nonlocal looks
            looks += 1
            return now() + (off_s if WRONG[0] <= looks < WRONG[1] else 0.0)

        real(self, wire, told, life)

    monkeypatch.setattr(SimulatedClock, "__init__", wrong)
    result = play(STORY)
    assert looks > WRONG[1]
    # a posting is in time or late by the clock of who hears of it: two hours ahead, a service level says so
    known = {"I18"} if off_s > API_S else set()
    assert {one.split()[0] for one in result.findings} <= known, result.findings
    assert calm is not None and result.evidence is not None
    assert likeness(result.evidence.canon) == likeness(calm.canon)

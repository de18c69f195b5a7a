"""The core's store is full for a while, or commits and says nothing: all ends as if nothing had been (F20)."""

import itertools
import sqlite3
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
from structlog.testing import capture_logs

from harness.exploring.likeness import likeness
from harness.simulation import play
from harness.simulation.ports import SimulatedDatabase
from tests.broken.stories import card

STORY = card(between="advance: 6h")
REAL = SimulatedDatabase.run


def troubled(monkeypatch: pytest.MonkeyPatch, full: Callable[[int], bool], unheard: Callable[[int], bool]) -> list[int]:
    """From now on transactions that write fail by their number, counted from 0: nothing is stored, or all is.

    Returns the numbers of those that did. Who only reads is answered, as on a disk that is full.
    """
    numbers, hit = itertools.count(), list[int]()

    async def run(self: SimulatedDatabase, fn: Callable[..., Any]) -> Any:
        silent = False

        def noted(unit: Any) -> Any:
            nonlocal silent
            before = self._connection.total_changes
            found = fn(unit)
            if self._connection.total_changes != before:
                number = next(numbers)
                silent = unheard(number)
                if silent or full(number):
                    hit.append(number)
                if full(number):
                    raise sqlite3.OperationalError("database or disk is full")
            return found

        found = await REAL(self, noted)
        if silent:
            raise sqlite3.OperationalError("the connection was lost while the server answered")
        return found

    monkeypatch.setattr(SimulatedDatabase, "run", run)
    return hit


@pytest.mark.parametrize(
    ("full", "unheard"),
    [(range(6, 14), range(0)), (range(14, 22), range(0)), (range(0), range(5, 60, 4)), (range(0), range(5, 60, 5))],
    ids=["full-early", "full-late", "every-fourth-unheard", "every-fifth-unheard"],
)
def test_all_ends_as_if_nothing_had_been(monkeypatch: pytest.MonkeyPatch, full: range, unheard: range) -> None:
    hit = troubled(monkeypatch, full.__contains__, unheard.__contains__)
    with capture_logs():
        result = play(STORY)
    assert len(hit) > 3
    assert result.outcome == "holds", result.findings
    assert result.evidence is not None
    assert likeness(result.evidence.canon) == _calm()


@cache
def _calm() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SimulatedDatabase, "run", REAL)
        evidence = play(STORY).evidence
    assert evidence is not None
    return likeness(evidence.canon)

"""Repeatability is judged, not assumed: what differs is red, and what could not be tried is unknown."""

from pathlib import Path

import pytest

from harness import repeat
from harness.scenario import load_story
from harness.simulation import play

STORY = load_story(Path(__file__).parents[2] / "scenarios/bad-master-data.yaml")


def test_a_run_is_the_same_in_another_process() -> None:
    verdict = repeat.repeated(STORY, "3", play(STORY, "3").digest)
    assert verdict.outcome == "holds", verdict.findings


def test_another_digest_is_red() -> None:
    assert repeat.repeated(STORY, "3", "0" * 64).outcome == "broken"
    verdict = repeat.repeated_here(STORY, "3", "0" * 64, 2)
    assert (verdict.outcome, verdict.checked) == ("broken", 2) and "run 2 gave" in verdict.findings[0]


def test_a_process_that_fails_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeat.sys, "executable", "/bin/false")
    assert repeat.repeated(STORY, "3", "0" * 64).outcome == "unknown"

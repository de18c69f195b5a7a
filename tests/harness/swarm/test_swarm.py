"""Swarm search: stories are drawn by seed, judged, resumed; what never ends is a finding."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.scenario import read_story
from harness.simulation.loop import Runaway, run_virtual
from harness.swarm import as_yaml, drawn, flown, recorded, search

SEEDS = int(os.environ.get("WINDTUNNEL_SWARM", "12"))


@pytest.mark.parametrize("seed", ["1", "7", "30"])
def test_a_drawn_story_is_a_file_that_reads_back_as_itself(seed: str) -> None:
    story = drawn(seed)
    assert read_story(as_yaml(story)).to_json() == story.to_json() == drawn(seed).to_json()


def test_seeds_draw_different_business_and_weather() -> None:
    stories = [drawn(str(number)) for number in range(60)]
    verbs = {step.verb for story in stories for step in story.steps}
    assert verbs >= {"close", "transfer", "pay_by_card", "platform_change", "cancel", "disturb", "take_down", "consume"}
    kinds = {step.facts.kind for story in stories for step in story.steps if step.verb == "disturb"}  # type: ignore[attr-defined]
    assert len(kinds) > 15


def test_the_core_holds_in_random_weather() -> None:
    found = {seed: flown(seed).findings for seed in map(str, range(1, SEEDS + 1))}
    assert {seed: findings for seed, findings in found.items() if findings} == {}


def test_a_search_goes_on_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = tmp_path / "night.jsonl"
    record.touch()
    search(["2"], record=record)
    assert record.read_bytes().count(b"\n") == 1
    with record.open("ab") as file:
        file.write(b'{"seed": "4", "outc')  # killed in the midst of a line
    asked: list[str] = []

    def judged(seed: str) -> Any:
        asked.append(seed)
        return flown(seed)

    monkeypatch.setattr("harness.swarm.searching.judged", judged)
    result = search(["2", "4"], record=record)
    assert asked == ["4"] and set(result.flown) == {"2", "4"}
    assert set(recorded([record]).flown) == {"2", "4"}
    assert result.cells


def _never_rests() -> Callable[[], Any]:
    async def main() -> None:
        while True:
            await asyncio.sleep(60)

    return main


def _spins() -> Callable[[], Any]:
    async def main() -> None:
        while True:
            await asyncio.sleep(0)

    return main


@pytest.mark.parametrize("endless", [_never_rests, _spins])
def test_a_run_that_never_ends_is_given_up(endless: Callable[[], Callable[[], Any]], monkeypatch: Any) -> None:
    monkeypatch.setattr("harness.simulation.loop._SPINS_MAX", 1_000)
    with pytest.raises(Runaway):
        run_virtual(endless(), bound_s=86_400.0)

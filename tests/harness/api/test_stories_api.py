"""Stories over the API: the text is checked in place, runs are child processes, step by step if wished."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from harness.api import stories
from harness.api.explaining import explained
from harness.api.problem import Problem
from harness.api.runs import Run, Runs
from harness.cli.select import known_stories
from tests.sandbox import click

SHORT = """story: short
title: One account
replay: false
steps:
  - customer: {id: a, name: A, entity: US, country: US}
  - expect: {exceptions: []}
"""


def asked(text: str = SHORT, **more: Any) -> dict[str, Any]:
    return {"name": "short", "text": text, "mode": "sim", "seed": "1", "stepwise": False, **more}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))


def test_the_stories_are_those_of_ci_and_have_no_complaints() -> None:
    listed = stories.listed()
    assert [one["name"] for one in listed] == known_stories()
    assert all(one["title"] and one["steps"] and not one["complaints"] for one in listed)


def test_a_badly_edited_story_is_told_where_and_what() -> None:
    found = stories.checked(SHORT.replace("expect:", "expct:"))["complaints"]
    assert found == [{"line": 6, "column": 5, "message": "unknown verb 'expct'; did you mean 'expect'?"}]
    assert stories.checked("story: [")["complaints"][0]["message"].startswith("not YAML")


async def over(runs: Runs, run: Run) -> dict[str, Any]:
    after = 0
    while not run.over:
        after = (await runs.events(run.id, after, 20.0))["after"]
    assert run.task is not None
    await run.task
    return run.to_json()


def test_a_run_that_does_not_hold_is_explained(tmp_path: Path) -> None:
    text = SHORT.replace("exceptions: []", "exceptions: [unmapped_product]")
    run = Run("run-00000009", asked(text), tmp_path)
    with pytest.raises(Problem, match="has no verdict to explain"):
        asyncio.run(explained(run))
    run.state = "done"
    told = asyncio.run(explained(run))
    assert told["outcome"] == "broken" and told["customer"]["name"] == "A"
    assert told["findings"][0]["invariant"] == "story" and told["timeline"]
    with pytest.raises(Problem, match="only a run in simulation"):
        asyncio.run(explained(Run("run-00000010", asked(mode="live"), tmp_path)))


def test_a_run_tells_its_events_and_its_verdict() -> None:
    async def story() -> tuple[dict[str, Any], list[dict[str, Any]]]:
        runs = Runs()
        run = await runs.start("run-00000001", asked())
        assert await runs.start("run-00000001", asked()) is run  # a second click starts nothing
        with pytest.raises(Problem, match="was another one"):
            await runs.start("run-00000001", asked(seed="2"))
        return await over(runs, run), run.events

    end, events = asyncio.run(story())
    assert end["state"] == "done" and end["result"]["books"]["holds"]
    told = [event["said"] for event in events if event["kind"] == "step" and event["state"] == "done"]
    assert told == ["A is a customer of entity US", "as expected"]
    assert [event["cursor"] for event in events] == list(range(1, len(events) + 1))


@pytest.mark.live
@pytest.mark.parametrize("mode", ["sim", "live"])
def test_step_by_step_each_step_waits_for_its_own_click(mode: str, tmp_path: Path) -> None:
    async def story() -> dict[str, Any]:
        runs = Runs()
        run = await runs.start(click(), asked(stepwise=True, mode=mode))
        for number in (1, 2):
            while run.now != f"waits before step {number}":
                assert not run.over, run.said
                await runs.events(run.id, len(run.events), 0.5)
            await runs.go_on(run.id, number)
            with pytest.raises(Problem, match="does not wait"):
                await runs.go_on(run.id, number)  # the double click
        return await over(runs, run)

    end = asyncio.run(story())
    assert end["state"] == "done" and end["result"]["outcome"] != "broken"


def test_a_run_is_stopped_while_it_waits_and_nothing_is_left() -> None:
    async def story() -> Run:
        runs = Runs()
        run = await runs.start(click(), asked(stepwise=True))
        while run.state != "waiting":
            await runs.events(run.id, len(run.events), 0.5)
        await runs.stop(run.id)
        await runs.close()
        return run

    run = asyncio.run(story())
    assert run.state == "stopped" and run.process is not None and run.process.returncode is not None
    assert not run.folder.exists()


def test_a_run_that_cannot_be_played_says_why() -> None:
    async def story() -> dict[str, Any]:
        runs = Runs()
        return await over(runs, await runs.start(click(), asked(SHORT.replace("entity: US", "entity: XX"))))

    end = asyncio.run(story())
    assert end["state"] == "failed" and "the world has no selling entity 'XX'" in end["said"]

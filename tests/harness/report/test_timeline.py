"""The timeline tells of every system in which something happened, by the names that the systems give their tables."""

from pathlib import Path

import pytest

from harness.report.timeline import INSERTS, timeline
from harness.runner import RunResult
from harness.scenario import load_story
from harness.simulation import play

STORY = load_story(Path(__file__).parents[3] / "scenarios/new-business.yaml")
NOT_HERE = {("metering", "event"), ("subscriptions", "credit_note")}  # new-business credits nothing


@pytest.fixture(scope="module")
def played() -> RunResult:
    return play(STORY, replay=False)


def test_every_kind_of_moment_is_one_that_happens(played: RunResult) -> None:
    """A table's name that no system uses would leave its moments out, silently."""
    inserted = {
        (event.facts["system"], event.facts["table"])
        for event in played.events if event.kind == "change" and event.facts["action"] == "insert"
    }  # fmt: skip
    assert set(INSERTS) - inserted == NOT_HERE


def test_people_and_all_four_systems_have_their_moments_in_order(played: RunResult) -> None:
    moments = timeline(played.events)
    assert [one.at for one in moments] == sorted(one.at for one in moments)
    told = {(one.where, one.what) for one in moments}
    assert ("people", "won: merlion-2026 (Merlion Freight)") in told
    assert ("subscriptions", "bill SG-000001 issued") in told
    assert ("erp_legacy", "customer 0000900001 created") in told
    postings = [one.what for one in moments if one.where == "erp_legacy" and one.what.startswith("document")]
    assert postings == ["document SG01/1800000001/2026 posted", "document SG01/1400000001/2026 posted"]

"""The core reads books of many rows by jobs of the Bulk API: what it finds is the same, whatever happens on the way."""

from dataclasses import replace
from typing import Any

import pytest

from harness.scenario import Scenario, load_story
from harness.simulation import Flight, fly
from synccore.bootstrap import Parts
from tests.broken import stories
from tests.harness.simulation.test_flight import STORIES


def always_bulk(parts: Parts) -> Parts:
    def adapters(access: Any, *rest: Any) -> Any:
        return parts.adapters(replace(access, salesforce=replace(access.salesforce, bulk_above=0)), *rest)

    return replace(parts, adapters=adapters)


def jobs(world: Any) -> int:
    return sum("/jobs/query" in request for system, request in world.requests if system == "salesforce")


def reconciled(*storm: str) -> Scenario:
    return stories.transfer(
        *storm, amounts=("20000",), expect="expect: {exceptions: [], dead_letters: 0, reconciliation: {breaks: []}}"
    )


def test_a_story_whose_books_people_have_edited_is_reconciled_alike() -> None:
    scenario = load_story(STORIES / "drifted-books.yaml")
    result, world = fly(scenario, "1", flight=Flight(change=always_bulk))
    assert result.outcome == "holds", result.findings
    assert jobs(world) >= 3 * 5, "created, looked at, read"


@pytest.mark.parametrize("kind", ["truncated_body", "lost_answer", "server_error_after", "limit, retry_after: 2s"])
@pytest.mark.parametrize("operation", ["bulk.query.create", "bulk.query.status", "bulk.query.results"])
def test_a_call_of_a_job_that_goes_wrong_is_made_good(operation: str, kind: str) -> None:
    storm = f"{{id: odd, system: salesforce, kind: {kind}, operation: {operation}}}"
    result, world = fly(reconciled(storm), "1", flight=Flight(change=always_bulk))
    assert result.outcome == "holds", result.findings
    assert jobs(world)


def test_a_slow_job_is_waited_for() -> None:
    storm = "{id: slow, system: salesforce, kind: slow_job, operation: 'job:Opportunity', delay: 45s}"
    result, world = fly(reconciled(storm), "1", flight=Flight(change=always_bulk))
    assert result.outcome == "holds", result.findings
    looks = sum("GET" in text and "/jobs/query" in text for system, text in world.requests if system == "salesforce")
    assert looks > 45 / 5, "looked at every five seconds"


def test_few_rows_take_no_job() -> None:
    result, world = fly(reconciled(), "1")
    assert result.outcome == "holds" and not jobs(world)

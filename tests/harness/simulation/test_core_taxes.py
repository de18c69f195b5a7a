"""The core's own tax report, made of bills and of what it knows to be posted, says what stands in both ledgers."""

from pathlib import Path
from typing import Any

import pytest

from harness.runner import RunResult, run_story
from harness.scenario.lint import load_story
from harness.simulation import Flight
from harness.simulation.hangar import hangar
from harness.simulation.loop import run_virtual
from harness.simulation.world import SimWorld
from harness.taxes import totals

SCENARIOS = Path(__file__).parents[3] / "scenarios"


def flown(name: str, *paths: str) -> tuple[RunResult, list[Any]]:
    """A story and what the core answers behind it."""
    story = load_story(SCENARIOS / f"{name}.yaml")

    async def main() -> tuple[RunResult, list[Any]]:
        world = SimWorld(hangar(story.world), story, "21", Flight())
        await world.open()
        try:
            result = await run_story(story, world, world.stream, "21", False)
            return result, [await world.core("GET", path) for path in paths]
        finally:
            await world.close()

    found: tuple[RunResult, list[Any]] = run_virtual(main)
    return found


@pytest.mark.parametrize("name", ["apac-cutover-items-moved", "credit-and-rebill", "written-off"])
def test_it_says_what_both_ledgers_declare(name: str) -> None:
    result, ((status, report), (_, none), (refused, problem)) = flown(
        name, "/taxes", "/taxes?entity=XX", "/taxes?period=soon"
    )
    assert status == 200 and result.evidence is not None and result.outcome == "holds"
    canon = result.evidence.canon
    given_up = {bill.key for bill in canon.bills() if bill.reason == "write_off"}
    assert set(report["given_up"]) == given_up and report["not_posted"] == []
    in_ledgers = [one for one in canon.declared if one.number and one.number not in given_up]
    want: dict[tuple[str, ...], list[int]] = {}
    for one in totals(in_ledgers):
        sums = want.setdefault((one.entity, one.period, one.ledger, one.currency), [0, 0])
        sums[0] += one.base
        sums[1] += one.tax
    said = {(one["entity"], one["period"], one["ledger"], one["currency"]): [one["net"], one["tax"]]
            for one in report["totals"]}  # fmt: skip
    assert said == want and any(tax for _, tax in said.values())
    assert none["totals"] == [] and (refused, problem["status"]) == (422, 422)

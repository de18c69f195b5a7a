"""For hours more comes than a vendor's limit lets go (F33): what waits is no more than what came, nobody hammers, what
is late is told as late, and all of it drains by itself. What is new may overtake what waits, also of one customer.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import cache

from harness.drivers import perform
from harness.runner import Play, RunResult
from harness.simulation import Flight, fly
from harness.simulation.world import SimWorld
from simulators.kit.limits import Limits
from tests.broken.stories import story

HOURS, DEALS = 5, 4  # so many are won in each of so many hours; one takes three calls of the platform and more
CALLS, WINDOW_S = 9, 3600.0  # that the platform answers; what is more is refused until the hour is over
NAMES = [f"{of}-{hour}" for hour in range(HOURS) for of in ("ash", "birch", "cedar", "elm")]
KNOWN = "entity: US, country: US, state: IL, city: Chicago, pays_by: transfer"
RUSH = story(
    "more-than-goes",
    *(f"customer: {{id: {of}, name: {of.title()} Works, {KNOWN}}}" for of in ("ash", "birch", "cedar", "elm")),
    *(f"deal: {{id: {name}, customer: {name.split('-')[0]}, lines: [{{sku: ONBOARD}}]}}" for name in NAMES),
    *(f"close: [{', '.join(NAMES[DEALS * hour :][:DEALS])}]" for hour in range(HOURS)),
    "advance: 1d",
    expect="expect: {exceptions: [], dead_letters: 0, tie_out: holds}",
)
WON = [step for step in RUSH.steps if step.verb == "close"]


@cache
def flown() -> tuple[RunResult, list[int]]:
    """The rush, and how much work was open an hour after each lot was won."""
    waiting: list[int] = []

    async def rush(world: SimWorld, play: Play) -> None:
        for step in WON:
            await perform(play.stage, step)
            await asyncio.sleep(3500.0)
            rows = world.memory.execute("SELECT count(*) FROM work WHERE state IN ('due', 'submitted', 'parked')")
            waiting.append(rows.fetchone()[0])
            await asyncio.sleep(100.0)

    rushes = []

    async def between(world: SimWorld, play: Play, step: int) -> None:
        world.hangar.systems["subscriptions"].meter.limits = Limits(per_window=CALLS, window_s=WINDOW_S)
        if step == len(play.scenario.steps):  # the day that is waited for
            rushes.append(asyncio.get_running_loop().create_task(rush(world, play)))

    quiet = replace(RUSH, steps=[step for step in RUSH.steps if step.verb != "close"])
    return fly(quiet, "1", flight=Flight(between=between), replay=False)[0], waiting


def test_it_grows_no_further_than_what_came_and_drains() -> None:
    result, waiting = flown()
    assert result.outcome == "holds", result.findings
    assert waiting[0] < waiting[-1] <= 2 * len(NAMES), waiting
    assert result.evidence is not None and not result.evidence.work


def test_nobody_hammers_a_platform_that_says_when_to_come_again() -> None:
    refused = Counter(
        int(event.at // 3600) for event in flown()[0].events
        if event.kind == "call" and event.facts["system"] == "subscriptions" and event.facts.get("status") == 429
    )  # fmt: skip
    assert len(refused) > HOURS and max(refused.values()) <= 2, refused


def test_what_was_late_is_told_as_late() -> None:
    result = flown()[0]
    assert result.evidence is not None and result.evidence.levels is not None
    level = next(one for one in result.evidence.levels["levels"] if one["objective"] == "bill-in-cloud-ledger")
    assert level["late"] and level["alerts"] and not level["waiting"]
    assert next(one for one in result.verdicts if one.invariant == "I18").outcome == "holds"

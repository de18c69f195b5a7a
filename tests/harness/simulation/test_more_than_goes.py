"""For hours more comes than a vendor's limit lets go (F33): what waits is no more than what came, nobody hammers, what
is late is told as late, and all of it drains by itself. Of one customer nothing overtakes what waits of its kind.
"""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import cache
from urllib.parse import parse_qs

from harness.drivers import perform
from harness.runner import Play, RunResult
from harness.simulation import Flight, fly
from harness.simulation.flight_plan import Change
from harness.simulation.world import SimWorld
from simulators.kit.limits import Limits
from synccore.bootstrap import Parts
from tests.broken import alter
from tests.broken.stories import story

BILLS = "invoice.create_for_charge_items_and_charges"
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
def flown(change: Change | None = None) -> tuple[RunResult, list[int]]:
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
    return fly(quiet, "1", flight=Flight(change, between=between), replay=False)[0], waiting


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


def out_of_turn(result: RunResult) -> list[str]:
    """Customers whose deals were not billed in the order in which they were won."""
    billed: dict[str, list[str]] = {}
    for event in result.events:
        if (
            event.facts.get("operation") == "invoice.create_for_charge_items_and_charges"
            and event.facts["status"] < 300
        ):
            told = parse_qs(event.facts["body"])
            billed.setdefault(told["customer_id"][0], []).append(told["po_number"][0])
    assert len(billed) == DEALS and all(len(set(orders)) == HOURS for orders in billed.values())
    return [customer for customer, orders in billed.items() if orders != sorted(orders)]


def test_the_deals_of_a_customer_are_carried_out_in_the_order_in_which_they_were_won() -> None:
    assert not out_of_turn(flown()[0])


def test_a_core_that_keeps_no_places_lets_them_overtake_each_other() -> None:
    assert out_of_turn(flown(forgetful)[0])


def forgetful(parts: Parts) -> Parts:
    return alter.store(parts, "work", lambda _: {"keep_place": lambda _work: None})

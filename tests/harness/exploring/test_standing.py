"""A branch that ends where its world rests as another run's is judged as the run that is played to its end."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.exploring import Point, distinct, explore, points_of
from harness.exploring.moments import GRAIN_S, OFFSET_S, moment
from harness.exploring.standing import Standings
from harness.runner import Play
from harness.scenario import load_story
from harness.simulation import Flight, fly
from harness.simulation.memos import Memo
from harness.simulation.world import SimWorld
from synccore.bootstrap import Parts
from tests.broken import alter, takes_unknown_for_done
from tests.broken.stories import card, transfer

STORY = card()


@pytest.fixture(scope="module")
def points() -> list[Point]:
    return distinct(points_of(STORY, "1", "all"))


def test_most_branches_end_early_and_are_judged_as_if_they_had_not(points: list[Point]) -> None:
    chosen = points[5::97]
    early, whole = explore(STORY, only=chosen), explore(STORY, only=chosen, whole=True)
    assert early.judged == whole.judged and early.outcome == "holds"
    assert whole.converged == 0 and early.converged > len(chosen) / 2


def test_what_a_planted_defect_breaks_is_red_at_the_same_points(points: list[Point]) -> None:
    chosen = [point for point in points if " POST " in point.what and point.outcome in ("timeout", "lost_answer")][::5]
    early = explore(STORY, only=chosen, change=takes_unknown_for_done.change)
    whole = explore(STORY, only=chosen, change=takes_unknown_for_done.change, whole=True)
    assert early.judged == whole.judged
    assert whole.failed and early.converged


def shows_the_past_when_refused(parts: Parts) -> Parts:
    """Once a write to sales has failed, what was shown of the bill before is shown again, and then what is so."""
    shown: dict[str, list[Any]] = {}
    failed: list[bool] = []

    def salesforce(real: Any) -> dict[str, Any]:
        async def again(number: str, fields: Any) -> None:
            past = shown.setdefault(number, [])
            if fields not in past:
                past.append(fields)
            if failed:
                for before in past:
                    await real.write_bill(number, before)

        async def write_bill(number: str, fields: Any) -> None:
            await real.write_bill(number, fields)
            await again(number, fields)

        async def write_receipt(key: str, fields: Any, number: str, bill: Any) -> None:
            try:
                await real.write_receipt(key, fields, number, bill)
            except Exception:
                failed.append(True)
                raise
            await again(number, bill)

        return {"write_bill": write_bill, "write_receipt": write_receipt}

    return alter.adapter(parts, "salesforce", salesforce)


def test_what_was_shown_for_a_moment_only_is_red_as_well(points: list[Point]) -> None:
    """The books have nothing of it in the end (I6)."""
    chosen = [one for one in points if "salesforce" in one.what and one.outcome == "server_error_before"][-12:]
    early = explore(STORY, only=chosen, change=shows_the_past_when_refused)
    whole = explore(STORY, only=chosen, change=shows_the_past_when_refused, whole=True)
    assert early.judged == whole.judged
    assert whole.failed and early.converged


def resting(change: Callable[[SimWorld], None]) -> tuple[int, int]:
    """How the world of the story rests behind its last step, and how after a change of it."""
    found: list[int | None] = []

    async def between(world: SimWorld, play: Play, step: int) -> None:
        if step == len(STORY.steps) + 1:
            found.append(Standings().of(world, play))
            change(world)
            found.append(Standings().of(world, play))

    fly(STORY, "1", flight=Flight(between=between), replay=False)
    before, after = found
    assert before is not None and after is not None
    return before, after


def one_cent_more(world: SimWorld) -> None:
    more = "UPDATE invoice SET doc = json_set(doc, '$.total', json_extract(doc, '$.total') + 1)"
    world.hangar.systems["subscriptions"].store.db.execute(more)


def core_knows_less(world: SimWorld) -> None:
    world.memory.execute("DELETE FROM effects WHERE key = (SELECT min(key) FROM effects)")


def somebody_wrote_untold(world: SimWorld) -> None:
    facts = {"system": "erp_cloud", "operation": "record.create", "method": "POST", "headers": {"traceparent": "00-1"}}
    world.stream.add("call", **facts)


def a_defect_was_told(world: SimWorld) -> None:
    world.stream.add("note", level="defect", operation="poll", error="?")


def a_day_later(world: SimWorld) -> None:
    world.hangar.systems["subscriptions"].store.db.execute("UPDATE job SET due = due + 86400")


@pytest.mark.parametrize(
    "change", [one_cent_more, core_knows_less, a_day_later, somebody_wrote_untold, a_defect_was_told]
)
def test_a_world_that_differs_is_another(change: Callable[[SimWorld], None]) -> None:
    before, after = resting(change)
    assert before != after


def test_the_same_world_at_another_time_is_another_where_a_step_ends() -> None:
    found: list[int | None] = []

    async def between(world: SimWorld, play: Play, step: int) -> None:
        if step == len(STORY.steps) + 1:
            found.extend(Standings().of(world, play, moment(at)) for at in (world.now(), world.now() + 3600))

    fly(STORY, "1", flight=Flight(between=between), replay=False)
    assert None not in found and len(set(found)) == 2


def test_it_rests_where_work_waits_for_its_turn_and_not_amid_it() -> None:
    """What a run remembers counts, and which of two comes first."""
    found: list[tuple[int | None, ...]] = []

    def pausing(world: SimWorld, play: Play) -> None:
        runs, busy = world.engine_state.runs, list(world.engine_state.busy.values())
        if len(busy) < 2 or found:
            return
        first, second = (runs[run_id] for run_id in busy[:2])
        before = Standings().of(world, play)
        first.begins_at, second.begins_at = second.begins_at, first.begins_at
        swapped = Standings().of(world, play)
        first.begins_at, second.begins_at = second.begins_at, first.begins_at
        first.memos.append(Memo("look"))
        remembers = Standings().of(world, play)
        first.memos.pop()
        at, first.begins_at = first.begins_at, 0.0
        amid = Standings().of(world, play)
        first.begins_at = at
        found.append((before, swapped, remembers, amid))

    fly(load_story(Path("scenarios/new-business.yaml")), "1", flight=Flight(pausing=pausing), replay=False)
    before, swapped, remembers, amid = found[0]
    assert None not in (before, swapped, remembers) and len({before, swapped, remembers}) == 3
    assert amid is None


def test_a_place_in_the_stream_that_is_gone_is_another_than_one_that_is_kept() -> None:
    def change(world: SimWorld) -> None:
        world.hangar.systems["salesforce"].store.count("_expired", 1 << 40)

    before, after = resting(change)
    assert before != after


LONG = transfer(after="4d", expect="expect: {exceptions: [], reconciliation: {breaks: []}}")


def test_a_branch_ends_within_the_step_that_lets_time_pass_and_before_it_is_judged() -> None:
    """What a poller was refused on the first day is made good long before the fourth, and what the last of all
    reports was refused, before anybody judges.
    """
    points = [one for one in distinct(points_of(LONG, "1", "calls")) if one.outcome == "refuse"]
    early = explore(LONG, only=points[-70::8])
    assert early.outcome == "holds" and early.converged == len(early.judged)
    steps = {one.converged for one in early.judged}
    assert {len(LONG.steps), len(LONG.steps) + 2} <= steps and len(LONG.steps) + 1 not in steps
    assert early.judged[::3] == explore(LONG, only=points[-70::24], whole=True).judged


def test_what_decides_nothing_is_no_difference() -> None:
    def change(world: SimWorld) -> None:
        world.memory.execute("UPDATE work SET seq = seq + 1000, tries = 3 WHERE state = 'done'")
        world.memory.execute("UPDATE effects SET settled_at = settled_at + 2")

    before, after = resting(change)
    assert before == after


def test_a_moment_counts_as_its_quarter_of_an_hour() -> None:
    hour = 1_767_603_600.0
    assert moment(hour) == moment(hour + GRAIN_S - OFFSET_S - 1) != moment(hour + GRAIN_S)

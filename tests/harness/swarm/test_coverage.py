"""The coverage table counts hits by the core's operations, and names what nothing has hit."""

import random

import pytest

from harness.swarm import Flown, Search, cover, drawn
from harness.swarm.aiming import CELLS_MAX, aimed_at, cells_of
from harness.swarm.cells import CALLS, NEVER, OPERATIONS, Aims, bearable, legal, never
from harness.swarm.coverage import empty, table
from harness.swarm.searching import COVER_ROUNDS


def test_hits_count_for_the_operations_that_they_fit() -> None:
    hits = {("erp_cloud", "record.create:invoice", "timeout"): 2, ("erp_cloud", "record.create:customer", "timeout"): 1}
    cells = dict(table(hits))
    assert cells["erp_cloud", "record.create:*", "timeout"] == 3
    assert cells["erp_cloud", "record.update:*", "timeout"] == 0
    assert len(empty(hits)) == len(cells) - 1


def test_all_cells_hit_leave_nothing_to_name() -> None:
    full = {(system, pattern.replace("*", "x"), kind): 1 for (system, pattern, kind), _ in table({})}
    assert empty(full) == []


def test_a_cell_that_cannot_be_says_why_and_is_none_of_the_table() -> None:
    asked = {(system, operation) for system, operations in OPERATIONS.items() for operation in operations}
    told = [(system, one, kind) for (system, several), reasons in NEVER.items() for one in several for kind in reasons]
    assert all((system, operation) in asked and kind in CALLS for system, operation, kind in told)
    assert all(never(*cell) for cell in told) and not {cell for cell, _ in table({})} & set(told)
    assert not any(never(*cell) for cell in legal())


def test_what_nobody_could_tell_from_a_damaged_file_strikes_once() -> None:
    assert bearable("erp_legacy", "drop.read", "invalid_body", 2) == bearable("metering", "*", "truncated_body", 5) == 1
    assert bearable("erp_legacy", "drop.read", "timeout", 2) == bearable("salesforce", "query", "invalid_body", 2) == 2


def test_stories_are_aimed_at_every_cell() -> None:
    aimed = {cell for seed in range(600) for cell in Aims(random.Random(f"{seed}/aims")).cells}
    assert aimed == set(legal())


def test_a_story_is_aimed_on_each_of_its_days_and_some_are_left_to_the_weather() -> None:
    stories = [drawn(str(seed)) for seed in range(30)]
    aims = [[step.facts.id for step in story.steps if step.verb == "disturb" and step.facts.id.startswith("aim")]  # type: ignore[attr-defined]
            for story in stories]  # fmt: skip
    assert [] in aims and all(len(found) >= 3 for found in aims if found)


def test_a_seed_says_what_it_is_aimed_at_and_at_nothing_else() -> None:
    known = list(legal())
    assert cells_of("3-at-0-17") == (known[0], known[17]) and cells_of("17") == cells_of("3-at-999") == ()
    story = drawn("3-at-0-17")
    struck = {(step.facts.system, step.facts.operation, step.facts.kind) for step in story.steps  # type: ignore[attr-defined]
              if step.verb == "disturb"}  # fmt: skip
    assert struck == {known[0], known[17]} and "take_down" not in {step.verb for step in story.steps}


def test_aims_name_each_empty_cell_once_and_no_two_of_one_operation_in_a_story() -> None:
    for attempt in (1, 2):
        aims = [cells_of(seed) for seed in aimed_at(legal(), attempt)]
        assert sorted(cell for story in aims for cell in story) == sorted(legal())
        assert all(len({cell[:2] for cell in story}) == len(story) <= CELLS_MAX for story in aims)
    assert aimed_at(legal(), 1)[0].partition("-at-")[2] != aimed_at(legal(), 2)[0].partition("-at-")[2]


def test_what_seeds_have_left_empty_is_aimed_at_until_it_is_hit(monkeypatch: pytest.MonkeyPatch) -> None:
    hit = {(system, pattern.replace("*", "x"), kind): 1 for system, pattern, kind in legal()}
    missing = [("metering", "export.*", "timeout"), ("subscriptions", "credit_note.*", "lost_answer")]
    for system, pattern, kind in missing:
        del hit[system, pattern.replace("*", "x"), kind]
    found = Search({"1": Flown("1", "holds", cells=hit)})
    assert cover(found) == []
    assert {cell for seed in found.flown for cell in cells_of(seed)} == set(missing)
    asked: list[str] = []
    monkeypatch.setattr("harness.swarm.searching.judged", lambda seed: asked.append(seed) or Flown(seed, "holds"))
    assert cover(Search({"1": Flown("1", "holds", cells=hit)})) == missing[::-1]  # in the order of the table
    assert len(asked) == COVER_ROUNDS

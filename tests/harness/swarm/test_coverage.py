"""The coverage table counts hits by the core's operations, and names what nothing has hit."""

import random

from harness.swarm import drawn
from harness.swarm.cells import CALLS, NEVER, OPERATIONS, Aims, bearable, legal, never
from harness.swarm.coverage import empty, table


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

"""The coverage table counts hits by the core's operations, and names what nothing has hit."""

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

"""Which call faults have struck which of the core's operations, over many stories: an empty cell is not proven.

Faults of events, streams and records leave no call in the record, so they are no cells of this table.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from harness.swarm.cells import Cell, legal


def table(cells: Mapping[Cell, int]) -> Iterator[tuple[Cell, int]]:
    """Every legal cell (system, operation pattern, fault) with its hits, in the order of the tables."""
    for system, pattern, kind in legal():
        hits = (
            count
            for (where, operation, what), count in cells.items()
            if (where, what) == (system, kind) and fnmatchcase(operation, pattern)
        )
        yield (system, pattern, kind), sum(hits)


def empty(cells: Mapping[Cell, int]) -> list[Cell]:
    """The legal cells that nothing has hit."""
    return [cell for cell, hits in table(cells) if not hits]

"""Which call faults have struck which of the core's operations, over many stories: an empty cell is not proven.

Faults of events, streams and records leave no call in the record, so they are no cells of this table.
"""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from harness.swarm.flying import Cell
from harness.swarm.weather import CALLS, OPERATIONS


def table(cells: Mapping[Cell, int]) -> Iterator[tuple[Cell, int]]:
    """Every legal cell (system, operation pattern, fault) with its hits, in the order of the weather's tables."""
    for system, patterns in OPERATIONS.items():
        for pattern in patterns:
            if pattern == "*":
                continue
            for kind in CALLS:
                yield (
                    (system, pattern, kind),
                    sum(
                        hits
                        for (where, operation, what), hits in cells.items()
                        if (where, what) == (system, kind) and fnmatchcase(operation, pattern)
                    ),
                )


def empty(cells: Mapping[Cell, int]) -> list[Cell]:
    """The legal cells that nothing has hit."""
    return [cell for cell, hits in table(cells) if not hits]

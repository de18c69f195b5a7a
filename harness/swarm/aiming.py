"""Stories aimed at cells that chance has left empty: which ones stands in the seed, so that the seed alone repeats it.

`3-at-12-45` is the third try at cells 12 and 45 of the table (`harness.swarm.cells.legal`, counted from 0).
"""

import re
from collections.abc import Iterable, Sequence

from harness.swarm.cells import Cell, legal

CELLS_MAX = 6  # of one story: more would stand in each other's way
_SEED = re.compile(r"\w+-at-(\d+(?:-\d+)*)")


def cells_of(seed: str) -> tuple[Cell, ...]:
    """The cells that a seed is aimed at; none for every other seed."""
    match, known = _SEED.fullmatch(seed), list(legal())
    return tuple(known[at] for at in map(int, match[1].split("-")) if at < len(known)) if match else ()


def aimed_at(cells: Iterable[Cell], attempt: int) -> list[str]:
    """Seeds that are aimed at these cells, each at one or more of different operations; `attempt`: what else is drawn.

    What was not hit together is tried in other company the next time.
    """
    places = {cell: at for at, cell in enumerate(legal())}
    stories: list[list[Cell]] = []
    for cell in sorted(cells, key=lambda one: (places[one] * (2 * attempt + 1)) % len(places)):
        fitting = next((one for one in stories if _goes_with(cell, one)), None)
        if fitting is None:
            stories.append([cell])
        else:
            fitting.append(cell)
    return [f"{attempt}-at-{'-'.join(str(places[cell]) for cell in story)}" for story in stories]


def _goes_with(cell: Cell, others: Sequence[Cell]) -> bool:
    return len(others) < CELLS_MAX and all(cell[:2] != other[:2] for other in others)

"""Many seeds: on several processes, resumable by a record of what was flown, some of them flown again elsewhere."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import orjson

from harness.crew import crew
from harness.repeat import digest_elsewhere, first_difference
from harness.swarm.aiming import aimed_at
from harness.swarm.cells import Cell
from harness.swarm.coverage import empty
from harness.swarm.draw import drawn
from harness.swarm.flying import Flown, flown

COVER_ROUNDS = 12  # from nothing it took four; 55 stories for 253 cells
AGAIN_EVERY = 20  # one seed in so many, and every failure, is flown again in another process
HASH_SEED = "4242"


@dataclass
class Search:
    """All that was flown, by seed; what an earlier search had flown already is among it."""

    flown: dict[str, Flown] = field(default_factory=dict)

    @property
    def failed(self) -> list[Flown]:
        """What does not hold."""
        return [one for one in self.flown.values() if one.outcome != "holds"]

    @property
    def outcome(self) -> str:
        """Broken if one story broke, unknown if one could not be judged or none was flown."""
        outcomes = {one.outcome for one in self.flown.values()}
        return "broken" if "broken" in outcomes else "unknown" if "unknown" in outcomes or not outcomes else "holds"

    @property
    def cells(self) -> Counter[Cell]:
        """How often which fault struck which operation of which system, over all stories."""
        hits: Counter[Cell] = Counter()
        for one in self.flown.values():
            hits.update(one.cells)
        return hits

    @property
    def cpu_s(self) -> float:
        """What all stories took of a processor, without what was flown again."""
        return sum(one.cpu_s for one in self.flown.values())


def recorded(paths: Iterable[Path]) -> Search:
    """The searches of these records as one (shards, or one that was interrupted: its last line may be half a line)."""
    found = Search()
    for path in paths:
        for line in path.read_bytes().splitlines() if path.exists() else ():
            try:
                one = Flown.of_json(orjson.loads(line))
            except orjson.JSONDecodeError:
                continue
            found.flown[one.seed] = one
    return found


def search(
    seeds: Sequence[str], workers: int = 1, record: Path | None = None,
    progress: Callable[[int, int, Flown], None] = lambda _done, _of, _flown: None,
) -> Search:  # fmt: skip
    """Fly every seed that the record does not have yet; each result is added to it at once."""
    known = recorded([record] if record else [])
    found = Search({seed: known.flown[seed] for seed in seeds if seed in known.flown})
    written = record.read_bytes() if record is not None and record.exists() else b""
    if record is not None and written and not written.endswith(b"\n"):
        record.write_bytes(written + b"\n")  # it was killed in the midst of a line
    missing = [seed for seed in seeds if seed not in found.flown]
    for one in _all(missing, workers):
        found.flown[one.seed] = one
        if record is not None:
            with record.open("ab") as file:
                file.write(orjson.dumps(one.to_json()) + b"\n")
        progress(len(found.flown), len(seeds), one)
    return found


def cover(
    found: Search, workers: int = 1, record: Path | None = None,
    progress: Callable[[int, int, Flown], None] = lambda _done, _of, _flown: None,
) -> list[Cell]:  # fmt: skip
    """Aim stories at the cells that `found` has left empty, and add them to it; returns what stays empty for all that.

    In rounds, each with other business round the same aims: `COVER_ROUNDS` at most, so it ends.
    """
    for attempt in range(1, COVER_ROUNDS + 1):
        aimed = aimed_at(empty(found.cells), attempt)
        found.flown.update(search(aimed, workers, record, progress).flown)
    return empty(found.cells)


def _all(seeds: Sequence[str], workers: int) -> Iterator[Flown]:
    if workers <= 1:
        yield from map(judged, seeds)
        return
    with crew(workers) as pool:
        yield from pool.imap_unordered(judged, seeds)


def judged(seed: str) -> Flown:
    """Fly a seed; some, and all that fail, once more in another process with another hash seed."""
    begun = time.process_time()
    one = flown(seed)
    one = replace(one, cpu_s=time.process_time() - begun)
    if one.digest and (one.outcome != "holds" or sum(seed.encode()) % AGAIN_EVERY == 0):
        return _again(one)
    return one


def _again(one: Flown) -> Flown:
    scenario = drawn(one.seed)
    digest = digest_elsewhere(scenario, one.seed, HASH_SEED)
    if digest == one.digest:
        return one
    if isinstance(digest, Exception):
        return replace(one, outcome="unknown", findings=(*one.findings, f"I24 not flown again: {digest}"))
    difference = first_difference(scenario, one.seed, HASH_SEED)
    return replace(one, outcome="broken", broken=one.broken | {"I24"}, findings=(*one.findings, f"I24 {difference}"))

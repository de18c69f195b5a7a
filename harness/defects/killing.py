"""Who catches a planted defect: the judges, after how many flights and seconds, and how small its story can become."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.crew import crew
from harness.defects.planted import PROOFLESS, Defect, broken, flights, names, planted
from harness.scenario import Scenario
from harness.simulation.hangar import hangar
from harness.simulation.loop import Runaway
from harness.swarm.draw import drawn
from harness.swarm.flying import MARGIN_S, Flown, asked_s, flown, flown_of
from harness.swarm.shrinking import shrunk
from harness.swarm.writing import as_yaml

SEED = "1"


@dataclass(frozen=True)
class Kill:
    """What became of one defect in its own story, and in how many stories of the swarm it showed first."""

    name: str
    says: str
    lies: bool
    judges: tuple[str, ...]  # who found something wrong
    silent: tuple[str, ...]  # who should have and did not
    control: str  # the real core in the same story and storm
    flights: int  # until the first judge spoke; all, if none did
    took_s: float  # until then, of a processor
    findings: tuple[str, ...] = ()
    size: int = 0  # steps and disturbances of its story
    small: str = ""  # the smallest story in which it still shows, as YAML; '' if nobody asked
    small_size: int = 0
    shrink_s: float = 0.0
    swarm_seed: int = 0  # the first seed of the swarm in which it shows, from 1; 0: none
    swarm_flown: int = 0  # how many were flown to find that out

    @property
    def killed(self) -> bool:
        """Caught by all who should, and by somebody who proves something, while the real core holds."""
        return not self.silent and bool(set(self.judges) - PROOFLESS) and self.control == "holds"

    def to_json(self) -> dict[str, Any]:
        """As a row of the kill table."""
        return {
            "defect": self.name, "says": self.says, "lying_system": self.lies, "killed": self.killed,
            "judges": list(self.judges), "silent": list(self.silent), "real_core": self.control,
            "flights": self.flights, "took_s": round(self.took_s, 3), "findings": list(self.findings),
            "size": self.size, "small_size": self.small_size, "shrink_s": round(self.shrink_s, 2),
            "small_story": self.small, "swarm_seed": self.swarm_seed, "swarm_flown": self.swarm_flown,
        }  # fmt: skip


def kill(defect: Defect, shrink: bool = True, swarm_seeds: int = 0) -> Kill:
    """Fly the defect in its story, the real core in the same, and if asked to the smallest story and the swarm."""
    begun = time.process_time()
    results, first, took_s = [], 0, 0.0
    for result in flights(defect):
        results.append(result)
        if not first and set(broken([result])) - PROOFLESS:
            first, took_s = len(results), time.process_time() - begun
    found = broken(results)
    control = {result.outcome for result in flights(defect, real=True)}
    kill_ = Kill(
        defect.name, defect.says, defect.lie is not None, tuple(sorted(found)),
        tuple(sorted(defect.caught_by - set(found))), "holds" if control == {"holds"} else "does not hold",
        first or len(results), took_s or time.process_time() - begun,
        tuple(f"{judge} {one}" for judge in sorted(found) for one in found[judge][:2]), _size(defect.scenario),
    )  # fmt: skip
    if shrink and kill_.killed:
        kill_ = _shrunk(defect, kill_)
    return _in_the_swarm(defect, kill_, swarm_seeds) if swarm_seeds else kill_


def _size(scenario: Scenario) -> int:
    return len(scenario.steps) + len(scenario.disturbances)


def _shrunk(defect: Defect, kill_: Kill) -> Kill:
    """The smallest story in which the defect shows in one of its ways, and the real core still holds."""
    begun = time.process_time()

    def fly_(scenario: Scenario) -> Flown:
        there = replace(defect, scenario=scenario)
        wrong = _first_broken(there, real=False)
        if wrong.outcome == "holds" or _first_broken(there, real=True).outcome == "holds":
            return wrong
        return Flown(SEED, "holds")  # it is the story that is wrong now

    small = shrunk(defect.scenario, fly_(defect.scenario), fly_).scenario
    return replace(kill_, small=as_yaml(small), small_size=_size(small), shrink_s=time.process_time() - begun)


def _first_broken(defect: Defect, real: bool) -> Flown:
    try:
        for result in flights(defect, real=real, bound_s=asked_s(defect.scenario) + MARGIN_S):
            one = flown_of(result)
            if one.outcome != "holds":
                return one
    except Runaway as runaway:
        return Flown(SEED, "broken", (f"I11 the story does not end: {runaway}",), frozenset(("I11",)))
    return Flown(SEED, "holds")


def _in_the_swarm(defect: Defect, kill_: Kill, seeds: int) -> Kill:
    for seed in range(1, seeds + 1):
        with defect.lying(drawn(str(seed)).world):
            if flown(str(seed), defect.change).outcome == "holds":
                continue
        if flown(str(seed)).outcome == "holds":  # else it is no find that this one fails
            return replace(kill_, swarm_seed=seed, swarm_flown=seed)
    return replace(kill_, swarm_flown=seeds)


def kills(
    package: str, chosen: Sequence[str] = (), workers: int = 1, shrink: bool = True, swarm_seeds: int = 0
) -> Iterator[Kill]:
    """The defects of a package (or those chosen) one after the other, in the order of the table."""
    tasks = [(package, name, shrink, swarm_seeds) for name in chosen or names(package)]
    if workers <= 1 or len(tasks) <= 1:
        yield from map(_kill, tasks)
        return
    hangar("default")  # built once, for all that are forked
    with crew(workers) as pool:
        yield from pool.imap(_kill, tasks)


def _kill(task: tuple[str, str, bool, int]) -> Kill:
    package, name, shrink, swarm_seeds = task
    return kill(planted(package, name), shrink, swarm_seeds)

"""What a checker judges from, and what it answers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.canon import Canon
from harness.tieout import Excuses

Outcome = Literal["holds", "broken", "unknown"]


@dataclass(frozen=True)
class Verdict:
    """One invariant's verdict. `findings`: what is wrong, or why nothing can be said. `checked`: how much was seen."""

    invariant: str
    outcome: Outcome
    title: str
    checked: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replay:
    """The books before and after the core was told to take all its signals again."""

    before: Canon
    after: Canon


@dataclass
class Case:
    """The record of a run as the judges see it: the books at the end, the core's answers, history."""

    canon: Canon
    excuses: Excuses = field(default_factory=Excuses)
    replays: list[Replay] = field(default_factory=list)
    probes: dict[str, int] = field(default_factory=dict)  # disturbance id -> how often it was hit
    expected: dict[str, Any] = field(default_factory=dict)  # the story's own expectations
    core_known: bool = True  # False when the core offers no experience API: reasons are then unknown
    defects: list[str] = field(default_factory=list)  # a simulator's own failures: the run proves nothing
    lost_history: bool = False  # the run record overflowed


Check = Callable[[Case], tuple[int, list[str]]]
"""A check returns how many things it looked at, and its findings."""

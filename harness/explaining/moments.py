"""Since when a finding is so: the story is played once more, and the books are judged after each change of them.

What a judge says of the books at the end was true from some change on and never ceased to be: that change is the
moment. Reasons that the core gives (parked, waiting) are taken as they are at the end, where they did not excuse it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.books import read_books
from harness.checkers import Case, judge
from harness.events import RunEvent
from harness.explaining.failing import Failing
from harness.runner import RunResult
from harness.simulation.hangar import hangar

OF_BOOKS = frozenset(("I1", "I2", "I4", "I5", "I28", "I30", "I31", "I32"))  # what books alone can tell at any moment
LOOKS_MAX = 400  # moments judged in one play; a longer run is played again around the moment, and what ceased for
# less than the stride of its looks is then taken to have stood
Finding = tuple[str, str]
_WORDS = {"insert": "a new", "delete": "the end of"}


@dataclass(frozen=True)
class Moment:
    """From this change of a book on, the finding stood: `seq` is the change's number in the record, `at` its time."""

    invariant: str
    finding: str
    seq: int
    at: float
    system: str
    what: str
    step: str


def findings_of(result: RunResult) -> list[Finding]:
    """All that is broken in a run, by judge."""
    return [(one.invariant, said) for one in result.verdicts if one.outcome == "broken" for said in one.findings]


def moments(failing: Failing, result: RunResult) -> list[Moment]:
    """Of each finding that the books tell by themselves, the earliest first."""
    wanted = {one for one in findings_of(result) if one[0] in OF_BOOKS}
    if not wanted or result.case is None:
        return []
    changes = [event.seq for event in result.events if event.kind == "change"]
    steps = _steps(result.events)
    found: dict[Finding, int] = {}
    stride = max(1, len(changes) // LOOKS_MAX)
    coarse = _since(failing, result, wanted, sorted({*changes[stride - 1 :: stride], *changes[-1:]}))
    for begin in {seq for seq in coarse.values() if seq is not None}:
        mine = {one for one, seq in coarse.items() if seq == begin}
        window = [seq for seq in changes if _before(changes, begin, stride) < seq <= begin]
        fine = _since(failing, result, mine, window) if stride > 1 else {}
        found |= {one: fine.get(one) or begin for one in mine}
    by_number = {event.seq: event for event in result.events}
    told = [_moment(one, by_number[seq], steps.get(seq, "")) for one, seq in found.items()]
    return sorted(told, key=lambda one: (one.seq, one.invariant, one.finding))


def _before(changes: Sequence[int], begin: int, stride: int) -> int:
    at = changes.index(begin) - stride
    return changes[at] if at >= 0 else 0


def _since(
    failing: Failing, result: RunResult, wanted: set[Finding], at: Sequence[int]
) -> dict[Finding, int | None]:  # fmt: skip
    """By finding, the first of these changes after which it stood at every later one."""
    since: dict[Finding, int | None] = dict.fromkeys(sorted(wanted))
    look = _Look(failing, result, wanted)
    looked = frozenset(at)

    def see(event: RunEvent) -> None:
        if event.kind == "change" and event.seq in looked:
            standing = look.now()
            since.update({one: (seq or event.seq) if one in standing else None for one, seq in since.items()})

    failing.flown([see], replay=False)
    return since


class _Look:
    """Judges the books as they stand while a story is played."""

    def __init__(self, failing: Failing, result: RunResult, wanted: set[Finding]) -> None:
        assert result.case is not None
        self._case: Case = result.case
        self._correlation = result.correlation
        self._systems = hangar(failing.scenario.world).systems
        self._only = tuple(sorted({judge_ for judge_, _ in wanted}))
        self._dumped: dict[str, tuple[Any, Any]] = {}

    def now(self) -> set[Finding]:
        """All that the judges asked find wrong."""
        books = {str(name): self._books(name, system) for name, system in self._systems.items()}
        case = replace(self._case, canon=read_books(books, self._correlation))
        verdicts = judge(case, self._only)
        return {(one.invariant, said) for one in verdicts if one.outcome == "broken" for said in one.findings}

    def _books(self, name: str, system: Any) -> Mapping[str, Any]:
        known, state = self._dumped.get(name), system.store.state
        if known is None or state is None or known[0] != state:
            known = self._dumped[name] = (state, {"system": name, **system.books()})
        books: Mapping[str, Any] = known[1]
        return books


def _steps(events: Sequence[RunEvent]) -> Mapping[int, str]:
    """By number of an event, the step that was being done."""
    found, step = {}, ""
    for event in events:
        if event.kind == "step":
            step = f"step {event.facts['number']} ({event.facts['verb']})" if event.facts["state"] == "begun" else step
        found[event.seq] = step
    return found


def _moment(one: Finding, event: RunEvent, step: str) -> Moment:
    facts = event.facts
    what = f"{_WORDS.get(str(facts.get('action')), 'a change of')} {facts.get('table')} {facts.get('key')}"
    return Moment(one[0], one[1], event.seq, event.at, str(facts.get("system", "")), what, step)

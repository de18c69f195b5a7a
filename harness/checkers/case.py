"""What a checker judges from, and what it answers."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from harness.canon import Canon
from harness.events import RunEvent
from harness.tax_law import Law
from harness.tieout import Excuses

Outcome = Literal["holds", "broken", "unknown"]


Answer = Literal["holds", "broken", "unknown", "not applicable"]


@dataclass(frozen=True)
class Verdict:
    """One invariant's verdict. `findings`: what is wrong, why nothing can be said, or why it was not asked.

    `checked`: how much was seen. A run's own outcome knows three words: what is not applicable has no say in it.
    """

    invariant: str
    outcome: Answer
    title: str
    checked: int = 0
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Replay:
    """The books before and after the core was told to take signals again, and which tables were `touched` at all."""

    before: Canon
    after: Canon
    touched: tuple[str, ...] = ()
    signals: int = 0
    work: int = 0


@dataclass(frozen=True)
class PlantedBreak:
    """A break that a story has planted: `document` as the report names it, `amount` in minor units, None: any."""

    code: str
    system: str
    document: str
    amount: int | None = None


@dataclass(frozen=True)
class Reconciliation:
    """A report of the core (its JSON) and the books of that moment; `breaks`, `items`: what the story expects of it."""

    report: Mapping[str, Any]
    canon: Canon
    excuses: Excuses
    breaks: tuple[PlantedBreak, ...] | None = None
    items: tuple[tuple[str, str], ...] | None = None


@dataclass(frozen=True)
class Outage:
    """A system was away from one moment to another (business time), and that often somebody called it in vain."""

    system: str
    begin: float
    end: float
    calls: int


@dataclass
class Drift:
    """A record of a system looks different from a moment on, until a person has told the core (business time)."""

    system: str
    record: str
    field: str
    begin: float
    end: float = float("inf")


@dataclass
class Cutover:
    """An entity's documents belong to another system from a day on, by its calendar, until it was taken back."""

    entity: str
    ledger: str
    on: date
    until: date | None = None
    dual_from: date | None = None  # bills of that day and later, up to the move, are posted there for comparison too
    moves: bool = False  # what is open on that day goes to the other system, bill by bill
    countries: tuple[str, ...] = ()  # of the customers that move; none named: all
    products: frozenset[str] = frozenset()  # what the lines of a bill are for that moves; none named: all

    def doubles(self, entity: str, day: date) -> bool:
        """Is a bill of that day at the entity posted in both, the other system's copy for comparison alone?"""
        begun = self.entity == entity and self.dual_from is not None and self.dual_from <= day
        return begun and day < min(self.on, self.until or self.on)

    def holds(self, entity: str, day: date, country: str, products: Collection[str]) -> bool:
        """Does a document of that day at the entity, shipped to that country and for these products, belong there?

        What a bill's lines are for: item prices, or the text of a line that has none.
        """
        if self.entity != entity or day < self.on or (self.until is not None and day >= self.until):
            return False
        if self.countries and country not in self.countries:
            return False
        return not self.products or (bool(products) and self.products.issuperset(products))


@dataclass
class Closing:
    """A month (YYYY-MM) of the cloud ledger, with all `earlier` ones, was closed or locked for receivables (business
    time).
    """

    month: str
    earlier: bool
    begin: float
    end: float = float("inf")


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
    law: Law = field(default_factory=Law)  # what the world holds true of tax; empty: it says nothing
    moved: frozenset[str] = frozenset()  # corrected accounts: their bills are judged by what those say
    reconciliations: list[Reconciliation] = field(default_factory=list)
    at: float = 0.0  # when the books were read
    drifts: tuple[Drift, ...] = ()
    exceptions: tuple[Mapping[str, Any], ...] = ()  # all that the core ever opened
    open_work: tuple[Mapping[str, Any], ...] = ()  # what the core says is open (GET /work)
    levels: Mapping[str, Any] | None = None  # what the core says of its service levels; None: it tells none
    edited: bool = False  # people have edited books by hand, behind everybody's back
    not_quiet: str = ""  # why the world did not come to rest within its bound
    going_on: tuple[str, ...] = ()  # disturbances that have no end yet
    outages: tuple[Outage, ...] = ()
    windows: tuple[tuple[float, float], ...] = ()  # the legacy ledger's nightly runs
    hindered: frozenset[str] = frozenset()  # subjects that a person had to resolve something of
    ledgers: Mapping[str, str] = field(default_factory=dict)  # entity -> system of its ledger, before any cutover
    zones: Mapping[str, str] = field(default_factory=dict)  # entity -> time zone of its dates
    cutovers: tuple[Cutover, ...] = ()
    closings: tuple[Closing, ...] = ()
    calls: tuple[RunEvent, ...] = ()  # all that the systems' journals have told of who called them
    changes: tuple[RunEvent, ...] = ()  # of documents in the systems, as their journals tell them
    trail: tuple[Mapping[str, Any], ...] | None = (
        None  # writes and causes, as the core tells them (GET /trail); None: it does not
    )
    unresolved: tuple[Mapping[str, Any], ...] = ()  # writes of whose outcome the core is not certain (GET /effects)
    set_back: bool = False  # the core came out of a backup: what it had done since is not in its trail
    systems_set_back: tuple[str, ...] = ()  # which their vendors have restored from a copy
    lost_history: bool = False  # the run record overflowed


NotAsked = Callable[[Case], str]
"""Why an invariant that saw nothing has nothing to see in this story, as the books show it; '' if it should have."""

Check = Callable[[Case], tuple[int, list[str]]]
"""A check returns how many things it looked at, and its findings."""

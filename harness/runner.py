"""Plays a story in a world, as a stream of events, and has it judged from the books alone."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from harness.aging import windows_of
from harness.calls import calls_of
from harness.canon import Correlation
from harness.checkers import Case, Outage, Outcome, Reconciliation, Replay, Verdict, judge, overall
from harness.drivers import Stage, StepFailed, perform
from harness.drivers.quiet import settle
from harness.events import EventStream, RunEvent
from harness.evidence import Evidence, gather
from harness.expectations import unmet
from harness.planted import excused, reconciled, records
from harness.replaying import ReplayRefused, replayed
from harness.scenario import Expect, Scenario, Step, load_world
from harness.storm import Storm
from harness.tieout import Identity
from harness.trail import trail_of, unresolved_of, untold
from harness.world import NotQuiet, Unreachable, World

REPLAYS = 2  # a replay, and one more that must find even less to do


@dataclass
class RunResult:
    """How a run ended. `broken_off` says at which step it could not go on, '' if it was played to its end."""

    story: str
    seed: str
    mode: str
    outcome: Outcome
    verdicts: list[Verdict]
    identities: list[Identity] = field(default_factory=list)
    broken_off: str = ""
    digest: str = ""
    events: list[RunEvent] = field(default_factory=list)
    evidence: Evidence | None = None
    opportunities: dict[str, str] = field(default_factory=dict)
    reconciliations: list[Reconciliation] = field(default_factory=list)
    source: str = ""  # the file it was read from
    case: Case | None = None  # what the judges were shown
    correlation: Correlation = field(default_factory=Correlation)  # by which the books were read

    @property
    def findings(self) -> list[str]:
        """All that speaks against holding, with the invariant's name."""
        return [
            f"{verdict.invariant} {finding}"
            for verdict in self.verdicts
            for finding in verdict.findings
            if verdict.outcome in ("broken", "unknown")
        ]


async def run_story(
    scenario: Scenario,
    world: World,
    stream: EventStream,
    seed: str = "1",
    replay: bool | None = None,
    before_judging: Callable[[], Awaitable[None]] | None = None,
    before_step: Callable[[int], Awaitable[None]] | None = None,
    names: Mapping[str, str] = MappingProxyType({}),
) -> RunResult:
    """Play the story from its first step to the verdict; the world stands at the story's genesis.

    `replay` overrides the story's wish to have all signals taken again twice at the end (I9); `before_judging` lets
    the events of other processes arrive first; `before_step` is awaited before each step, with its number. `names`: how
    a core that is not ours calls things (`harness.correlations`).
    """
    play = Play(scenario, world, stream, seed, before_judging, before_step, names)
    return await play.run(scenario.replay if replay is None else replay)


class Play:
    """A story being played: step by step, with what was not as expected, and judged when somebody asks."""

    def __init__(
        self, scenario: Scenario, world: World, stream: EventStream, seed: str,
        before_judging: Callable[[], Awaitable[None]] | None = None,
        before_step: Callable[[int], Awaitable[None]] | None = None,
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        self.before_judging, self.before_step = before_judging, before_step
        self.between: Callable[[int], Awaitable[None]] | None = None  # before each step, at the end, before judging
        self.scenario, self.world, self.stream, self.seed = scenario, world, stream, seed
        company = load_world(scenario.world)
        mappings = company.mappings_with(scenario.mappings)
        taught = {
            facts.sku: facts.value for facts in scenario.facts_of("map_item")
        }  # known in the end, if not at first
        items = {**mappings.get("items", {}), **taught}
        months = company.months_of(items)
        plans = frozenset(sku for sku, item in items.items() if item.get("kind") == "plan")
        by_months = any(
            facts.name == "amendment" and facts.value.get("quoted") == "months"
            for facts in scenario.facts_of("set_policy")
        )
        prices = {
            price: item["erp_item"] for item in items.values() if item.get("erp_item")
            for price in (item.get("prices") or {}).values()
        }  # fmt: skip
        known = replace(
            Correlation.of_entities(mappings.get("entities", {}), months), plans=plans, quoted_by_months=by_months,
            items=prices,
        )  # fmt: skip
        self.correlation = replace(known, **names)  # type: ignore[arg-type]
        self.storm = Storm(world, stream)
        self.stage = Stage(world, stream, scenario, company, self.storm, self.correlation)
        self.unmet: list[str] = []
        self.reconciliations: list[Reconciliation] = []
        self.not_quiet = ""
        self.verdicts: list[Verdict] = []
        self.shown: Evidence | None = None  # what the judges of the end are shown
        self.case: Case | None = None
        self.trail: tuple[dict[str, Any], ...] | None = None
        self.unresolved: tuple[dict[str, Any], ...] = ()

    async def run(self, replay: bool) -> RunResult:
        """The whole run."""
        scenario = self.scenario
        self.stream.add("run", story=scenario.story, title=scenario.title, seed=self.seed, mode=self.world.mode,
                        steps=len(scenario.steps), scenario=scenario.to_json(),
                        lines=[step.line for step in scenario.steps])  # fmt: skip
        broken_off = await self._play()
        self.shown = evidence = await self._look()
        if not broken_off:
            await self._expect(scenario.expect, evidence, "at the end")
            if self.between is not None:
                await self.between(len(scenario.steps) + 2)
        replays = await self._replays() if replay and not broken_off and evidence.core_known else []
        if self.before_judging is not None:
            await self.before_judging()
        if evidence.core_known:
            self.trail = await trail_of(self.world)
            if untold(self.stream.events, self.trail or ()):
                self.unresolved = await unresolved_of(self.world)
        self.judge(evidence, await self.storm.probes(), await self.storm.outages(), replays, broken_off)
        outcome = overall(self.verdicts)
        for verdict in self.verdicts:
            self.stream.add("verdict", invariant=verdict.invariant, outcome=verdict.outcome, title=verdict.title,
                            checked=verdict.checked, findings=list(verdict.findings))  # fmt: skip
        digest = self.stream.digest
        self.stream.add("end", story=scenario.story, outcome=outcome, digest=digest)
        opportunities = {name: offer.opportunity_id for name, offer in self.stage.offers.items()}
        return RunResult(
            scenario.story, self.seed, self.world.mode, outcome, self.verdicts, evidence.identities, broken_off,
            digest, self.stream.events, evidence, opportunities, self.reconciliations, scenario.source,
            self.case, self.correlation,
        )  # fmt: skip

    # -- the steps ------------------------------------------------------------------------------

    async def _play(self) -> str:
        """Do the steps in order; returns why it could not go on, or ''."""
        where = "the beginning"
        try:
            for disturbance in self.scenario.disturbances:
                await self.storm.place(disturbance)
            for number, step in enumerate(self.scenario.steps, start=1):
                where = f"step {number} ({step.verb})" + (f", line {step.line}" if step.line else "")
                if self.between is not None:
                    await self.between(number)
                await self.step(number, step)
            where = "the end"
            await settle(self.stage)
            if self.between is not None:
                await self.between(len(self.scenario.steps) + 1)
        except NotQuiet as error:
            self.not_quiet = str(error)
            return self._break_off(where, error)
        except (StepFailed, ValueError) as error:
            self.verdicts.append(Verdict("story", "broken", "the story can be played", 1, (f"{where}: {error}",)))
            return self._break_off(where, error)
        except Unreachable as error:
            self.verdicts.append(Verdict("story", "unknown", "the story can be played", 1, (f"{where}: {error}",)))
            return self._break_off(where, error)
        return ""

    def _break_off(self, where: str, error: Exception) -> str:
        self.stream.add("note", level="error", said=f"{where}: {error}")
        return f"{where}: {error}"

    async def step(self, number: int, step: Step) -> str:
        """Do one step; returns what happened. What an `expect` misses is kept in `unmet`."""
        if self.before_step is not None:
            await self.before_step(number)
        self.stream.add("step", number=number, verb=step.verb, line=step.line, state="begun", said=str(step))
        if isinstance(step.facts, Expect):
            evidence = await self._look(levels=False)
            where = f"step {number}" + (f", line {step.line}" if step.line else "")
            missed = await self._expect(step.facts, evidence, where)
            said = "as expected" if not missed else "; ".join(missed)
        else:
            said = await perform(self.stage, step)
        self.stream.add("step", number=number, verb=step.verb, line=step.line, state="done", said=said)
        return said

    # -- judging --------------------------------------------------------------------------------

    async def _look(self, levels: bool = True) -> Evidence:
        """All books and the core's word; once more where the core died of being asked and is up again."""
        evidence = await gather(self.world, self.correlation, self.stage.customer_changes, levels)
        if evidence.core_known:
            return evidence
        try:
            await self.world.settle()
        except NotQuiet:  # the judge of that has its own word
            return evidence
        return await gather(self.world, self.correlation, self.stage.customer_changes, levels)

    async def _expect(self, expect: Expect, evidence: Evidence, where: str) -> list[str]:
        opportunities = {name: offer.opportunity_id for name, offer in self.stage.offers.items()}
        loaded = [deal.opportunity_id for deal in self.stage.loaded]
        missed = [f"{where}: {sentence}" for sentence in unmet(expect, evidence, opportunities, loaded)]
        if expect.calls_at_most is not None and self.world.mode == "sim":
            calls = await calls_of(self.world)
            if calls > expect.calls_at_most:
                missed.append(f"{where}: the core has made {calls} calls, expected {expect.calls_at_most} at most")
        if expect.reconciliation is not None and evidence.core_known:
            report = await reconciled(self.world, evidence, expect.reconciliation, self._names(evidence))
            if isinstance(report, str):
                missed.append(f"{where}: {report}")
            else:
                self.reconciliations.append(report)
        self.unmet += missed
        return missed

    def _names(self, evidence: Evidence) -> dict[str, str]:
        opportunities = {name: offer.opportunity_id for name, offer in self.stage.offers.items()}
        accounts = {name: buyer.account_id for name, buyer in self.stage.buyers.items()}
        return records(evidence.canon, opportunities, accounts, self.stage.edits)

    async def _replays(self) -> list[Replay]:
        """Tell the core twice to take every signal again; the books before and after each time."""
        try:
            replays = await replayed(self.world, self.correlation, {}, REPLAYS)
        except ReplayRefused as refused:
            self.stream.add("note", said=f"replay of all signals: {refused}")
            return []
        if self.stage.edits:  # in books that people have edited a level may be put right: what counts is what they say
            replays = [replace(one, touched=()) for one in replays]
        for number, _ in enumerate(replays, start=1):
            self.stream.add("note", said=f"replay {number} of all signals: accepted")
        return replays

    def judge(
        self, evidence: Evidence, probes: dict[str, int], outages: list[Outage], replays: list[Replay],
        broken_off: str = "",
    ) -> None:  # fmt: skip
        """Ask every judge, of what the books say now; the answers are added to `verdicts`."""
        for name, hits in probes.items():
            self.stream.add("probe", disturbance=name, hits=hits)
        defects = [*evidence.defects, *(
            f"{event.facts.get('operation')}: {event.facts.get('error')}"
            for event in self.stream.events if event.kind == "note" and event.facts.get("level") == "defect"
        )]  # fmt: skip
        case = Case(
            evidence.canon, evidence.excuses, [*self.stage.replays, *replays], probes, {}, evidence.core_known, defects,
            drifts=tuple(self.stage.drifts), exceptions=tuple(evidence.exceptions),
            open_work=tuple(evidence.work), not_quiet=self.not_quiet, going_on=tuple(self.storm.going_on),
            levels=evidence.levels, edited=bool(self.stage.edits),
            at=evidence.at, outages=tuple(outages), windows=tuple(windows_of(evidence.books["erp_legacy"])),
            hindered=frozenset(row["subject"] for row in evidence.exceptions), ledgers=self.correlation.ledgers,
            zones=self.correlation.zones, cutovers=tuple(self.stage.cutovers), closings=tuple(self.stage.closings),
            law=self.stage.company.law, moved=frozenset(self.stage.moved),
            reconciliations=self.reconciliations, trail=self.trail, unresolved=self.unresolved,
            calls=tuple(event for event in self.stream.events if event.kind == "call"),
            changes=tuple(event for event in self.stream.events if event.kind == "change"),
            set_back=any(facts.from_backup for facts in self.scenario.facts_of("start_core")),
            systems_set_back=tuple(self.stage.set_back),
            lost_history=any(event.facts.get("level") == "lost" for event in self.stream.events),
        )  # fmt: skip
        self.case = case
        self.verdicts += excused(judge(case), self.scenario.expect.broken, self._names(evidence))
        asked = any(_says_something(step.facts) for step in self.scenario.steps if step.verb == "expect")
        if self.unmet:
            found = tuple(self.unmet)
            self.verdicts.append(Verdict("story", "broken", "what the story expects", len(found), found))
        elif not broken_off and (asked or _says_something(self.scenario.expect)):
            self.verdicts.append(Verdict("story", "holds", "what the story expects", 1))


def _says_something(expect: Any) -> bool:
    return bool(expect.model_dump(exclude_unset=True))

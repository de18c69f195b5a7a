"""The crm-export story over somebody's own files: where they lie, and the sums that follow from them alone."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from harness.load.plan import LoadPlan
from harness.load.source import Unusable, placed_plan
from harness.scenario import STORIES, Expect, Scenario, Step, load_world
from harness.scenario.steps import LoadStep


def with_export(scenario: Scenario, folder: Path, mode: str) -> Scenario:
    """The story with its export read from `folder` (files of the same names) and its expectations computed from there.

    Unusable when the story loads nothing, a file is missing, or a row cannot be placed.
    """
    story, sums = at_export(scenario, folder), _Sums()
    steps = []
    for step in story.steps:
        facts: Any = step.facts
        if isinstance(facts, LoadStep):
            facts = facts.model_copy(update={"files": tuple(Path(name).name for name in facts.files), "own": True})
            sums.begin(_plan(story, facts, mode), scenario)
        elif step.verb == "map_item":
            sums.mapped.add(facts.sku)
        elif isinstance(facts, Expect):
            facts = sums.said_anew(facts)
        elif step.verb == "pay_loaded":
            sums.paid |= sums.mapped
        elif step.verb == "close_loaded":
            sums.closed = True
        steps.append(Step(step.verb, facts, step.line))
    if sums.plan is None:
        raise Unusable(f"--export: story '{scenario.story}' loads no export")
    return replace(story, steps=tuple(steps), expect=sums.said_anew(scenario.expect))


def at_export(scenario: Scenario, folder: Path) -> Scenario:
    """The story with its own files (if it loads any) found in `folder`; Unusable when one is missing there."""
    names = [Path(name).name for facts in scenario.facts_of("load") for name in facts.files]
    missing = [name for name in names if not (folder / name).is_file()]
    if missing:
        raise Unusable(f"--export: {folder} has no {' and no '.join(missing)}")
    return replace(scenario, export=folder.absolute())


def _plan(story: Scenario, facts: LoadStep, mode: str) -> LoadPlan:
    plan = placed_plan(STORIES / facts.map, story.files_of(facts), facts.pseudonymise)
    return plan.first(facts.most(mode))


class _Sums:
    """What the story has to expect at a point: from the files and from which products are mapped, not from a core."""

    def __init__(self) -> None:
        self.plan: LoadPlan | None = None
        self.mapped: set[str] = set()
        self.paid: set[str] = set()
        self.closed = False

    def begin(self, plan: LoadPlan, scenario: Scenario) -> None:
        """The export is loaded; the company's item map is what it is."""
        self.plan = plan
        self.mapped = set(load_world(scenario.world).mappings_with(scenario.mappings).get("items", {}))

    def said_anew(self, expect: Expect) -> Expect:
        """The same questions with the answers of this export."""
        if self.plan is None:
            return expect
        currency, given = self.plan.currency, expect.model_fields_set
        lines = [record.line for record in self.plan.opportunities if record.line is not None]
        worth = {
            "won": sum((n * price for _, n, price in lines), Decimal(0)),
            "billed": sum((n * price for sku, n, price in lines if sku in self.mapped), Decimal(0)),
            "parked": sum((n * price for sku, n, price in lines if sku not in self.mapped), Decimal(0)),
        }
        states = [self._state(sku) for sku, _, _ in lines]
        parked = states.count("won")
        answers: dict[str, Any] = {what: {currency: amount} for what, amount in worth.items()} | {
            "won_by_month": self.plan.by_month(),
            "exception_counts": {"unmapped_item": parked} if parked else {},
            "loaded": {state: states.count(state) for state in dict.fromkeys(states)},
        }
        return expect.model_copy(update={name: value for name, value in answers.items() if name in given})

    def _state(self, sku: str) -> str:
        if not self.closed:
            return "open"
        if sku in self.paid:
            return "paid"
        return "posted" if sku in self.mapped else "won"

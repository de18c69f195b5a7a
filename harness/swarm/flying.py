"""Flies one story of the swarm: bounded in virtual time, judged, and what was hit."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from harness.checkers import Outcome, overall
from harness.runner import RunResult
from harness.scenario import Scenario
from harness.scenario.steps import AdvanceStep
from harness.simulation import Flight, fly
from harness.simulation.flight_plan import Change
from harness.simulation.loop import Runaway
from harness.swarm.cells import Cell
from harness.swarm.draw import drawn

MARGIN_S = 90 * 86_400.0  # virtual time that a story may take beyond what its own steps ask for
FINDINGS = 6


@dataclass(frozen=True)
class Flown:
    """What became of one story: outcome, findings, digest, and how often which fault struck which operation."""

    seed: str
    outcome: Outcome
    findings: tuple[str, ...] = ()
    broken: frozenset[str] = frozenset()  # the invariants that do not hold
    digest: str = ""
    cells: dict[Cell, int] = field(default_factory=dict)  # (system, operation, fault) -> hits
    cpu_s: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """As one line of a record."""
        return {
            "seed": self.seed, "outcome": self.outcome, "findings": list(self.findings),
            "broken": sorted(self.broken), "digest": self.digest, "cpu_s": round(self.cpu_s, 3),
            "cells": [[*cell, hits] for cell, hits in sorted(self.cells.items())],
        }  # fmt: skip

    @staticmethod
    def of_json(row: dict[str, Any]) -> "Flown":
        """From a line of a record."""
        cells = {(system, operation, kind): hits for system, operation, kind, hits in row["cells"]}
        return Flown(row["seed"], row["outcome"], tuple(row["findings"]), frozenset(row["broken"]), row["digest"],
                     cells, row["cpu_s"])  # fmt: skip


def flown(seed: str, change: Change | None = None) -> Flown:
    """The story of a seed, flown."""
    return flown_story(drawn(seed), seed, change)


def asked_s(scenario: Scenario) -> float:
    """How much time the story lets pass by its own steps, virtual seconds."""
    return sum(float(step.facts.by or 0) for step in scenario.steps if isinstance(step.facts, AdvanceStep))


def flown_story(scenario: Scenario, seed: str, change: Change | None = None) -> Flown:
    """A story, flown: one that does not end in its time is broken, and no hang."""
    try:
        result = fly(scenario, seed, flight=Flight(change, bound_s=asked_s(scenario) + MARGIN_S))[0]
    except Runaway as runaway:
        return Flown(seed, "broken", (f"I11 the story does not end: {runaway}",), frozenset(("I11",)))
    return flown_of(result)


def flown_of(result: RunResult) -> Flown:
    """A run as the swarm sees it."""
    # A disturbance that never struck proves nothing here: the coverage table counts what did.
    verdicts = [one for one in result.verdicts if one.invariant != "I27"]
    against = [one for one in verdicts if one.outcome in ("broken", "unknown")]
    findings = [f"{one.invariant} {finding}" for one in against for finding in one.findings]
    broken = frozenset(one.invariant for one in against)
    return Flown(result.seed, overall(verdicts), tuple(findings[:FINDINGS]), broken, result.digest, cells_of(result))


def cells_of(result: RunResult) -> dict[Cell, int]:
    """Which faults struck which operations of which systems, from the record of the run."""
    hits: Counter[Cell] = Counter()
    for event in result.events:
        fault = event.facts.get("fault") if event.kind in ("call", "delivery") else None
        if fault:
            operation = event.facts.get("operation") or event.facts.get("event_type") or "?"
            hits[event.facts["system"], operation, fault.rpartition(":")[2]] += 1
    return dict(hits)

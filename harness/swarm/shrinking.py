"""Delta debugging: the smallest story that still fails in the same way: steps, disturbances, details."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harness.scenario import Scenario, StoryError, read_story
from harness.swarm.flying import Flown
from harness.swarm.writing import text_of

Json = dict[str, Any]
TRIES_MAX = 400
REST = 2  # the last steps stay: what is not given time to end is no finding
_NAMED = re.compile(r"\S*\d\S*")  # numbers, ids and dates: another story has others
_PLACE = re.compile(r"^story step \d+ \((\w+)\)(, line \d+)?: ")
_DETAILS = ("lasts", "nth", "times", "copies", "delay", "retry_after", "contains")


@dataclass(frozen=True)
class Shrunk:
    """The smallest story that was found, how it fails, and how many stories were flown to find it."""

    scenario: Scenario
    flown: Flown
    tries: int
    steps_before: int


def signs(flown: Flown) -> frozenset[str]:
    """How a story fails, without what is particular to it: findings with numbers and ids left out."""
    stopped = [finding for finding in flown.findings if _PLACE.match(finding)]  # what else is found then comes of that
    return frozenset(_sign(finding) for finding in stopped or flown.findings if "nothing to check" not in finding)


def _sign(finding: str) -> str:
    words = _PLACE.sub(r"story \1: ", finding).split(", expected ")[0].split(" (")[0]
    kept = 8 if "open exceptions are" in words else 6  # the first of them by its name
    return " ".join(_NAMED.sub("#", words).split()[:kept])


def shrunk(scenario: Scenario, failed: Flown, fly: Callable[[Scenario], Flown]) -> Shrunk:
    """Leave out and simplify for as long as the story, flown by `fly`, fails in a way in which it failed at first."""
    return _Shrinking(scenario, failed, fly).run()


class _Shrinking:
    def __init__(self, scenario: Scenario, failed: Flown, fly: Callable[[Scenario], Flown]) -> None:
        self._fly = fly
        self._head = {name: value for name, value in scenario.to_json().items() if value not in ({}, [], "")}
        self._signs, self._best, self._tries = signs(failed), failed, 0
        self._scenario, self._steps_before = scenario, len(scenario.steps)
        self._seen: set[str] = set()

    def run(self) -> Shrunk:
        """First whole parts of the story, then the steps, then one at a time what each says, then the head."""
        self._try({**self._head, "replay": False})
        self._parts_left_out()
        before = -1
        while before != self._tries:
            before = self._tries
            self._steps_left_out()
            self._details_left_out()
            self._try({**self._head, "replay": False})
            if self._head.get("expect"):
                self._try({name: value for name, value in self._head.items() if name != "expect"})
        return Shrunk(self._scenario, self._best, self._tries, self._steps_before)

    def _parts_left_out(self) -> None:
        """The days behind the failure, all weather, and one customer after the other with all that is about it: what
        is much at once, and makes every story after it a shorter flight.
        """
        steps = self._head["steps"]
        rests = [number for number, step in enumerate(steps, start=1) if "advance" in step]
        any(self._try({**self._head, "steps": steps[:number]}) for number in rests[:-1])
        calm = [step for step in self._head["steps"] if "disturb" not in step]
        self._try({**self._head, "steps": calm})
        for name in [step["customer"].get("id") for step in self._head["steps"] if "customer" in step]:
            self._try({**self._head, "steps": _without(self._head["steps"], name)})

    def _steps_left_out(self) -> None:
        for member in ("disturbances", "steps"):
            size = max(1, len(self._head.get(member, ())) // 2)
            while size:
                at = 0
                while at < len(self._head.get(member, ())) - (REST if member == "steps" else 0):
                    rows = self._head[member]
                    last = len(rows) - (REST if member == "steps" else 0)
                    left = rows[min(at + size, last) :]
                    if not self._try({**self._head, member: [*rows[:at], *left]}):
                        at += size
                size //= 2

    def _details_left_out(self) -> None:
        for number in range(len(self._head["steps"])):
            for simpler in _simpler(self._head["steps"][number]):
                rows = self._head["steps"]
                self._try({**self._head, "steps": [*rows[:number], simpler, *rows[number + 1 :]]})

    def _try(self, head: Json) -> bool:
        """Fly it; keep it if it is a story and fails as the first did."""
        text = text_of(head)
        if text in self._seen or self._tries >= TRIES_MAX:
            return False
        self._seen.add(text)
        try:
            scenario = read_story(text)
        except StoryError:
            return False
        self._tries += 1
        flown = self._fly(scenario)
        if flown.outcome == "holds" or not signs(flown) & self._signs:
            return False
        self._head, self._best, self._scenario = head, flown, replace(scenario, source="")
        return True


def _without(steps: Sequence[Json], customer: str) -> list[Json]:
    """The steps without a customer, its deals, and what is done to them."""
    deals = (step["deal"] for step in steps if "deal" in step)
    gone = (customer, *(one.get("id") for one in deals if one.get("customer") == customer))
    left: list[Json] = []
    for step in steps:
        verb, facts = next(iter(step.items()))
        if not isinstance(facts, dict):
            left.append(step)
            continue
        kept = {name: [one for one in value if one not in gone] if isinstance(value, list) else value
                for name, value in facts.items()}  # fmt: skip
        emptied = any(facts[name] and not value for name, value in kept.items())
        if not emptied and not any(value in gone for value in kept.values()):
            left.append({verb: kept})
    return left


def _simpler(step: Json) -> Sequence[Json]:
    verb, facts = next(iter(step.items()))
    found: list[Json] = []
    if isinstance(facts, dict):
        if verb == "disturb":
            found += [{verb: {name: value for name, value in facts.items() if name != one}}
                      for one in _DETAILS if one in facts]  # fmt: skip
        lines, deals = facts.get("lines"), facts.get("deal")
        if verb == "deal" and isinstance(lines, list) and len(lines) > 1:
            found += [{verb: {**facts, "lines": [*lines[:at], *lines[at + 1 :]]}} for at in range(len(lines))]
        if verb == "close" and isinstance(deals, list) and len(deals) > 1:
            found += [{verb: {**facts, "deal": [*deals[:at], *deals[at + 1 :]]}} for at in range(len(deals))]
    return found

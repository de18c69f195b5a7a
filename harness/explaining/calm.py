"""What a run without the trouble does instead: the books' facts that differ, and the calls that only one has made."""

import re
from collections import Counter
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from harness.explaining.failing import Failing, Requests
from harness.report.side_by_side import SYSTEMS, rows
from harness.runner import RunResult

_ID = re.compile(r"\d+|(?!v\d)(?=(?:.*\d){3}).+")  # a part of a path that names one record


@dataclass(frozen=True)
class Calm:
    """The run beside the failing one: `what` it is, its outcome, and how the two differ."""

    what: str
    outcome: str
    facts: tuple[Mapping[str, str], ...] = ()  # {fact, system, here, there}
    calls: tuple[Mapping[str, Any], ...] = ()  # {system, call, here, there}: how often
    parted: Mapping[str, Any] = field(default_factory=dict)  # the first request that differs: {number, here, there}


def beside(failing: Failing, result: RunResult, requests: Requests, account: str) -> Calm | None:
    """The undisturbed run of the same core; where that fails as well, the real core in the same storm, else None."""
    tries = []
    calm = failing.calm()
    if calm.scenario != failing.scenario or calm.flight != failing.flight:
        tries.append(("the same core in the same story, undisturbed", calm))
    if failing.flight.change is not None or failing.lying is not nullcontext:
        tries.append(("the real core and honest systems in the same story and storm", failing.sound()))
    for what, other in tries:
        there, sent = other.flown()
        if there.outcome == "holds":
            return Calm(what, there.outcome, tuple(_facts(result, there, account)),
                        tuple(_calls(requests, sent)), _parted(requests, sent))  # fmt: skip
    return None


def _facts(here: RunResult, there: RunResult, account: str) -> list[dict[str, str]]:
    """Every cell of the facts side by side that the two runs tell differently."""
    tables = []
    for result in (here, there):
        assert result.evidence is not None
        cells: dict[tuple[str, str], str] = {}
        for row in rows(result.evidence.canon, account):
            for system in SYSTEMS:
                key = (str(row["fact"]), system)
                cells[key] = "; ".join(filter(None, (cells.get(key, ""), str(row[system] or ""))))
        tables.append(cells)
    found = []
    for fact, system in dict.fromkeys((*tables[0], *tables[1])):
        mine, other = (table.get((fact, system), "") for table in tables)
        if mine != other:
            found.append({"fact": fact, "system": system, "here": mine or "nothing", "there": other or "nothing"})
    return found


def _general(call: tuple[str, str]) -> tuple[str, str]:
    system, what = call
    parts = what.partition("?")[0].split("/")
    return system, "/".join("…" if _ID.fullmatch(part) else part for part in parts)


def _calls(here: Requests, there: Requests) -> list[dict[str, Any]]:
    mine, other = Counter(map(_general, here)), Counter(map(_general, there))
    return [
        {"system": system, "call": what, "here": mine[system, what], "there": other[system, what]}
        for system, what in sorted(mine.keys() | other.keys())
        if mine[system, what] != other[system, what]
    ]


def _parted(here: Requests, there: Requests) -> dict[str, Any]:
    for number, (one, other) in enumerate(zip_longest(map(_general, here), map(_general, there)), start=1):
        if one != other:
            return {"number": number, "here": " ".join(one or ("nothing more",)),
                    "there": " ".join(other or ("nothing more",))}  # fmt: skip
    return {}

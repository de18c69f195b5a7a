"""All that can be told of a failure, as one value: text, page and JSON are drawn from it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.events import RunEvent
from harness.explaining.calm import Calm, beside
from harness.explaining.concerned import call_words, concerned, story_of
from harness.explaining.failing import Failing
from harness.explaining.moments import Finding, Moment, findings_of, moments
from harness.report.side_by_side import TITLES
from harness.runner import RunResult
from harness.scenario.values import iso

AROUND = 8  # calls told before and after the moment
SAID = 400  # characters of a body


@dataclass(frozen=True)
class Explanation:
    """`account` is the customer concerned ('' if nobody can be named), `moments` the earliest first.

    `timeline` rows have at, where, what, seq; `around` rows at, system, what, status, fault, body, answer, seq, when
    (before, then, after).
    """

    story: str
    seed: str
    outcome: str
    broken_off: str
    findings: tuple[Finding, ...]
    account: str
    name: str
    timeline: tuple[dict[str, Any], ...]
    moments: tuple[Moment, ...]
    around: tuple[dict[str, Any], ...]
    calm: Calm | None

    @property
    def first(self) -> Moment | None:
        """The first moment at which an invariant broke, as far as the books can tell."""
        return self.moments[0] if self.moments else None

    @property
    def said(self) -> str:
        """The first moment in a sentence."""
        first = self.first
        if not self.findings:
            return "Nothing is broken in this run: there is nothing to explain."
        if first is None:
            return ("No single change of a book began it: what these judges find is in the course of the whole run "
                    "(times, calls, replays, expectations).")  # fmt: skip
        step = f" in {first.step}" if first.step else ""
        return (f"It began {iso(first.at)}{step}, with {first.what} in {TITLES.get(first.system, first.system)} "
                f"(event {first.seq}). Since then {first.invariant} finds: {first.finding}")  # fmt: skip

    def to_json(self) -> dict[str, Any]:
        """As one JSON object; times as text, UTC."""
        told = [{**asdict(one), "at": iso(one.at)} for one in self.moments]
        return {
            "story": self.story, "seed": self.seed, "outcome": self.outcome, "broken_off": self.broken_off or None,
            "findings": [{"invariant": judge, "finding": said} for judge, said in self.findings],
            "customer": {"account": self.account, "name": self.name} if self.account else None,
            "said": self.said, "first": told[0] if told else None, "moments": told, "around": list(self.around),
            "timeline": list(self.timeline), "calm": None if self.calm is None else asdict(self.calm),
        }  # fmt: skip


def explain(failing: Failing) -> Explanation:
    """Fly it, find out whose failure it is and since when, and fly the run beside it. What holds has no findings."""
    result, requests = failing.flown()
    found = findings_of(result)
    assert result.evidence is not None
    canon = result.evidence.canon
    told = moments(failing, result) if found else []
    first = [(one.invariant, one.finding) for one in told[:1]]
    account = concerned(canon, first, result.opportunities) or concerned(canon, found, result.opportunities)
    name = canon.accounts[account].name if account in canon.accounts else ""
    return Explanation(
        result.story, result.seed, result.outcome, result.broken_off, tuple(found), account, name,
        tuple(story_of(result, account)), tuple(told), tuple(_around(result, told)),
        beside(failing, result, requests, account) if found else None,
    )  # fmt: skip


def _around(result: RunResult, told: Sequence[Moment]) -> list[dict[str, Any]]:
    """The calls and deliveries around the first moment, the one that made the change among them."""
    if not told:
        return []
    calls = [event for event in result.events if event.kind in ("call", "delivery", "crash")]
    at = next((place for place, event in enumerate(calls) if event.seq > told[0].seq), len(calls))
    rows = []
    for place, event in enumerate(calls[max(0, at - AROUND) : at + AROUND + 1], start=max(0, at - AROUND)):
        when = "before" if place < at else "then" if place == at else "after"
        rows.append({**_call(event), "when": when})
    return rows


def _call(event: RunEvent) -> dict[str, Any]:
    facts = event.facts
    words = str(facts["said"]) if event.kind == "crash" else call_words(facts)
    system = "core" if event.kind == "crash" else str(facts.get("system", "subscriptions"))
    return {
        "seq": event.seq, "at": iso(event.at), "system": system, "what": words, "status": facts.get("status"),
        "fault": facts.get("fault"), "body": _cut(facts.get("body")), "answer": _cut(facts.get("answer")),
    }  # fmt: skip


def _cut(body: Any) -> str:
    text = "" if body is None else str(body)
    return text if len(text) <= SAID else f"{text[:SAID]}…"

"""Books that are broken on purpose: exactly what a story plants is excused, and a report is held to the books."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from harness.checkers import Case, Verdict, judge
from harness.checkers.case import PlantedBreak, Reconciliation
from harness.planted import excused
from harness.runner import RunResult
from harness.scenario import StoryError, read_story
from harness.simulation import play
from tests.broken import stories

PLANTED = {"I5": ("bill {lake-1} is off by 1", "platform * is odd")}
NAMES = {"lake-1": "US-000001"}


def verdict(*findings: str) -> Verdict:
    return Verdict("I5", "broken" if findings else "holds", "the books tie out", 3, findings)


@pytest.mark.parametrize(
    ("findings", "outcome", "left"),
    [
        (("bill US-000001 is off by 1", "platform txn_a is odd"), "holds", ()),
        (("bill US-000001 is off by 2", "platform txn_a is odd"), "broken",
         ("bill US-000001 is off by 2", "planted and not found: bill US-000001 is off by 1")),
        (("bill US-000001 is off by 1", "platform txn_a is odd", "platform txn_b is odd"), "broken",
         ("platform txn_b is odd",)),
        ((), "broken",
         ("planted and not found: bill US-000001 is off by 1", "planted and not found: platform * is odd")),
    ],
)  # fmt: skip
def test_exactly_what_is_planted_is_excused(findings: tuple[str, ...], outcome: str, left: tuple[str, ...]) -> None:
    found = excused([verdict(*findings)], PLANTED, NAMES)[0]
    assert (found.outcome, found.findings) == (outcome, left)


def test_other_judges_and_doubts_are_left_alone() -> None:
    others = [Verdict("I4", "broken", "fields", 1, ("x",)), Verdict("I5", "unknown", "sums", 1, ("unread",))]
    assert excused(others, PLANTED, NAMES) == others


def test_an_edit_that_the_story_does_not_plant_turns_it_red() -> None:
    planted = stories.drifted()
    silent = replace(planted, expect=planted.expect.model_copy(update={"broken": {}}))
    assert {one.invariant for one in play(silent).verdicts if one.outcome == "broken"} == {"I4", "I5"}


@cache
def drifted() -> RunResult:
    result = play(stories.drifted())
    assert result.outcome == "holds", result.findings
    return result


def told(**changes: Any) -> list[str]:
    """What I15 finds in the drifted story's report after a change of it."""
    one = drifted().reconciliations[0]
    report = {**one.report, **changes}
    case = Case(one.canon, reconciliations=[replace(one, report=report)])
    return [finding for verdict in judge(case, ("I15",)) for finding in verdict.findings]


def lines_with(**changes: Any) -> list[dict[str, Any]]:
    return [{**row, **(changes if row["name"] == "billed = posted" else {})}
            for row in drifted().reconciliations[0].report["lines"]]  # fmt: skip


def test_a_report_is_held_to_the_books_and_to_what_was_planted() -> None:
    one = drifted().reconciliations[0].report["breaks"][0]
    assert told() == []
    assert "does not find that US-000001 is edited in erp_cloud" in told(breaks=[])[0]
    assert any("all agrees, and the books do not" in finding for finding in told(breaks=[], verdict="agrees"))
    assert "reports what nobody planted" in told(breaks=[one, {**one, "code": "missing"}])[0]
    assert "says -2 of US-000001, not -1" in told(breaks=[{**one, "amount": -2}])[0]
    assert "the book says 125,000.01" in told(lines=lines_with(b=12500000))[0]
    lines = [row for row in drifted().reconciliations[0].report["lines"] if row["name"] != "receipts agree"]
    assert "has no line 'receipts agree US USD'" in told(lines=lines)[0]
    assert "its verdict is 'agrees' with 1 breaks" in told(verdict="agrees")[0]


def test_a_break_in_books_that_agree_is_an_invention() -> None:
    honest = play(stories.card(), replay=False)
    assert honest.evidence is not None
    one = drifted().reconciliations[0]
    planted = tuple(PlantedBreak(row["code"], row["system"], row["document"]) for row in one.report["breaks"])
    lie = Reconciliation(one.report, honest.evidence.canon, honest.evidence.excuses, planted)
    found = judge(Case(honest.evidence.canon, reconciliations=[lie]), ("I15",))[0].findings
    assert any("invents a break" in finding for finding in found)


def test_nobody_reconciled_is_not_applicable() -> None:
    honest = play(stories.card(), replay=False)
    assert {one.invariant: one.outcome for one in honest.verdicts}["I15"] == "not applicable"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("{id: a, system: erp_legacy, act: delete_invoice, deal: d}", "nobody can delete_invoice in erp_legacy"),
        ("{id: a, system: salesforce, act: change_invoice, deal: d}", "change_invoice needs `amount`"),
        ("{id: a, system: salesforce, act: delete_invoice, deal: d, amount: 1}", "delete_invoice has no `amount`"),
    ],
)
def test_an_edit_that_nobody_can_make_is_refused(step: str, words: str) -> None:
    with pytest.raises(StoryError, match=words):
        read_story(f"story: x\ntitle: x\nsteps:\n  - edit_book: {step}\n")

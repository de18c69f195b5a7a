"""The runner plays a story in simulation and says holds, broken or unknown for the right reason."""

import json
from typing import Any

import pytest

from harness.runner import RunResult
from harness.scenario import read_story
from harness.simulation import play

HEAD = """
story: small
title: One deal
replay: false
steps:
  - customer: {id: acme, name: Acme, entity: US, country: US, state: IL, city: Chicago}
  - deal: {id: d1, customer: acme, lines: [{sku: ONBOARD, quantity: 2}]}
"""


def played(text: str) -> RunResult:
    return play(read_story(HEAD + text))


def test_a_deal_is_followed_from_open_to_paid() -> None:
    result = played("""\
  - expect: {deals: {d1: open}}
  - close: d1
  - settle
  - expect: {deals: {d1: posted}, exceptions: [], dead_letters: 0, tie_out: holds}
  - transfer: d1
  - settle
  - expect: {deals: {d1: paid}}
""")
    assert result.outcome == "holds", result.findings
    assert [event.facts["state"] for event in result.events if event.kind == "step"].count("done") == 9


def test_an_expectation_that_is_not_met_breaks_the_story_and_says_how() -> None:
    result = played("  - close: d1\n  - settle\n  - expect: {deals: {d1: paid}, exceptions: [unmapped_item]}\n")
    assert result.outcome == "broken"
    (finding,) = [one for one in result.findings if "d1" in one]
    assert "line 10" in finding and "deal d1 is posted, expected paid" in finding
    assert any("open exceptions are none, expected unmapped_item" in one for one in result.findings)


BROKEN_OFF = [
    ("  - transfer: d1\n", "the platform has no bill for deal"),
    ("  - advance: {until: 2025-01-01}\n", "time only goes forward"),
    ("  - close: d1\n  - settle\n  - pay_by_card: {deal: d1, card: '4000000000000002'}\n", "was declined"),
    ("  - close: d1\n  - settle\n  - transfer: d1\n  - settle\n  - transfer: d1\n", "is paid already"),
    ("  - map_item: {sku: ONBOARD, value: {kind: nonsense}}\n", "the core answered 422"),
]


@pytest.mark.parametrize(("steps", "words"), BROKEN_OFF)
def test_a_step_that_cannot_be_done_breaks_the_story_off_with_words(steps: str, words: str) -> None:
    result = played(steps)
    assert result.outcome == "broken"
    assert words in result.broken_off and "line" in result.broken_off


def test_a_declined_card_can_be_what_the_story_is_about() -> None:
    result = played("""\
  - close: d1
  - settle
  - pay_by_card: {deal: d1, card: '4000000000000002', declined: true}
  - settle
  - expect: {deals: {d1: posted}}
""")
    assert result.outcome == "holds", result.findings


def test_a_disturbance_that_never_strikes_is_broken_and_one_that_is_repaired_counts() -> None:
    lost = "  - disturb: {id: x, system: erp_cloud, kind: lost_answer, operation: 'record.*:invoice'}\n"
    never = "  - disturb: {id: never, system: erp_cloud, kind: limit, operation: 'no.such.operation'}\n"
    good = played(f"{lost}  - close: d1\n  - settle\n  - repair: x\n  - settle\n")
    assert good.outcome == "holds", good.findings
    bad = played(f"{never}  - close: d1\n  - settle\n")
    assert any("disturbance never was never hit" in one for one in bad.findings)


def test_a_core_killed_and_started_again_goes_on() -> None:
    result = played("  - kill_core\n  - close: d1\n  - start_core\n  - settle\n  - expect: {deals: {d1: posted}}\n")
    assert result.outcome == "holds", result.findings


def test_events_are_json_and_one_seed_gives_one_digest() -> None:
    story = read_story(HEAD + "  - close: d1\n  - settle\n")
    first, second, other = play(story, "1"), play(story, "1"), play(story, "2")
    assert first.digest == second.digest != other.digest
    rows: list[dict[str, Any]] = [json.loads(json.dumps(event.to_json())) for event in first.events]
    assert rows[-1]["kind"] == "end" and sum(row["kind"] == "run" for row in rows) == 1

"""A planted defect's story among much else is made small again; what was found on the way is kept and must hold."""

from pathlib import Path

import pytest

from harness.scenario import load_story, read_story
from harness.simulation import play
from harness.swarm import as_yaml, shrunk
from harness.swarm.flying import flown_story
from tests.broken.defect import defect

FOUND = sorted((Path(__file__).parents[3] / "scenarios" / "found").glob("*.yaml"))


LAKESIDE = "{id: lake, name: Lakeside Logistics, entity: US, country: US, state: IL, city: Chicago, pays_by: transfer}"
BIG = f"""
story: big
title: Two equal partial payments among much else
steps:
  - customer: {{id: hudson, name: Hudson, entity: US, country: US, state: NY, city: New York, pays_by: card}}
  - customer: {LAKESIDE}
  - deal: {{id: hudson-1, customer: hudson, lines: [{{sku: ONBOARD}}]}}
  - deal: {{id: lake-1, customer: lake, lines: [{{sku: PLAT-ANNUAL, quantity: 2}}, {{sku: ONBOARD}}]}}
  - close: [hudson-1, lake-1]
  - disturb: {{id: w1, system: erp_cloud, kind: lost_answer, operation: "record.create:*", lasts: 1h}}
  - disturb: {{id: w2, system: subscriptions, kind: duplicate_event, lasts: 5h}}
  - settle
  - advance: 1d
  - pay_by_card: hudson-1
  - transfer: {{deal: lake-1, amount: 500}}
  - transfer: {{deal: lake-1, amount: 500}}
  - settle
  - advance: 1d
"""


def test_a_planted_defect_is_shrunk_to_a_story_that_fits_on_a_page() -> None:
    change = defect("merges_equal_payments").change
    big = read_story(BIG)
    failed = flown_story(big, "3", change)
    assert failed.outcome == "broken" and flown_story(big, "3").outcome == "holds"
    small = shrunk(big, failed, lambda story: flown_story(story, "3", change))
    verbs = [step.verb for step in small.scenario.steps]
    assert verbs == ["customer", "deal", "close", "advance", "transfer", "transfer", "settle", "advance"], verbs
    assert small.tries <= 25, "whole customers and all weather are left out first: that is most of it"
    again = read_story(as_yaml(small.scenario))
    assert flown_story(again, "3", change).broken & failed.broken
    assert flown_story(again, "3").outcome == "holds"


@pytest.mark.parametrize("path", FOUND, ids=lambda path: path.stem)
def test_what_was_found_once_holds(path: Path) -> None:
    result = play(load_story(path))
    assert result.outcome == "holds", result.findings

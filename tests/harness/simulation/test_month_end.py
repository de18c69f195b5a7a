"""Month-end close as steps of a story: receivables locked, months closed, and reopened."""

from harness.scenario import read_story
from harness.simulation import play

STORY = """
story: closing
title: A bill meets a locked and a closed month
steps:
  - customer: {id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, pays_by: card}
  - deal: {id: hudson-2026, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}
  - lock_period: {period: 2026-01, what: ar}
  - close: hudson-2026
  - settle
  - expect: {exceptions: [closed_period], tie_out: holds}
  - close_period: 2026-01
  - retry: closed_period
  - settle
  - expect: {exceptions: [closed_period], tie_out: holds}
  - close_period: {period: 2026-01, reopen: true}
  - retry: closed_period
  - settle
expect: {exceptions: [], tie_out: holds, deals: {hudson-2026: posted}}
"""


def test_a_story_locks_closes_and_reopens_months() -> None:
    result = play(read_story(STORY))
    assert result.outcome == "holds", result.findings

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


MONEY = """
story: money-of-a-closed-month
title: A payment and a refund of a closed month are booked in the next open one, where policy says so
genesis: 2026-01-31T15:00:00Z
steps:
  - set_policy: {name: closed_period, value: {posts_in: next_open, money_in: next_open}}
  - customer: {id: hudson, name: Hudson Analytics, entity: US, country: US, state: NY, city: New York, pays_by: card}
  - deal: {id: hudson-2026, customer: hudson, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}
  - close: hudson-2026
  - settle
  - lock_period: {period: 2026-01, what: all}
  - close_period: 2026-01
  - pay_by_card: hudson-2026
  - settle
  - credit: {deal: hudson-2026, amount: 1088.75, reason: service_unsatisfactory}
  - settle
  - refund: hudson-2026
  - settle
expect: {exceptions: [], tie_out: holds, reconciliation: {breaks: []}, deals: {hudson-2026: paid}}
"""


def test_money_of_a_closed_month_is_booked_in_the_next_open_one() -> None:
    result = play(read_story(MONEY))
    assert result.outcome == "holds", result.findings
    asked = play(read_story(MONEY.replace(", money_in: next_open", "")))
    assert "open exceptions are closed_period" in str(asked.findings)

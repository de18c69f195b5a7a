"""A renewal that is won after the platform renewed by itself never undoes what somebody has changed since."""

import pytest

from harness.simulation import play
from tests.broken import stories

LATE = (
    "customer: {id: hudson, name: Hudson, entity: US, country: US, state: NY, city: New York, pays_by: transfer}",
    "deal: {id: first, customer: hudson, start: 2025-01-07, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
    "close: first", "settle",
    "deal: {id: late, customer: hudson, type: renewal, of: first, lines: [{sku: PLAT-ANNUAL, quantity: 12}]}",
    "advance: {until: 2026-01-07T12:00:00Z}",
)  # fmt: skip
RACE = (
    "disturb: {id: slow, system: subscriptions, kind: slow_applied, delay: 5s,"
    " operation: subscription.update_for_items, contains: cf_sf_change}",
    "close: late", "platform_change: {deal: first, seats: 15, during: slow}", "settle",
)  # fmt: skip
WAITS = "exceptions: [{}], dead_letters: 0, sync: {{late: Blocked}}, "
STORIES: dict[str, tuple[tuple[str, ...], str]] = {
    "the customer took seats before": (
        (*LATE, "platform_change: {deal: first, seats: 15}", "settle", "close: late", "settle"),
        WAITS.format("renewed_otherwise") + "tie_out: holds, contracts: {first: {seats: 15}}",
    ),
    "sales sold seats before": (
        (*LATE,
         "deal: {id: more, customer: hudson, type: amendment, of: first, lines: [{sku: PLAT-ANNUAL, quantity: 3}]}",
         "close: more", "settle", "close: late", "settle"),
        WAITS.format("renewed_otherwise") + "tie_out: holds, contracts: {first: {seats: 13}}",
    ),
    "what is agreed then is what both say": (
        (*LATE, "platform_change: {deal: first, seats: 15}", "settle", "advance: 3d", "close: late", "settle",
         "platform_change: {deal: first, seats: 12}", "settle",
         "retry: {kind: renewed_otherwise}", "settle"),
        "exceptions: [], dead_letters: 0, tie_out: holds, sync: {late: Synced}, contracts: {first: {seats: 12}}",
    ),
    "a change to the very same is no conflict": (
        (*LATE, "platform_change: {deal: first, seats: 12}", "settle", "advance: 3d", "close: late", "settle"),
        "exceptions: [], dead_letters: 0, tie_out: holds, sync: {late: Synced}, contracts: {first: {seats: 12}}",
    ),
    "what the customer changed while ours was under way is for a person": (
        (*LATE, *RACE),
        WAITS.format("change_undone") + "contracts: {first: {seats: 12}}",
    ),
    "nobody changed anything": (
        (*LATE, "close: late", "settle"),
        "exceptions: [], dead_letters: 0, tie_out: holds, sync: {late: Synced}, contracts: {first: {seats: 12}}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_the_story_holds(name: str) -> None:
    steps, expect = STORIES[name]
    result = play(stories.story("late", *steps, expect=f"expect: {{{expect}}}"), replay=False)
    assert result.outcome == "holds", result.findings

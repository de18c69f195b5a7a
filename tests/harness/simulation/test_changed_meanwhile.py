"""A customer changes a contract in the platform while the core's write about it is under way: neither is lost."""

import pytest

from harness.exploring import explore, points_of
from harness.simulation import play
from tests.broken import recoveries, stories

HUDSON = "customer: {id: hudson, name: Hudson, entity: US, country: US, state: NY, city: New York, pays_by: transfer}"
BEGUN = (HUDSON, "deal: {id: first, customer: hudson, start: 2025-01-07, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}",
         "close: first", "settle", "advance: 1d")  # fmt: skip
CALM = "exceptions: [], dead_letters: 0, tie_out: holds, "


def meanwhile(more: str, seats: int, delay: str = "5s", name: str = "more") -> tuple[str, ...]:
    """A deal about so many seats more is carried out, and the customer comes first."""
    lines = f"lines: [{{sku: PLAT-ANNUAL, quantity: {more}}}]"
    return (
        f"deal: {{id: {name}, customer: hudson, type: amendment, of: first, {lines}}}",
        f"disturb: {{id: slow-{name}, system: subscriptions, kind: slow_applied, delay: {delay},"
        " operation: subscription.update_for_items, contains: cf_sf_change}",
        f"close: {name}", f"platform_change: {{deal: first, seats: {seats}, during: slow-{name}}}", "settle",
    )  # fmt: skip


STORIES: dict[str, tuple[tuple[str, ...], str]] = {
    "both hold, and sales is told of two changes": (
        (*BEGUN, *meanwhile("5", 12)),
        CALM + "contracts: {first: {seats: 17, changes: [amendment by the platform to 12, amendment by more to 17]}}",
    ),
    "also when the answer comes after the core has given it up": (
        (*BEGUN, *meanwhile("-2", 15, "33s")),
        CALM + "contracts: {first: {seats: 13, changes: [amendment by the platform to 15, amendment by more to 13]}}",
    ),
    "also twice on one contract": (
        (*BEGUN, *meanwhile("5", 12), "advance: 1d", *meanwhile("1", 20, name="again")),
        CALM + "contracts: {first: {seats: 21}}",
    ),
    "what makes it good comes behind the customer again": (
        (*BEGUN, *meanwhile("5", 12)[:-1],
         "disturb: {id: again, system: subscriptions, kind: slow_applied, delay: 5s, contains: '%2B1',"
         " operation: subscription.update_for_items}",
         "platform_change: {deal: first, seats: 14, during: again}", "settle"),
        CALM + "contracts: {first: {seats: 16}}",  # 15 was there: the customer took one of them away, and two came back
    ),
    "an addition that costs another price is for a person when it blends no more": (
        (*BEGUN, *meanwhile("10, unit_price: 13000", 12)),
        "exceptions: [change_undone], dead_letters: 0",
    ),
    "and so is one that leaves nothing": (
        (*BEGUN, *meanwhile("-5", 4)),
        "exceptions: [change_undone], dead_letters: 0, contracts: {first: {seats: 5}}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_the_story_holds(name: str) -> None:
    steps, expect = STORIES[name]
    result = play(stories.story("meanwhile", *steps, expect=f"expect: {{{expect}}}"), replay=False)
    assert result.outcome == "holds", result.findings


def test_it_survives_crashes() -> None:
    """Requests are not disturbed here: what is meant for the core's may meet the customer's in their midst."""
    story = recoveries.changed_meanwhile()
    exploration = explore(story, only=points_of(story, "1", "crashes")[-240:-40:8])
    assert exploration.outcome == "holds", [(str(one.point), one.findings) for one in exploration.failed]

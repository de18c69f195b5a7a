"""Renewals and amendments where they meet: what is scheduled by whom, what parks, and credit kept on account."""

import pytest

from harness.exploring import explore, points_of
from harness.scenario import read_story
from harness.simulation import play
from tests.broken import stories

HUDSON = "customer: {id: hudson, name: Hudson, entity: US, country: US, state: NY, city: New York, pays_by: transfer}"
MERLION = "customer: {id: merlion, name: Merlion, entity: SG, country: SG, city: Singapore, tax_id: 2019K}"
SEATS = "lines: [{{sku: PLAT-ANNUAL, quantity: {}}}]"


def deal(name: str, seats: object, more: str = "", customer: str = "hudson") -> str:
    return f"deal: {{id: {name}, customer: {customer}, {more}{SEATS.format(seats)}}}"


BEGUN = (HUDSON, deal("first", 10, "start: 2025-01-07, "), "close: first", "settle")
RENEWAL, AMENDMENT = "type: renewal, of: first, ", "type: amendment, of: first, "
CALM = "exceptions: [], dead_letters: 0, tie_out: holds, "

STORIES: dict[str, tuple[tuple[str, ...], str]] = {
    "a renewal without a change in seats is the contract's own action": (
        (*BEGUN, deal("again", 10, RENEWAL), "close: again", "settle",
         "expect: {contracts: {first: {scheduled: false, renewal: Decision won}}, deals: {again: contracted}}",
         "advance: 2d"),
        CALM + "contracts: {first: {starts: 2026-01-07, seats: 10, renewal: Renewed}}",
    ),
    "what the customer has scheduled is not wiped by a renewal": (
        (*BEGUN, "platform_change: {deal: first, seats: 7, at_term_end: true}", "settle", deal("again", 12, RENEWAL),
         "close: again", "settle"),
        "exceptions: [scheduled_change_conflict], tie_out: holds, contracts: {first: {scheduled: true}}",
    ),
    "what the platform drops of a renewal when the customer changes seats is scheduled again": (
        (*BEGUN, deal("again", 12, RENEWAL), "close: again", "settle", "platform_change: {deal: first, seats: 8}",
         "settle", "expect: {tie_out: holds, contracts: {first: {seats: 8, scheduled: true}}}", "advance: 2d"),
        CALM + "contracts: {first: {seats: 12, starts: 2026-01-07, renewal: Renewed}}",
    ),
    "a renewal of the same seats stands when the customer changes them, and more sold by sales come on top": (
        (*BEGUN, deal("again", 10, RENEWAL), "close: again", "settle", deal("more", 3, AMENDMENT), "close: more",
         "settle", "expect: {tie_out: holds, contracts: {first: {seats: 13, scheduled: false}}}",
         "platform_change: {deal: first, seats: 8}", "settle",
         "expect: {contracts: {first: {seats: 8, scheduled: true}}}", "advance: 2d"),
        "exceptions: [], dead_letters: 0, contracts: {first: {seats: 13, starts: 2026-01-07, renewal: Renewed}}",
    ),
    "of a renewal and an amendment won in one second the later adds to the earlier": (
        (*BEGUN, deal("again", 12, RENEWAL), deal("more", 3, AMENDMENT), "close: [again, more]", "settle",
         "expect: {tie_out: holds, contracts: {first: {seats: 13, scheduled: true}}}", "advance: 2d"),
        CALM + "contracts: {first: {seats: 15, starts: 2026-01-07, renewal: Renewed}}",
    ),
    "and the other way round the renewal says all": (
        (*BEGUN, deal("again", 12, RENEWAL), deal("more", 3, AMENDMENT), "close: [more, again]", "settle",
         "expect: {tie_out: holds, contracts: {first: {seats: 13, scheduled: true}}}", "advance: 2d"),
        CALM + "contracts: {first: {seats: 12, starts: 2026-01-07, renewal: Renewed}}",
    ),
    "what the customer schedules instead is for sales to decide": (
        (*BEGUN, deal("again", 12, RENEWAL), "close: again", "settle",
         "platform_change: {deal: first, seats: 7, at_term_end: true}", "settle"),
        "exceptions: [renewal_overwritten], dead_letters: 0",
    ),
    "nor by an amendment": (
        (*BEGUN, "platform_change: {deal: first, seats: 7, at_term_end: true}", "settle", deal("more", 2, AMENDMENT),
         "close: more", "settle", "expect: {exceptions: [scheduled_change_conflict]}", "advance: 2d"),
        "exceptions: [scheduled_change_conflict], dead_letters: 0, contracts: {first: {seats: 7}}",
    ),
    "an amendment from the term's end on is scheduled, on top of the renewal": (
        (*BEGUN, deal("again", 12, RENEWAL), "close: again", "settle",
         deal("later", 5, AMENDMENT + "start: 2026-01-07, "), "close: later", "settle",
         "expect: {contracts: {first: {seats: 10, scheduled: true, changes: []}}}", "advance: 2d"),
        CALM + "contracts: {first: {seats: 17, starts: 2026-01-07}}",
    ),
    "an amendment of next week waits for its day": (
        (*BEGUN[:1], deal("first", 10), "close: first", "settle",
         deal("soon", 2, AMENDMENT + "start: 2026-01-07, "), "close: soon", "settle",
         "expect: {tie_out: holds, contracts: {first: {seats: 10}}}", "advance: 3d"),
        CALM + "contracts: {first: {seats: 12, changes: [amendment by soon to 12]}}",
    ),
    "an amendment on the contract's first day is no second bill of the deal": (
        (*BEGUN[:1], deal("first", 10), "close: first", "settle", deal("more", 10, AMENDMENT), "close: more", "settle",
         deal("again", 12, RENEWAL), "close: again", "settle"),
        CALM + "contracts: {first: {seats: 20, scheduled: true, changes: [amendment by more to 20]}}",
    ),
    "an amendment at another price waits for sales": (
        (*BEGUN, "deal: {id: dear, customer: hudson, type: amendment, of: first, "
                 "lines: [{sku: PLAT-ANNUAL, quantity: 5, unit_price: 11000}]}", "close: dear", "settle"),
        "exceptions: [price_differs], dead_letters: 0, tie_out: holds, deals: {dear: won}",
    ),
    "more seats than there are cannot be taken away": (
        (*BEGUN, deal("fewer", -10, AMENDMENT), "close: fewer", "settle"),
        "exceptions: [deal_incomplete], dead_letters: 0, tie_out: holds",
    ),
    "sales takes seats away, and later the customer gives some back": (
        (*BEGUN, "transfer: first", "settle", deal("fewer", -4, AMENDMENT), "close: fewer", "settle", "advance: 1d",
         "platform_change: {deal: first, seats: 8}", "settle"),
        CALM + "contracts: {first: {seats: 8, changes: [amendment by fewer to 6, amendment by the platform to 8]}}",
    ),
    "a paid bill's credit that the platform sets against another stays on account in the legacy ledger": (
        (MERLION, deal("first", 6, "start: 2025-11-01, ", "merlion"), "close: first", "settle", "advance: 1d",
         "transfer: first", "settle", "advance: 1d", deal("more", 2, AMENDMENT, "merlion"), "close: more", "settle",
         "advance: 2d"),
        CALM + "contracts: {first: {seats: 8}}, deals: {more: posted}, reconciliation: {breaks: []}",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_the_story_holds(name: str) -> None:
    steps, expect = STORIES[name]
    result = play(stories.story("agreement", *steps, expect=f"expect: {{{expect}}}"), replay=False)
    assert result.outcome == "holds", result.findings


def test_a_renewal_names_the_contract_that_it_renews() -> None:
    with pytest.raises(ValueError, match="says `of` which deal's contract"):
        read_story("story: x\ntitle: x\nsteps:\n  - " + BEGUN[0] + "\n  - " + deal("r", 1, "type: renewal, "))


def test_an_amendment_beside_a_renewal_survives_crashes_and_any_answer() -> None:
    """Both are one change of the platform each, and the first wipes what the second had scheduled."""
    story = stories.seats_up(renewed=True)
    crashes = points_of(story, "1", "crashes")
    answers = [point for point in points_of(story, "1", "calls") if "update_for_items" in str(point)]
    exploration = explore(story, only=[*crashes[470:560:9], *answers[::3]])
    assert exploration.outcome == "holds", [(str(one.point), one.findings) for one in exploration.failed]


def test_many_amendments_of_one_contract_on_each_of_three_days_are_told_apart() -> None:
    days = []
    for day in "abc":
        names = [f"{day}-{seats}" for seats in range(1, 5)]
        days += [deal(name, name[-1], AMENDMENT) for name in names]
        days += [f"close: [{', '.join(names)}]", "settle", "advance: 1d"]
    text = "\n".join(
        ["story: three-days", "title: Many amendments", "genesis: 2026-01-05T09:00:00Z", "steps:",
         *(f"  - {step}" for step in (*BEGUN, *days)), "expect: {exceptions: [], dead_letters: 0, tie_out: holds}"]
    )  # fmt: skip
    result = play(read_story(text))
    assert result.outcome == "holds", result.findings

"""Deals that are edited or set back after they were carried out: what is put right by itself, what is for people."""

import pytest

from harness.scenario import Scenario
from harness.simulation import play
from tests.broken.stories import LAKESIDE, story

SOLD = "deal: {id: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 10}]}"
MONTHLY = "deal: {id: lake-1, customer: lake, term_months: 12, lines: [{sku: PLAT-MONTHLY, quantity: 10}]}"
SERVICES = "deal: {id: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 10}, {sku: ONBOARD}]}"
MORE = "deal: {id: more, type: amendment, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 3}]}"
MORE_SERVICES = (
    "deal: {id: more, type: amendment, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 3},"
    " {sku: ONBOARD}]}"
)
NEXT = "deal: {id: next, type: renewal, of: lake-1, customer: lake, lines: [{sku: PLAT-ANNUAL, quantity: 14}]}"
WAITS = "expect: {exceptions: [deal_reopened], tie_out: holds}"
CREDIT = "set_policy: {name: compensation, value: {paid: credit}}"


def edit(deal: str, quantity: int, sku: str = "PLAT-ANNUAL") -> str:
    return f"edit_deal: {{deal: {deal}, lines: {{{sku}: {quantity}}}}}"


def sold(*steps: str, first: str = SOLD, seats: int = 10, left: str = "") -> Scenario:
    """A contract, what is done then, and what is wanted: seats in the end, and exceptions that are `left`."""
    wanted = f"exceptions: [{left}], dead_letters: 0, tie_out: holds, contracts: {{lake-1: {{seats: {seats}}}}}"
    return story("corrected", "customer: " + LAKESIDE, first, "close: lake-1", "settle", *steps, "settle",
                 expect=f"expect: {{{wanted}}}")  # fmt: skip


STORIES: dict[str, Scenario] = {
    "raised": sold("advance: 2d", edit("lake-1", 12), seats=12),
    "lowered": sold("advance: 2d", edit("lake-1", 8), seats=8),
    "edited twice at once": sold(edit("lake-1", 12), edit("lake-1", 7), seats=7),
    "edited, and edited back": sold(edit("lake-1", 12), "settle", edit("lake-1", 10), seats=10),
    "raised when it is paid": sold("transfer: lake-1", "settle", edit("lake-1", 12), seats=12),
    "lowered when it is paid, by policy": sold(CREDIT, "transfer: lake-1", "settle", edit("lake-1", 8), seats=8),
    "a month of it": sold("advance: 2d", edit("lake-1", 12, "PLAT-MONTHLY"), first=MONTHLY, seats=12),
    "an amendment edited": sold(MORE, "close: more", "advance: 2d", edit("more", 5), seats=15),
    "an amendment lost": sold(MORE, "close: more", "advance: 2d", "lose: more", seats=10),
    "an amendment with services set back": sold(
        MORE_SERVICES, "close: more", "advance: 2d", "reopen: more", seats=10),
    "an amendment set back, and won again": sold(
        MORE, "close: more", "advance: 2d", "reopen: more", "settle", "advance: 2d", "close: more", seats=13),
    "a renewal set back": sold(NEXT, "close: next", "settle", "reopen: next"),
    "a renewal edited, for its term": sold(
        NEXT, "close: next", "settle", edit("next", 11), "advance: {until: 2027-01-08T09:00:00Z}", seats=11),
}  # fmt: skip

MEANWHILE = (
    "disturb: {id: slow, system: subscriptions, kind: slow_applied, delay: 5s, contains: cf_sf_change,"
    " operation: subscription.update_for_items}"
)


def changed_while(thought: str) -> tuple[str, ...]:
    """The customer goes to 20 seats while the platform holds what the core makes of a second thought of sales."""
    return "advance: 2d", MEANWHILE, thought, "platform_change: {deal: lake-1, seats: 20, during: slow}", "settle"


FOR_PEOPLE: dict[str, tuple[Scenario, str]] = {
    "lowered when it is paid": (
        sold("transfer: lake-1", "settle", edit("lake-1", 8), left="deal_edited"), "would have to be given back"),
    "changed by the customer since": (
        sold("platform_change: {deal: lake-1, seats: 11}", "advance: 1d", edit("lake-1", 12), seats=11,
             left="deal_edited"), "was changed since"),
    "changed by the customer in that moment": (
        sold(*changed_while(edit("lake-1", 12)), seats=20, left="deal_edited"), "was changed since"),
    "changed by the customer as its amendment is set back": (
        sold(MORE, "close: more", *changed_while("reopen: more"), seats=20, left="deal_reopened"), "was changed since"),
    "changed by the customer as its amendment is won again": (
        sold(MORE, "close: more", "advance: 2d", "reopen: more", "settle", *changed_while("close: more"), seats=13,
             left="change_undone"), "while deal"),
    "services edited": (
        sold(edit("lake-1", 2, "ONBOARD"), first=SERVICES, left="deal_edited"), "more of it was edited"),
    "the second month": (
        sold("advance: 40d", edit("lake-1", 12, "PLAT-MONTHLY"), first=MONTHLY, left="deal_edited"),
        "before the billing term"),
    "the renewal is decided": (
        sold(NEXT, "close: next", "settle", edit("lake-1", 12), left="deal_edited"), "is decided already"),
    "services of an amendment, won again": (
        sold(MORE_SERVICES, "close: more", "settle", "reopen: more", "settle", "close: more", left="won_again"),
        "was credited"),
    "the deal edited when its amendment is set back": (
        sold(MORE, "close: more", "advance: 2d", "reopen: more", "settle", edit("lake-1", 12), left="deal_edited"),
        "the last change"),
    "services of an amendment are paid": (
        sold(MORE_SERVICES, "close: more", "settle", "transfer: more", "settle", "reopen: more", "settle", WAITS,
             "close: more", seats=13), " is paid "),
    "the renewed term has begun": (
        sold(NEXT, "close: next", "advance: {until: 2027-01-08T09:00:00Z}", "reopen: next", "settle", WAITS,
             "close: next", seats=14), "has begun"),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_it_is_put_right_by_itself(name: str) -> None:
    result = play(STORIES[name])
    assert result.outcome == "holds", result.findings


@pytest.mark.parametrize("name", FOR_PEOPLE)
def test_it_is_for_people_who_are_told_why(name: str) -> None:
    scenario, reason = FOR_PEOPLE[name]
    result = play(scenario)
    assert result.outcome == "holds", result.findings
    assert result.evidence is not None
    assert [reason in one["reason"] for one in result.evidence.exceptions] == [True]

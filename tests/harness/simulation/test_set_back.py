"""A vendor's system that is restored from a copy, where the core cannot write again what is gone: it is named."""

import pytest

from harness.simulation import play
from tests.broken import stories

BOTH = (
    f"customer: {stories.MERLION}", f"customer: {stories.LAKESIDE}",
    "deal: {id: merlion-1, customer: merlion, lines: [{sku: PLAT-ANNUAL, quantity: 3}]}",
    f"deal: {{id: lake-1, customer: lake, lines: {stories.LINES}}}", "close: [merlion-1, lake-1]", "settle",
    "advance: 2d",
)  # fmt: skip
PAID = ("pay_by_card: merlion-1", "pay_by_card: lake-1", "settle", "advance: 1d")
LATER = (
    "settle", "advance: 1h", "deal: {id: lake-2, customer: lake, lines: [{sku: ONBOARD}]}",
    "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}", "close: [lake-2, merlion-2]", "settle",
    "advance: 2d",
)  # fmt: skip


GONE = [
    ("subscriptions", (), {("extra", "erp_legacy"), ("extra", "erp_cloud"), ("status_stale", "salesforce")}),
    ("erp_legacy", ("legacy_sequence: {interface: PAY, by: 1}",), {("missing", "erp_legacy")}),
]


@pytest.mark.parametrize(("system", "mended", "named"), GONE)
def test_what_is_gone_is_named_and_nothing_is_done_twice(
    system: str, mended: tuple[str, ...], named: set[tuple[str, str]]
) -> None:
    """A payment born in the platform; a file of the legacy ERP, whose operator sets its count of files by hand."""
    steps = (*BOTH, f"back_up: {system}", *PAID, f"set_back: {system}", *mended, *LATER)
    expect = "expect: {dead_letters: 0, reconciliation: {breaks: []}}"
    story = stories.story("set-back", *steps, head="genesis: 2026-01-05T01:00:00Z", expect=expect)
    result = play(story, replay=False)
    assert {(one["code"], one["system"]) for one in result.reconciliations[-1].report["breaks"]} == named
    assert not [one for one in result.findings if one.startswith("I1 ")]
    assert result.evidence is not None
    assert not result.evidence.work, "nothing waits for what is gone"


def test_a_deal_of_an_org_that_was_set_back_is_not_taken_for_one_that_is_gone() -> None:
    """Record ids are given once for ever: the later deal has another one than that which the copy does not know of."""
    steps = (
        f"customer: {stories.LAKESIDE}", f"customer: {stories.HUDSON}", "back_up: salesforce",
        "deal: {id: gone, customer: lake, lines: [{sku: ONBOARD}]}", "close: gone", "settle", "set_back: salesforce",
        f"deal: {{id: later, customer: hudson, lines: {stories.LINES}}}", "close: later", "settle", "advance: 1d",
    )  # fmt: skip
    result = play(stories.story("born-anew", *steps), replay=False)
    assert result.findings == [
        "I5 US USD won = contracted: unexplained -5,000.00 (billed for a deal that is not won)",
        "I5 US USD Salesforce shows what is open: unexplained 5,000.00 (US-000001 not there in Salesforce, open)",
    ], "the deal that people have to bring back, and nothing of the later one"

"""A core that comes back on an older copy of its store, at many a moment; nothing is done twice, nothing is lost."""

from typing import Any

import pytest

from harness.simulation import Flight, play
from harness.simulation.world import SimWorld
from tests.broken import recoveries, stories

BACK = ("kill_core", "start_core: {from_backup: true}", "settle")


@pytest.mark.parametrize("after", [3, 8, 18])
def test_what_went_to_the_old_ledger_since_is_found_in_its_drop(after: int) -> None:
    """A new customer, bills, a credit note, payments by card and a chargeback; a file is rejected on the way."""
    result = play(recoveries.put_back_on(recoveries.OLD_LEDGER, after), replay=False)
    assert result.outcome == "holds", result.findings


@pytest.mark.parametrize("after", [7, 9, 16, 20])
def test_what_ledgers_gave_back_and_usage_that_was_rated_since_is_recognised(after: int) -> None:
    """Transfers bounce in both ledgers after they were recorded; usage is billed, and corrected after that."""
    result = play(recoveries.put_back_on(recoveries.GIVEN_BACK, after), replay=False)
    assert result.outcome == "holds", result.findings


@pytest.mark.parametrize(("lost", "why"), [
    ("CUST_SUBHUB_20260105_000001", "the drop does not keep what it says"),
    ("BILL_SUBHUB_20260105_000001", "where number 1 is missing"),
])  # fmt: skip
def test_what_the_drop_keeps_no_more_is_for_a_person_and_nothing_goes_out_before(lost: str, why: str) -> None:
    """Of the first file an answer is left at least, of the second one nothing."""

    async def tidy_up(world: SimWorld, _play: Any, step: int) -> None:
        if step == len(steps) - 5:  # before the core is killed
            files = world.hangar.systems["erp_legacy"].files  # type: ignore[attr-defined]
            gone = (f"SUBHUB/archive/{lost}.DAT", f"SUBHUB/archive/{lost}.CTL")
            answers = (f"SUBHUB/outbound/{lost}.ACK",) if lost.startswith("BILL") else ()
            assert all(files.remove(path) for path in (*gone, *answers))

    steps = (
        f"customer: {stories.MERLION}", "back_up_core",
        f"deal: {{id: merlion-1, customer: merlion, lines: {stories.LINES}}}", "close: merlion-1", "settle",
        "advance: 2d", "deal: {id: merlion-2, customer: merlion, lines: [{sku: ONBOARD}]}", "close: merlion-2",
        "settle", "advance: 1d", *BACK, "advance: 2d", "settle",
    )  # fmt: skip
    story = stories.story("restored", *steps, head="genesis: 2026-01-05T01:00:00Z")
    result = play(story, flight=Flight(between=tidy_up), replay=False)
    assert result.evidence is not None
    waiting = result.evidence.open_exceptions()
    assert {one["kind"] for one in waiting} == {"restored_core"}
    assert all(why in one["reason"] for one in waiting)
    files = [one for one in result.events if one.kind == "change" and one.facts.get("table") == "file"]
    sent = [one for one in files if one.facts["action"] == "insert" and "/inbound/" in one.facts["key"]]
    died = next(one.at for one in result.events if one.kind == "step" and "kill_core" in str(one.facts))
    assert sent and all(one.at < died for one in sent)

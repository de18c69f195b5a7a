"""A core that comes back on an older copy of its store."""

from harness.simulation import play
from tests.broken import stories


def test_it_holds_what_is_for_the_legacy_ledger_until_a_person_has_looked() -> None:
    """Which numbers it had given to files and customers since then it cannot know."""
    steps = (
        f"customer: {stories.MERLION}", "back_up_core",
        f"deal: {{id: merlion-1, customer: merlion, lines: {stories.LINES}}}", "close: merlion-1", "settle",
        "advance: 2d", "kill_core", "start_core: {from_backup: true}", "settle", "advance: 2d",
    )  # fmt: skip
    result = play(stories.story("restored", *steps, head="genesis: 2026-01-05T01:00:00Z"), replay=False)
    assert result.evidence is not None
    assert {one["kind"] for one in result.evidence.open_exceptions()} == {"restored_core"}
    files = [one for one in result.events if one.kind == "change" and one.facts.get("table") == "file"]
    sent = [one for one in files if one.facts["action"] == "insert" and "/inbound/" in one.facts["key"]]
    died = next(one.at for one in result.events if one.kind == "step" and "kill_core" in str(one.facts))
    assert sent and all(one.at < died for one in sent)

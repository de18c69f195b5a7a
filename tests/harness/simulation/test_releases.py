"""F19: another release starts on the store of one that died in the midst of its work, and ends what that began."""

from harness.runner import RunResult
from harness.simulation import play
from tests.broken import recoveries


def _waited_s(release: str) -> float:
    """From the core's death to the moment at which somebody looks for the invoice again, seconds."""
    result: RunResult = play(recoveries.deployed(release), replay=True)
    assert result.outcome == "holds", result.findings
    died = next(one.at for one in result.events if one.kind == "crash")
    return next(
        one.at - died for one in result.events
        if one.kind == "call" and one.at > died and one.facts.get("operation") == "record.get:invoice"
    )  # fmt: skip


def test_a_new_release_ends_what_the_old_one_began_after_two_minutes() -> None:
    assert _waited_s("") < 60.0
    assert 120.0 < _waited_s("new") < 300.0

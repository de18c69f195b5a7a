"""Usage in simulation: what is told twice, late, wrongly or in a storm is counted once or listed with its reason."""

from collections.abc import Callable
from typing import Any

import pytest

from harness.exploring import explore, points_of
from harness.scenario import Scenario
from harness.simulation import Flight, fly, play
from synccore.bootstrap import Parts
from tests.broken import alter
from tests.broken.recoveries import raised_late
from tests.broken.stories import CLOSED, PENDING, corrected_late, usage, used

NINE = "2026-01-05T09:00:00Z"


def expect(rated: str, exceptions: str = "") -> str:
    listed = f"exceptions: [{exceptions}], dead_letters: 0, tie_out: holds"
    return f"expect: {{{listed}, rated: {{hudson-1: {rated}}}}}"


STORIES: dict[str, Scenario] = {
    "told twice, in one answer and in the next": usage(
        used("10", id="e1", at=NINE, times="2"), "settle", used("10", id="e1", at=NINE), CLOSED, expect=expect("10")),
    "two events in one second": usage(
        "advance: 1h", used("10", id="e1", at=NINE), used("20", id="e2", at=NINE), CLOSED, expect=expect("30")),
    "corrected twice before it was billed": usage(
        used("10", id="e1"), "settle", used("20", id="e2", corrects="e1"), "settle",
        used("30.5", id="e3", corrects="e1"), CLOSED, expect=expect("30.5")),
    "taken back by a correction to nothing": usage(
        used("10", id="e1"), used("7", id="e0"), "settle", used("0", id="e2", corrects="e1"), CLOSED,
        expect=expect("7")),
    "late, and corrected, while the bill is pending": usage(
        used("10", id="e1"), PENDING, used("5", id="late", at="2026-01-20T12:00:00Z"), "settle",
        used("11", id="e2", corrects="e1"), CLOSED, expect=expect("16")),
    "late after the close": usage(
        used("10", id="e1"), CLOSED, used("5", id="late", at="2026-01-20T12:00:00Z"), "settle",
        expect=expect("10", "usage_late")),
    "corrected after the close": usage(
        used("10", id="e1"), CLOSED, used("5", id="e2", corrects="e1"), "settle",
        expect=expect("10", "usage_corrected_late")),
    "corrected after the close, credited by policy": usage(
        used("12000", id="e1"), used("500.5", id="e0"), CLOSED, used("3500", id="e2", corrects="e1"), "settle",
        used("0", id="e3", corrects="e0"), used("3000.25", id="e4", corrects="e2"), "settle", expect=expect("12500.5"),
        head="mappings: {policies: {usage: {corrected: credit}}}"),
    "corrected upwards after the close": usage(
        used("10", id="e1"), CLOSED, used("5", id="e2", corrects="e1"), "settle", used("6", id="e3", corrects="e2"),
        "settle", expect=expect("10", "usage_corrected_late"),
        head="mappings: {policies: {usage: {corrected: credit}}}"),
    "corrected upwards after the close, billed with the next term by policy": usage(
        used("10", id="e1"), CLOSED, used("5", id="e2", corrects="e1"), "settle", used("12", id="e3", corrects="e2"),
        "settle", used("16", id="e4", corrects="e3"), "settle", "advance: {until: 2026-03-08T00:00:00Z}",
        expect=expect("21"), head="mappings: {policies: {usage: {corrected: credit, raised: next_period}}}"),
    "corrected upwards, billed in parts, and then downwards": usage(
        used("10", id="e1"), CLOSED, used("15", id="e2", corrects="e1"), "settle",
        "advance: {until: 2026-03-08T00:00:00Z}", used("15", id="e3", corrects="e2"), "settle",
        used("14", id="e4", corrects="e3"), "settle", expect=expect("15", "usage_corrected_late"),
        head="mappings: {policies: {usage: {corrected: credit, raised: next_period}}}"),
    "corrected upwards while the credit of another lowers the line": usage(
        used("10", id="e1"), used("20", id="e0"), CLOSED, used("15", id="f0", corrects="e0"), "settle",
        used("12", id="e2", corrects="e1"), "settle", "advance: {until: 2026-03-08T00:00:00Z}", expect=expect("32"),
        head="mappings: {policies: {usage: {corrected: credit, raised: next_period}}}"),
    "corrected after the close, with a minimum committed": usage(
        used("10", id="e1"), CLOSED, used("5", id="e2", corrects="e1"), "settle",
        expect=expect("10", "usage_corrected_late"),
        head='mappings: {policies: {usage: {corrected: credit}, commitments: {API-CALLS: {USD: "0.10"}}}}'),
    "late, billed with the next term by policy": usage(
        used("10", id="e1"), CLOSED, used("5", id="late", at="2026-01-20T12:00:00Z"), "settle",
        "advance: {until: 2026-03-08T00:00:00Z}", expect=expect("15"),
        head="mappings: {policies: {usage: {late: next_period}}}"),
    "nothing used, no bill": usage(CLOSED, expect=expect("0")),
    "of a subscription that nobody has": usage(
        used("10", id="e1", subscription="sub-none"), CLOSED, expect=expect("0", "unknown_subscription")),
    "of a meter that nobody bills": usage(
        'consume: {deal: hudson-1, meter: storage-gb, quantity: "3", id: e1}', CLOSED,
        expect=expect("0", "unmapped_meter")),
    "unreadable, then corrected at the source": usage(
        used("12,5", id="bad", past_the_api="true"), "settle",
        "expect: {exceptions: [usage_malformed]}", used("12.5", id="good", corrects="bad"), CLOSED,
        expect=expect("12.5")),
}  # fmt: skip


@pytest.mark.parametrize("name", STORIES)
def test_each_event_is_rated_once_or_listed(name: str) -> None:
    result = play(STORIES[name])
    assert result.outcome == "holds", result.findings
    assert result.evidence is not None
    counted = [one for one in result.identities if one.name == "used = rated"]
    listed = len(result.evidence.open_exceptions())
    assert sum(len(one.items) for one in counted) == listed, "what is not rated is listed, and nothing else"


def test_a_meter_that_is_mapped_later_is_billed_by_itself() -> None:
    item = ("{kind: usage, meter: storage-gb, prices: {USD: api-calls-USD-monthly}, erp_item: SUB-API-CALLS, "
            "legacy: {HKONT: '0000400100'}}")  # fmt: skip
    story = usage(
        'consume: {deal: hudson-1, meter: storage-gb, quantity: "3", id: e1}', "settle",
        "expect: {exceptions: [unmapped_meter]}", f"map_item: {{sku: STORAGE, value: {item}}}", "settle", CLOSED,
        expect=expect("3"),
    )  # fmt: skip
    result = play(story)
    assert result.outcome == "holds", result.findings


def test_a_late_event_is_billed_with_the_next_term_once_a_person_says_so() -> None:
    story = usage(
        used("10", id="e1"), CLOSED, used("5", id="late", at="2026-01-20T12:00:00Z"), "settle",
        "expect: {exceptions: [usage_late], reconciliation: {breaks: []}}",
        "set_policy: {name: usage, value: {late: next_period}}", "settle", "expect: {exceptions: []}",
        "advance: {until: 2026-03-08T00:00:00Z}", expect=expect("15"),
    )  # fmt: skip
    result = play(story)
    assert result.outcome == "holds", result.findings


def test_what_a_person_gives_up_stays_on_the_list_with_the_reason() -> None:
    story = usage(
        used("10", id="e1"), CLOSED, used("5", id="late", at="2026-01-20T12:00:00Z"), "settle",
        "give_up: {kind: usage_late, reason: goodwill}", "expect: {reconciliation: {breaks: []}}",
        expect=expect("10"),
    )  # fmt: skip
    result = play(story)
    assert result.outcome == "holds", result.findings
    (line,) = [one for one in result.identities if one.name == "used = rated"]
    assert [(item.kind, item.document) for item in line.items] == [("out of scope", "late")]
    assert line.items[0].reason.endswith("given up: goodwill")


def blind_feed(parts: Parts) -> Parts:
    """A core to whom the feed shows nothing."""

    def metering(_real: Any) -> Any:
        async def recorded(since: str) -> list[Any]:
            return []

        return {"recorded": recorded}

    return alter.adapter(parts, "metering", metering)


def blind_files(parts: Parts) -> Parts:
    """A core that sees no daily file."""

    def metering(_real: Any) -> Any:
        async def exports(since: str) -> list[Any]:
            return []

        return {"exports": exports}

    return alter.adapter(parts, "metering", metering)


@pytest.mark.parametrize("blind", [blind_feed, blind_files])
def test_feed_and_file_each_suffice(blind: Callable[[Parts], Parts]) -> None:
    story = usage(
        used("10", id="e1", times="2"), "advance: 2d", used("20", id="e2", corrects="e1"), "advance: 2d",
        used("5.25", id="e3"), CLOSED, expect=expect("25.25"),
    )  # fmt: skip
    result = play(story, flight=Flight(blind))
    assert result.outcome == "holds", result.findings


def test_a_file_that_somebody_edited_is_named_by_line_and_column_and_hides_nothing() -> None:
    def spoiled(parts: Parts) -> Parts:
        def metering(real: Any) -> Any:
            async def export(day: str) -> str:
                text = await real.export(day)
                return text.replace(",10,", ",ten,").replace("TRAILER,2026-01-05,2", "TRAILER,2026-01-05,3")

            return {"export": export}

        return blind_feed(alter.adapter(parts, "metering", metering))

    story = usage(used("10", id="e1"), used("5", id="e2"), "advance: 2d",
                  expect="expect: {exceptions: [usage_file_malformed, usage_malformed], tie_out: holds}")  # fmt: skip
    result = play(story, flight=Flight(spoiled))
    assert result.outcome == "holds", result.findings
    assert result.evidence is not None
    reasons = {row["kind"]: row["reason"] for row in result.evidence.open_exceptions()}
    assert reasons["usage_malformed"] == "usage of 2026-01-05, line 2, column quantity: 'ten' is no quantity"
    assert reasons["usage_file_malformed"].startswith("usage of 2026-01-05, line 4: the trailer says")


STORM = usage(
    used("10", id="e1", times="2"), used("20", id="e2"), "settle", used("21", id="e3", corrects="e2"), PENDING,
    used("5", id="late", at="2026-01-20T12:00:00Z"), CLOSED, used("6", id="later", at="2026-01-21T12:00:00Z"),
    "settle", expect=expect("36", "usage_late"),
)  # fmt: skip


def usage_points(what: str, every: int) -> list[Any]:
    """Points of the part of the run that is about usage."""
    points = points_of(STORM, "1", what)
    mine = [one for one in points if "usage" in str(one) or "metering" in str(one) or "events" in str(one)]
    return mine[::every]


def test_crashes_change_nothing_that_matters() -> None:
    exploration = explore(STORM, only=usage_points("crashes", 8))
    assert len(exploration.judged) >= 5
    assert exploration.outcome == "holds", [(str(one.point), one.findings) for one in exploration.failed]


def test_answers_of_every_kind_change_nothing_that_matters() -> None:
    exploration = explore(STORM, only=usage_points("calls", 17))
    assert len(exploration.judged) >= 5
    assert exploration.outcome == "holds", [(str(one.point), one.findings) for one in exploration.failed]


def test_a_correction_is_credited_once_whatever_becomes_of_the_call() -> None:
    story = corrected_late()
    points = [one for what in ("calls", "crashes") for one in points_of(story, "1", what) if "credit" in str(one)]
    exploration = explore(story, only=points[::7])
    assert len(exploration.judged) >= 4
    assert exploration.outcome == "holds", [(str(one.point), one.findings) for one in exploration.failed]


def test_what_was_lacking_is_billed_once_whatever_becomes_of_the_call() -> None:
    story = raised_late()
    points = [one for what in ("calls", "crashes") for one in points_of(story, "1", what) if "usages" in str(one)]
    exploration = explore(story, only=points[-40::5])
    assert len(exploration.judged) >= 4
    assert exploration.outcome == "holds", [(str(one.point), one.findings) for one in exploration.failed]


def test_the_month_has_one_digest() -> None:
    digests = {fly(STORM, "3", replay=False)[0].digest for _ in range(2)}
    assert len(digests) == 1

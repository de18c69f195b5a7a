"""A failure is told: whose it is, the very change from which it stood, the calls around it, and the run beside it."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from harness.cli import app
from harness.defects import failing_of
from harness.explaining import Explanation, Failing, explain
from harness.report.explanation import marked, show_explanation
from harness.report.explanation_page import explanation_page
from tests.broken import stories


def of(defect: str) -> Explanation:
    failing = failing_of("tests.broken", defect)
    assert failing is not None
    return explain(failing)


@pytest.fixture(scope="module")
def twice() -> Explanation:
    return of("ledger_posts_twice")


def test_the_first_moment_is_the_change_that_broke_it(twice: Explanation) -> None:
    assert twice.name == "Lakeside Logistics"
    first = twice.first
    assert first is not None and (first.invariant, first.system) == ("I1", "erp_cloud")
    assert first.what == "a new transaction 1002" and first.step.endswith("(settle)")
    (then,) = [row for row in twice.around if row["when"] == "then"]
    assert "record.create:invoice" in then["what"] and "CBINV-US-000001" in then["body"]
    posted = [(row["seq"], mark) for row, mark in marked(twice) if "is posted in the ledger" in row["what"]][:2]
    assert [mark for _, mark in posted] == ["", "▶"]  # the second posting, not the first


def test_a_long_run_is_looked_at_coarsely_and_then_around_the_moment(
    twice: Explanation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("harness.explaining.moments.LOOKS_MAX", 5)
    again = of("ledger_posts_twice")
    exact = {one.finding: one.seq for one in twice.moments}
    assert again.first == twice.first and {one.finding for one in again.moments} == set(exact)
    assert all(one.seq <= exact[one.finding] for one in again.moments)  # what ceased between two looks was not seen to
    monkeypatch.setattr("harness.explaining.moments.LOOKS_MAX", 1)  # a stride that ends before the last change
    assert len(of("ledger_posts_twice").moments) == len(twice.moments)


def test_the_run_beside_it_holds_and_what_it_did_differently_is_told(twice: Explanation) -> None:
    assert twice.calm is not None and twice.calm.what.startswith("the real core and honest systems")
    invoice = next(row for row in twice.calm.facts if row["fact"] == "invoice US-000001")
    assert invoice["system"] == "erp_cloud" and "paid" in invoice["there"] and "open" in invoice["here"]


def test_after_a_crash_the_undisturbed_run_of_the_same_core_is_beside_it() -> None:
    told = of("cursor_before_work")
    assert told.calm is not None and told.calm.what == "the same core in the same story, undisturbed"
    assert told.calm.parted["here"] != told.calm.parted["there"]
    assert {"system": "subscriptions", "call": "POST /api/v2/invoices/…/record_payment", "here": 0,
            "there": 1} in told.calm.calls  # fmt: skip
    assert any("the core died at point" in row["what"] for row in told.timeline)


def test_what_no_single_change_began_says_so() -> None:
    told = of("replays_anew")
    assert told.findings and told.first is None and "course of the whole run" in told.said


def test_a_run_that_holds_has_nothing_to_explain() -> None:
    told = explain(Failing(stories.transfer(), replay=False))
    assert told.outcome == "holds" and not told.findings and told.calm is None


def test_text_page_and_json_say_the_same(twice: Explanation) -> None:
    out = Console(record=True, width=200, file=io.StringIO())
    show_explanation(out, twice, "windtunnel explain --defect ledger_posts_twice")
    text, page = out.export_text(), explanation_page(twice, "windtunnel explain --defect ledger_posts_twice")
    for said in ("a new transaction 1002", "Lakeside Logistics", "2 documents for erp_cloud / invoice / US-000001"):
        assert said in text and said in page
    assert "://" not in page.replace(json.dumps(twice.to_json()), "").split("<body>")[0]
    assert twice.to_json()["first"]["seq"] == twice.moments[0].seq


def test_the_command_explains_a_story_and_writes_a_page(tmp_path: Path) -> None:
    story, page = tmp_path / "wrong.yaml", tmp_path / "why.html"
    story.write_text(
        "story: wrong\ntitle: What is not so is expected\nreplay: false\nsteps:\n"
        "  - customer: {id: a, name: Acme, entity: US, country: US, state: IL, city: Chicago}\n"
        "  - customer: {id: b, name: Bolt, entity: US, country: US, state: IL, city: Chicago}\n"
        "  - deal: {id: a-1, customer: a, lines: [{sku: ONBOARD}]}\n  - close: a-1\n  - settle\n"
        "  - expect: {deals: {a-1: paid}}\n"
    )
    done = CliRunner().invoke(app, ["explain", str(story), "--html", str(page), "--json"])
    told = json.loads(done.stdout)
    assert done.exit_code == 1 and told["customer"]["name"] == "Acme"
    assert not any("Bolt" in row["what"] for row in told["timeline"])
    assert "Acme" in page.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "say a story or a record"),
        (("new-business", "--request", "3"), "--request needs --outcome"),
        (("new-business", "--crash-again", "3"), "--crash-again needs --crash"),
        (("--defect", "ledger_posts_thrice"), "there is no defect"),
    ],
)
def test_wrong_usage_is_told(words: tuple[str, ...], message: str) -> None:
    assert message in str(CliRunner().invoke(app, ["explain", *words]).exception)

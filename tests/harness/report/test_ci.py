"""What CI gets of a run that does not hold: an HTML file that stands alone, and remarks at the lines of the story."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from harness.cli import app
from harness.report import github
from harness.report.page import Page
from harness.runner import RunResult
from harness.scenario import StoryError, load_story
from harness.simulation import play

STORY = """\
story: wrong
title: A story of <hopes>
steps:
  - customer: {id: acme, name: Acme & Sons, entity: US, country: US, state: IL, city: Chicago}
  - deal: {id: d1, customer: acme, lines: [{sku: ONBOARD}]}
  - close: d1
  - settle
  - expect: {deals: {d1: paid}}
replay: false
expect:
  exceptions: [unmapped_item]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("stories")
    (path / "wrong.yaml").write_text(STORY)
    (path / "right.yaml").write_text(
        STORY.replace("wrong", "right").replace("paid", "posted").replace("unmapped_item", "")
    )
    return path


@pytest.fixture(scope="module")
def wrong(folder: Path) -> RunResult:
    return play(load_story(folder / "wrong.yaml"))


def command(*words: str) -> Result:
    return CliRunner().invoke(app, ["run", *words])


class Outline(HTMLParser):
    """Tags that are open, what is loaded from elsewhere, and the text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loaded: list[str] = []
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loaded += [
            str(value) for name, value in attrs if name in ("src", "href") and not str(value).startswith("#")
        ]
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def test_the_page_stands_alone_and_says_what_how_and_how_again(wrong: RunResult) -> None:
    page = Page("--profile vendor")
    page.add(wrong, 1.25)
    text = page.text()
    outline = Outline()
    outline.feed(text)
    assert (outline.open, outline.loaded) == ([], []) and "url(" not in text and "@import" not in text
    said = " ".join(outline.said)
    for words in (
        "Windtunnel:  broken", "1 run: 1 broken", "A story of <hopes>",
        "wrong.yaml --mode sim --seed 1 --profile vendor",
        "step 5, line 8: deal d1 is posted, expected paid", "won = contracted", "5,000.00", "Acme & Sons is a customer",
        "bill US-000001 issued", "cloud ERP", "nothing disturbs this story",
    ):  # fmt: skip
        assert words in said, words
    assert re.search(r"<details class=.card run broken. id=.run-1. open>", text)


def test_a_long_run_is_cut_with_a_word_and_not_in_silence(wrong: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.report.page.LONG", 2)
    page = Page()
    page.add(wrong, 1.0)
    assert len(re.findall(r"and \d+ more; the record of the run has them all", page.text())) == 2


def test_remarks_stand_at_their_lines_and_are_escaped(wrong: RunResult, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(wrong.source).parent)
    remarks = github.of_run(wrong)
    assert [re.findall(r"^::error file=wrong.yaml,line=(\d+),title=", one) for one in remarks] == [["8"], ["10"]]
    assert "(seed 1%2C sim)%3A story broken::what the story expects%0Astep 5, line 8: deal d1" in remarks[0]
    assert remarks[0].endswith("repeat with: windtunnel run wrong.yaml --mode sim --seed 1")
    assert github.command("a,b:c", 1, "100%", "two\r\nlines: 50 %, fine") == (
        "::error file=a%2Cb%3Ac,line=1,title=100%25::two%0D%0Alines: 50 %25, fine"
    )


def test_a_story_that_cannot_be_read_is_remarked_on_too(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(STORY.replace("close: d1", "clsoe: d1"))
    ran = command(str(tmp_path / "bad.yaml"), "--annotations", "github")
    assert isinstance(ran.exception, StoryError)
    assert "bad.yaml,line=6,col=5,title=story::unknown verb 'clsoe'; did you mean 'close'?" in ran.output


def test_all_reports_of_one_command(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    reports = ("--html", str(folder / "o/out.html"), "--junit", str(folder / "o/out.xml"), "--annotations", "github")
    ran = command(str(folder), "--seeds", "1..2", *reports, "--json")
    assert ran.exit_code == 1
    assert json.loads(ran.stdout)["outcome"] == "broken"  # the remarks are on standard error then
    assert ran.stderr.count("::error ") == 4
    assert "| right | 2 | sim | holds |  |" in (folder / "summary.md").read_text()
    assert (folder / "o/out.html").read_text().count('<details class="card run holds"') == 2
    assert "repeat with: windtunnel run" in (folder / "o/out.xml").read_text()


def test_shards_share_out_all_runs_and_none_twice(folder: Path) -> None:
    seen = []
    for number in (1, 2, 3):
        runs = json.loads(command(str(folder), "--seeds", "1..2", "--shard", f"{number}/3", "--json").stdout)["runs"]
        assert len(runs) in (1, 2)
        seen += [(run["story"], run["seed"]) for run in runs]
    assert sorted(seen) == [("right", "1"), ("right", "2"), ("wrong", "1"), ("wrong", "2")]
    for text, words in (
        ("5/4", "from 1 to n"),
        ("0/4", "from 1 to n"),
        ("x", "such as 2/4"),
        ("9/9", "only 2 runs"),
    ):
        ran = command(str(folder), "--shard", text)
        assert words in str(ran.exception)


def test_many_runs_of_one_process_are_one_digest(folder: Path) -> None:
    ran = command(str(folder / "right.yaml"), "--repeat", "12", "--json")
    assert ran.exit_code == 0, ran.output
    verdict = next(one for one in json.loads(ran.stdout)["runs"][0]["verdicts"] if one["invariant"] == "I24")
    assert (verdict["outcome"], verdict["checked"]) == ("holds", 12)

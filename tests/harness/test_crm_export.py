"""A company brings its own CRM export: the story holds, a wrong mapping turns red, `load` says what it will do."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.load.export import with_export
from harness.load.source import Unusable
from harness.scenario import Scenario, Step, load_story
from harness.simulation import play

ROOT = Path(__file__).parents[2]
SMALL = ROOT / "scenarios/exports/crm-small"
MAPPING = ROOT / "scenarios/crm-export.mapping.yaml"
FILES = [str(path) for path in sorted(SMALL.glob("*.csv"))]
HEADER = "opportunity_id,sales_agent,product,account,deal_stage,engage_date,close_date,close_value\n"


@pytest.fixture
def story() -> Scenario:
    return load_story(ROOT / "scenarios/crm-export.yaml")


def export(folder: Path, *rows: str) -> list[str]:
    """An export of these deals, for the small export's accounts."""
    (folder / "accounts.csv").write_text((SMALL / "accounts.csv").read_text())
    (folder / "sales_pipeline.csv").write_text(HEADER + "\n".join(rows) + "\n")
    return [str(folder / "accounts.csv"), str(folder / "sales_pipeline.csv")]


def swapped(folder: Path) -> Path:
    """The mapping with day and month swapped."""
    path = folder / "swapped.yaml"
    path.write_text(MAPPING.read_text().replace("%d-%m-%Y", "%m-%d-%Y"))
    return path


def with_mapping(story: Scenario, path: Path) -> Scenario:
    steps = [
        Step(step.verb, step.facts.model_copy(update={"map": str(path)}), step.line) if step.verb == "load" else step
        for step in story.steps
    ]
    return replace(story, steps=tuple(steps))


def test_the_small_export_holds(story: Scenario) -> None:
    result = play(story)
    assert result.outcome == "holds", result.findings
    assert {verdict.invariant for verdict in result.verdicts} >= {"I1", "I2", "I4", "I5", "I9", "I28", "I31", "story"}
    won = next(one for one in result.identities if one.name == "won = contracted")
    assert (won.a, won.b, won.unexplained) == (5_740_900, 5_740_900, 0)


def test_expectations_follow_from_the_files_alone(story: Scenario) -> None:
    assert with_export(story, SMALL, "sim").expect == story.expect
    anew = with_export(story, SMALL, "sim").steps
    assert [step.facts for step in anew if step.verb == "expect"] == [
        step.facts for step in story.steps if step.verb == "expect"
    ]


def test_another_export_is_played_with_its_own_sums(story: Scenario, tmp_path: Path) -> None:
    export(
        tmp_path, "A1,x,GTXPro,Levy Ltd,Won,,02-03-2017,100", "A2,x,GTX Basic,Levy Ltd,Won,,02-03-2017,20",
        "A3,x,GTX Basic,Levy Ltd,Won,,03-04-2017,5", "A4,x,GTX Basic,Levy Ltd,Lost,,03-04-2017,0",
    )  # fmt: skip
    mine = with_export(story, tmp_path, "sim")
    assert mine.expect.won == {"USD": Decimal(125)}
    result = play(mine)
    assert result.outcome == "holds", result.findings


def test_live_takes_the_first_hundred(story: Scenario, tmp_path: Path) -> None:
    export(tmp_path, *(f"A{n:03d},x,GTX Basic,Levy Ltd,Won,,02-03-2017,1" for n in range(150)))
    assert with_export(story, tmp_path, "live").expect.won == {"USD": Decimal(100)}
    assert with_export(story, tmp_path, "sim").expect.won == {"USD": Decimal(150)}


def test_day_and_month_swapped_is_refused(story: Scenario, tmp_path: Path) -> None:
    result = play(with_mapping(story, swapped(tmp_path)))
    assert result.outcome == "broken"
    assert "is not a date like %m-%d-%Y" in result.broken_off
    assert "sales_pipeline.csv:" in result.broken_off


def test_day_and_month_swapped_turns_red_when_every_date_parses(story: Scenario, tmp_path: Path) -> None:
    """Both dates parse either way: only the months of what was won can tell."""
    export(
        tmp_path, "A1,x,GTX Basic,Levy Ltd,Won,,05-04-2017,100", "A2,x,GTX Basic,Levy Ltd,Won,,06-03-2017,20",
        "A3,x,GTXPro,Levy Ltd,Won,,06-03-2017,20",
    )  # fmt: skip
    right = with_export(story, tmp_path, "sim")
    assert play(right).outcome == "holds"
    result = play(with_mapping(right, swapped(tmp_path)))
    assert result.outcome == "broken"
    assert any("won in 2017-04" in finding for finding in result.findings), result.findings


def test_a_story_without_an_export_takes_none(tmp_path: Path) -> None:
    other = load_story(ROOT / "scenarios/new-business.yaml")
    with pytest.raises(Unusable, match="loads no export"):
        with_export(other, SMALL, "sim")
    with pytest.raises(Unusable, match=r"has no accounts\.csv and no sales_pipeline\.csv"):
        with_export(load_story(ROOT / "scenarios/crm-export.yaml"), tmp_path, "sim")


# -- the command ------------------------------------------------------------------------------


def command(*arguments: str) -> tuple[int, str, str]:
    """Exit code, standard output, and everything said (with the message of a refusal)."""
    ran = CliRunner().invoke(app, arguments)
    if ran.exception is None or isinstance(ran.exception, SystemExit):
        return ran.exit_code, ran.stdout, ran.output
    code = getattr(ran.exception, "exit_code", 2 if isinstance(ran.exception, ValueError) else 99)
    return code, ran.stdout, f"{ran.output}{ran.exception}"


def test_a_dry_run_says_what_would_be_done() -> None:
    code, _, said = command("load", "--map", str(MAPPING), "--dry-run", *FILES)
    assert code == 0
    for words in ("12 accounts, 5 products, 32 deals worth 57,409.00 USD", "2017-03", "28 rows", "sales_agent"):
        assert words in said, said
    code, out, _ = command(
        "load", "--map", str(MAPPING), "--dry-run", "--json", "--pseudonymise", "--limit", "3", *FILES
    )
    report = json.loads(out)
    assert (code, report["opportunities"], report["problem_count"]) == (0, 3, 0)


def test_what_cannot_be_placed_is_refused_with_its_place(tmp_path: Path) -> None:
    rows = [f"A{n},x,GTXPro,nobody,Won,,01-03-2017,5" for n in range(30)]
    files = export(tmp_path, *rows, "B1,x,GTXPro,Levy Ltd,Won,,01-03-2017,5")
    code, _, said = command("load", "--map", str(MAPPING), *files)
    assert code == 2
    assert "30 things in the export cannot be placed" in said
    assert "sales_pipeline.csv:2: account: no account is called 'nobody'" in said
    assert said.count("no account is called") == 20
    assert "and 10 more" in said
    code, out, _ = command("load", "--map", str(MAPPING), "--dry-run", "--json", "--skip-bad", *files)
    assert (code, json.loads(out)["opportunities"], json.loads(out)["problem_count"]) == (0, 1, 30)


def test_swapped_dates_bad_mappings_and_missing_files_are_refused(tmp_path: Path) -> None:
    code, _, said = command("load", "--map", str(swapped(tmp_path)), "--dry-run", *FILES)
    assert (code, "close_date: '17-03-2017' is not a date like %m-%d-%Y" in said) == (2, True)
    code, _, said = command("load", "--map", str(tmp_path / "none.yaml"), *FILES)
    assert (code, "cannot be read" in said) == (2, True)
    code, _, said = command("load", "--map", str(MAPPING), FILES[0])
    assert (code, "needs sales_pipeline.csv" in said) == (2, True)


def test_without_a_sandbox_it_says_how_to_start_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDTUNNEL_HOME", str(tmp_path))
    code, _, said = command("load", "--map", str(MAPPING), *FILES)
    assert code == 2
    assert "`windtunnel up` starts one" in said


def test_a_record_of_ones_own_export_tells_of_no_folder_and_replays(story: Scenario, tmp_path: Path) -> None:
    folder = tmp_path / "our-crm"
    folder.mkdir()
    export(folder, "A1,x,GTX Basic,Levy Ltd,Won,,02-03-2017,20", "A2,x,GTXPro,Levy Ltd,Won,,02-03-2017,5")
    record = tmp_path / "run.jsonl"
    code, _, said = command("run", "crm-export", "--export", str(folder), "--record", str(record))
    assert code == 0, said
    assert "our-crm" not in record.read_text() and str(tmp_path) not in record.read_text()
    code, _, said = command("replay", str(record), "--export", str(folder))
    assert (code, "same digest" in said) == (0, True), said
    code, _, said = command("replay", str(record))
    assert (code, "--export DIR" in said) == (2, True), said
    (folder / "accounts.csv").unlink()
    code, _, said = command("replay", str(record), "--export", str(folder))
    assert (code, "has no accounts.csv" in said) == (2, True), said

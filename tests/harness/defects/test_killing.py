"""The kill table tells the truth: what is caught is killed and made small, the rest survives, a blind judge shows."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.defects import fly_canary, kill
from harness.scenario import read_story
from tests.broken.defect import defect

HARMLESS = '''"""Changes nothing at all."""

from tests.broken import stories

STORY = stories.transfer()
CAUGHT_BY = {"I5"}


def change(parts):
    return parts
'''


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A catalogue of one defect that is none."""
    folder = tmp_path / "harmless_catalogue"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "changes_nothing.py").write_text(HARMLESS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder.name
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


def defects_run(*words: str) -> tuple[int, dict[str, object]]:
    done = CliRunner().invoke(app, ["defects", "run", *words, "--json"])
    return done.exit_code, json.loads(done.stdout)


def test_a_defect_is_killed_and_its_story_made_small() -> None:
    killed = kill(defect("ledger_posts_twice"), swarm_seeds=3)
    assert killed.killed and killed.lies and set(killed.judges) == {"I1", "I5"} and killed.control == "holds"
    assert killed.small_size < killed.size
    assert [step.verb for step in read_story(killed.small).steps][:3] == ["customer", "deal", "close"]
    assert killed.swarm_seed and killed.swarm_flown == killed.swarm_seed


def test_a_defect_of_crashes_is_made_small_with_its_crashes() -> None:
    killed = kill(defect("acknowledges_before_storing"))
    assert killed.killed and killed.flights == 1 and 0 < killed.small_size <= killed.size


def test_the_canary_is_red_and_the_real_core_green() -> None:
    bird = fly_canary()
    assert bird.dead and set(bird.seen_by) >= {"I2", "I5"} and bird.real == "holds"


def test_the_command_holds_when_all_are_killed() -> None:
    code, said = defects_run("wrong_exponent", "--no-shrink")
    assert code == 0 and said["outcome"] == "holds" and said["killed"] == said["of"] == 1


def test_a_defect_that_nobody_sees_survives_and_exits_1(catalogue: str) -> None:
    code, said = defects_run("--catalogue", catalogue)
    assert code == 1 and said["killed"] == 0
    assert said["defects"][0]["silent"] == ["I5"]  # type: ignore[index]


def test_a_canary_that_lives_exits_1_whatever_was_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.defects.canary.deaf", lambda parts: parts)  # the judges see a sound core: as if blind
    code, said = defects_run("wrong_exponent", "--no-shrink")
    assert said["killed"] == 1 and code == 1
    assert "THE CANARY LIVES" in said["canary"]["says"]  # type: ignore[index]


@pytest.mark.parametrize("words", [("new-business",), ("--seeds", "1")])
def test_nothing_is_searched_while_the_canary_lives(words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.defects.canary.deaf", lambda parts: parts)
    done = CliRunner().invoke(app, ["chaos", *words])
    assert done.exit_code == 1 and "THE CANARY LIVES" in str(done.exception)


def test_a_defect_that_is_not_there_is_wrong_usage() -> None:
    done = CliRunner().invoke(app, ["defects", "run", "wrong_exponnet"])
    assert "did you mean 'wrong_exponent'" in str(done.exception)

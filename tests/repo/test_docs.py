"""Documents tell the truth: commands, stories, links and folders that they name exist, and none is left unnamed."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from harness.cli import app

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text()
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "tests/README.md")


def test_the_two_commands_of_the_readme_are_targets_of_the_makefile() -> None:
    named = set(re.findall(r"^make (\w+)", README, re.MULTILINE))
    assert named == {"demo", "test"}
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_sub_command_that_is_named_exists(document: str) -> None:
    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    named = set(re.findall(r"`windtunnel (\w[\w-]*)", (ROOT / document).read_text()))
    assert named <= known, named - known


def test_every_story_is_in_the_readme() -> None:
    named = set(re.findall(r"^\| `([\w-]+)` \| [^|]*\|$", README.split("## Stories")[1], re.MULTILINE))
    stories = {path.stem for path in (ROOT / "scenarios").glob("*.yaml") if not path.stem.endswith(".mapping")}
    assert named == stories


def test_every_simulator_is_in_the_readme() -> None:
    simulators = {path.parent.name for path in (ROOT / "simulators").glob("*/app.py")}
    assert simulators == set(re.findall(r"simulators/(\w+)/FIDELITY\.md", README))


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_somewhere(document: str) -> None:
    here = (ROOT / document).parent
    links = re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text())
    missing = [link for link in links if "://" not in link and not (here / link).exists()]
    assert not missing


def test_every_top_level_folder_is_in_the_architecture() -> None:
    named = set(re.findall(r"^\| `(\w+)", ARCHITECTURE, re.MULTILINE))
    assert {"simulators", "synccore", "harness", "scenarios", "contracts", "ui"} <= named
    for folder in re.findall(r"`((?:simulators|synccore|harness|tests)/[\w/.]+\w)`", ARCHITECTURE):
        assert (ROOT / folder).exists(), folder


def test_tests_are_where_their_readme_says() -> None:
    folders = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and not path.name.startswith("__")}
    assert folders <= set(re.findall(r"`(\w+)", (ROOT / "tests/README.md").read_text()))

"""The table of what makes the core trustworthy names things that exist, or says that there is none."""

import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from harness.checkers import CHECKS
from harness.cli import app
from tests.broken.defect import defect

ROOT = Path(__file__).parents[2]
CORE = ROOT / "synccore"
COLUMNS = ("capability", "code", "API", "command", "story", "judge", "planted defect", "missing")
LINES = (CORE / "CAPABILITIES.md").read_text().splitlines()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in LINES if line.startswith("| ")]
TABLE = [dict(zip(COLUMNS, row, strict=True)) for row in ROWS[1:]]
WANTED = {
    "dedupe", "order", "cursors", "keys and unknown outcomes", "retries", "API thrift", "exceptions", "dead letters",
    "compensation", "replay", "rerun from a step", "reconciliation", "migration", "drift", "collections",
    "systems set back", "service levels", "status write-back", "changes from two sides", "bills of several contracts",
    "corrected usage", "contracts that move", "causes of writes", "money that clerks move",
}  # fmt: skip


def named(column: str) -> list[str]:
    return [name for row in TABLE for name in re.findall(r"`([^`]+)`", row[column])]


def test_the_table_has_every_row_and_no_empty_cell() -> None:
    assert tuple(ROWS[0]) == COLUMNS
    assert {row["capability"] for row in TABLE} == WANTED and len(TABLE) == len(WANTED)
    assert not [row for row in TABLE for name in COLUMNS[:-1] if not row[name]]


def test_code_stories_and_defects_are_files() -> None:
    assert not [name for name in named("code") if not (CORE / name).is_file()]
    assert not [name for name in named("story") if not (ROOT / "scenarios" / f"{name}.yaml").is_file()]
    assert not [name for name in named("planted defect") if not (ROOT / "tests/broken" / f"{name}.py").is_file()]


def test_operations_are_in_the_reviewed_api() -> None:
    document = json.loads((ROOT / "contracts/openapi/synccore.json").read_text())
    known = {one["operationId"] for item in document["paths"].values() for one in item.values() if "operationId" in one}
    assert set(named("API")) <= known


@pytest.mark.parametrize("command", sorted(set(named("command"))))
def test_commands_can_be_given(command: str) -> None:
    found = get_command(app)
    words = command.split()
    while words and hasattr(found, "commands"):
        found = found.commands[words.pop(0)]
    assert not words or command.startswith("bench ")  # a part of what the bench measures, not a command below it


@pytest.mark.parametrize("row", [row for row in TABLE if row["judge"] != "-"], ids=lambda row: row["capability"])
def test_each_defect_of_a_row_is_caught_by_one_of_its_judges(row: dict[str, str]) -> None:
    judges = set(re.findall(r"I\d+|story", row["judge"]))
    assert judges and judges <= {*CHECKS, "story"}
    for name in re.findall(r"`([^`]+)`", row["planted defect"]):
        assert defect(name).caught_by & judges, name

"""The table of what trips code that talks to Salesforce names faults, acts, stories and tests that exist."""

import ast
import re
from pathlib import Path

import pytest

from simulators.kit import faults
from simulators.salesforce.acts import _CHANGES

ROOT = Path(__file__).parents[2]
HERE = ROOT / "tests" / "simulators" / "salesforce"
ROWS = [line.strip("| ").split(" | ") for line in (HERE / "BEHAVIOURS.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| behaviour", "|---"))]  # fmt: skip
KNOWN = {*faults.CALL_FAULTS, *faults.EVENT_FAULTS, *faults.RECORD_FAULTS, *faults.STREAM_FAULTS}
ACTS = {*_CHANGES, "alter_schema", "expire_sessions", "merge", "undelete", "import_schema", "set_company"}


def names_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {one.name for one in ast.walk(tree) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)}


def test_each_row_has_a_test_of_the_simulator() -> None:
    assert len(ROWS) >= 20
    assert not [row[0] for row in ROWS if len(row) != 4 or not re.search(r"`[\w/]*test_\w+\.py", row[2])]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_what_a_row_names_is_there(row: list[str]) -> None:
    brought, held = row[1], " ".join(row[2:])
    assert not [name for name in re.findall(r"`(\w+)`", brought) if name not in KNOWN | ACTS | {"vendor"}]
    for name in re.findall(r"story `([\w-]+)`", held):
        assert (ROOT / "scenarios" / f"{name}.yaml").is_file(), name
    for path, test in re.findall(r"`([\w/]+\.py)(?:::(\w+))?`", held):
        file = ROOT / path if "/" in path else HERE / path
        assert file.is_file(), path
        assert not test or test in names_of(file), f"{path} has no {test}"

"""Every planted defect is caught by the judges that should see it; the real core holds in the same storms."""

import json
import os
from functools import cache
from pathlib import Path

import pytest

from harness.defects import PROOFLESS, names
from tests.broken.defect import broken, defect, flights

NAMES = names("tests.broken")
TABLE = Path(__file__).with_name("TABLE.md")
JUDGES = (
    "I1",
    "I2",
    "I4",
    "I5",
    "I6",
    "I8",
    "I9",
    "I10",
    "I11",
    "I12",
    "I15",
    "I16",
    "I18",
    "I19",
    "I25",
    "I28",
    "I30",
    "I31",
    "I32",
    "story",
)
HEAD = """# Planted defects and who catches them

Written by `test_defects.py` (`WINDTUNNEL_WRITE=1` writes it anew). ● caught, as it must be · ○ seen as well.

"""


@cache
def caught(name: str) -> dict[str, list[str]]:
    """What the judges found, by judge."""
    return broken(list(flights(defect(name))))


def flown(name: str) -> str:
    """Story, storm and crashes of a defect: several defects share them."""
    planted = defect(name)
    return json.dumps([planted.scenario.to_json(), str(planted.crash), planted.replay], default=str)


FLIGHTS = {flown(name): name for name in reversed(NAMES)}


@pytest.mark.parametrize("name", sorted(FLIGHTS.values()))
def test_the_real_core_holds_in_the_same_story_and_storm(name: str) -> None:
    for result in flights(defect(name), real=True):
        assert result.outcome == "holds", result.findings


@pytest.mark.parametrize("name", NAMES)
def test_the_defect_is_caught(name: str) -> None:
    planted, found = defect(name), caught(name)
    assert planted.caught_by - PROOFLESS, "caught by nobody who proves anything"
    assert planted.caught_by <= set(found), found


def test_each_module_is_a_defect_or_serves_them() -> None:
    modules = {path.stem for path in Path(__file__).parent.glob("*.py")}
    assert modules - set(NAMES) == {
        "__init__", "alter", "defect", "migrations", "recoveries", "stories", "test_defects",
    }  # fmt: skip


def test_the_table_is_up_to_date() -> None:
    written = table()
    if os.environ.get("WINDTUNNEL_WRITE"):
        TABLE.write_text(written)
    assert TABLE.read_text() == written, "run this test with WINDTUNNEL_WRITE=1"


def table() -> str:
    lines = [f"| defect | {' | '.join(JUDGES)} |", f"|---|{'---|' * len(JUDGES)}"]
    for name in NAMES:
        planted, found = defect(name), caught(name)
        marks = ["●" if judge in planted.caught_by else "○" if judge in found else "" for judge in JUDGES]
        whose = "system lies: " if planted.lie else ""
        lines.append(f"| **{name.replace('_', ' ')}** {whose}{planted.says} | {' | '.join(marks)} |")
    return HEAD + "\n".join(lines) + "\n"

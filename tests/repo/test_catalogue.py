"""The catalogue of faults and invariants names each once, and only stories, defects, judges and files there are."""

import re
from pathlib import Path

import pytest

from harness.checkers import CHECKS
from harness.scenario.steps import VERBS
from simulators.kit import faults

ROOT = Path(__file__).parents[2]
ROWS = [line.strip("| ").split(" | ") for line in (ROOT / "harness" / "CATALOGUE.md").read_text().splitlines()
        if re.match(r"\| [FI]\d", line)]  # fmt: skip
FAULTS = {*faults.CALL_FAULTS, *faults.EVENT_FAULTS, *faults.RECORD_FAULTS, *faults.STREAM_FAULTS}
WORDS = FAULTS | set(VERBS) | {"interleaved", "windtunnel chaos STORY --points crashes",
                               "windtunnel chaos STORY --points pairs", "windtunnel bench recovery"}  # fmt: skip


def test_each_fault_and_invariant_stands_there_once() -> None:
    wanted = [f"F{number}" for number in range(1, 35)] + [f"I{number}" for number in range(1, 33)]
    assert [row[0] for row in ROWS] == wanted


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_what_a_row_names_is_there(row: list[str]) -> None:
    name, _what, how, *rest = row
    assert how in ("fault", "judge", "test", "part", "absent")
    named = re.findall(r"`([^`]+)`", " ".join(rest))
    assert named or how == "absent"
    stories = {path.stem for path in (ROOT / "scenarios").glob("*.yaml")}
    defects = {path.stem for path in (ROOT / "tests" / "broken").glob("*.py")}
    assert not [one for one in named if one not in WORDS | stories | defects and not (ROOT / one).exists()]
    judges = re.findall(r"\bI\d+\b", rest[0])
    assert set(judges) <= set(CHECKS)
    if how == "judge":
        assert judges or name in CHECKS
    if name in CHECKS:
        assert how == "judge"

"""`windtunnel coverage --aim` flies stories at the cells that a night left empty, and says what stays so."""

from collections.abc import Callable
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from harness.cli import app
from harness.swarm import Flown, Search
from harness.swarm.cells import Cell, legal

MISSING = ("metering", "export.*", "timeout")


def _night(path: Path, *left_out: Cell) -> Path:
    cells = {(system, pattern.replace("*", "x"), kind): 1 for system, pattern, kind in legal()
             if (system, pattern, kind) not in left_out}  # fmt: skip
    path.write_bytes(orjson.dumps(Flown("1", "holds", cells=cells).to_json()) + b"\n")
    return path


def test_a_cell_that_a_night_left_empty_fails_until_it_is_aimed_at(tmp_path: Path) -> None:
    night = str(_night(tmp_path / "night.jsonl", MISSING))
    left = CliRunner().invoke(app, ["coverage", night])
    assert left.exit_code == 1 and f"never hit: {' '.join(MISSING)}" in left.output
    aimed = CliRunner().invoke(app, ["coverage", night, "--aim"])
    assert aimed.exit_code == 0 and "never hit" not in aimed.output


def test_an_aimed_story_that_does_not_hold_fails_the_night(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Flown("1-at-0", "broken", ("I1 twice",), cells={("metering", "export.list", "timeout"): 1})

    def cover(found: Search, workers: int, progress: Callable[[int, int, Flown], None]) -> None:
        found.flown[broken.seed] = broken
        progress(1, workers, broken)

    monkeypatch.setattr("harness.swarm.cover", cover)
    told = CliRunner().invoke(app, ["coverage", str(_night(tmp_path / "night.jsonl", MISSING)), "--aim"])
    assert told.exit_code == 1 and "I1 twice" in told.output and "never hit" not in told.output

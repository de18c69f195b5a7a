"""What a system says about its own truth is made from marks in its code: FIDELITY.md cannot drift from them."""

import os
from pathlib import Path

import pytest

from simulators.kit.fidelity import MarkError, exact, marks, page, unheld

ROOT = Path(__file__).parents[2]
SYSTEMS = {path.parent.name: path.parent for path in sorted((ROOT / "simulators").glob("*/app.py"))}
MARKED = sorted(SYSTEMS)


@pytest.mark.parametrize("system", MARKED)
def test_the_page_is_what_the_marks_say(system: str) -> None:
    path, text = SYSTEMS[system] / "FIDELITY.md", page(SYSTEMS[system])
    if os.environ.get("WINDTUNNEL_WRITE"):
        path.write_text(text)
    assert path.read_text() == text, "the marks say something else now: review it, WINDTUNNEL_WRITE=1 writes it"


@pytest.mark.parametrize("system", MARKED)
def test_every_exact_mark_is_held_by_a_test_that_exists(system: str) -> None:
    found = marks(SYSTEMS[system])
    assert found
    assert list(unheld(found, ROOT / "tests")) == []


def test_a_mark_costs_nothing_and_says_nothing_at_run_time() -> None:
    exact("anything", source="observed", held_by="test_fidelity")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("exact('x', source='observed')", "m.py:1: exact needs a source, and a test"),
        ("exact('x', source='rumour', held_by='test_x')", "m.py:1: 'rumour' is no source"),
        ("exact('x' + y, source='observed', held_by='test_x')", "m.py:1: a mark's arguments are plain"),
        ("\napproximate('x')", "m.py:2: approximate has arguments"),
        ("absent()", "m.py:1: absent has arguments"),
        ("absent(['x'])", "m.py:1: a mark's arguments are strings"),
    ],
)
def test_a_mark_that_cannot_be_read_is_named(tmp_path: Path, code: str, problem: str) -> None:
    (tmp_path / "m.py").write_text(code)
    with pytest.raises(MarkError, match=problem):
        marks(tmp_path)


def test_a_mark_held_by_a_test_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text("exact('x', source='observed', held_by='test_fidelity, test_fidelity::test_no')")
    assert list(unheld(marks(tmp_path), ROOT / "tests")) == ["m.py:1: no test test_fidelity::test_no"]

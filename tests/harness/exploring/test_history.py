"""What a branch that ends early must still be asked."""

import re
from pathlib import Path

import harness.checkers
from harness.exploring import history

_RECORD = re.compile(r"\bcase\.(calls|changes|trail|unresolved)\b")

_EXCUSED_BY_IT = {"outages.py"}  # judges the books: what calls met can excuse what is late in them, and blames nothing


def test_each_judge_of_the_record_is_asked_before_a_branch_ends_early() -> None:
    """A rest is known by its books; a judge that reads how they came about must have its say in `history`."""
    folder = Path(harness.checkers.__file__).parent
    readers = {path.name for path in folder.glob("*.py") if _RECORD.search(path.read_text())} - _EXCUSED_BY_IT
    told = Path(history.__file__).read_text()
    assert {name: by in told for name, by in {"causes.py": "(I19)", "versions.py": '"I6"'}.items()} == dict.fromkeys(
        readers, True
    ), "a judge that reads the record of a run is not heard in harness/exploring/history.py"

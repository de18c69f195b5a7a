"""I25 holds on an exception that is somebody's by a time and ended well, and turns red on each single edit of one."""

import re
from pathlib import Path
from typing import Any

import pytest

from harness.checkers import Case
from harness.checkers.owning import OWNERS
from tests.harness.test_checkers import agreeing_books, outcomes

DAY_S = 86_400.0
FINE = {
    "id": "x00000001", "kind": "unmapped_item", "subject": "US-1", "owner_role": "product-data", "assignee": "",
    "opened_at": 100.0, "due_at": 100.0 + DAY_S, "state": "resolved", "resolution": "a later run succeeded",
}  # fmt: skip


def said(apart: bool = False, **edit: Any) -> str:
    canon = agreeing_books()
    if apart:
        del canon.documents[1]  # the ledger's copy of US-1
    return outcomes(Case(canon, exceptions=(FINE | edit,)))["I25"]


@pytest.mark.parametrize(
    "edit",
    [{"owner_role": "tax"}, {"owner_role": ""}, {"kind": "anothers", "owner_role": ""}, {"due_at": 0.0},
     {"due_at": 100.0}, {"due_at": 101.0 + DAY_S}, {"resolution": ""}, {"state": "abandoned", "resolution": ""}],
)  # fmt: skip
def test_each_edit_turns_it_red(edit: dict[str, Any]) -> None:
    assert said() == "holds"
    assert said(**edit) == "broken"


def test_what_is_resolved_leaves_nothing_apart() -> None:
    assert said(apart=True) == "broken"
    assert said(apart=True, subject="US-9") == "holds"
    assert said(apart=True, state="open", resolution="") == "holds"
    assert said(apart=True, state="abandoned", resolution="billed by hand") == "holds"


def test_what_a_person_has_taken_and_what_another_core_calls_it_is_theirs() -> None:
    assert said(assignee="mia", owner_role="sales-operations", due_at=100.0 + 3 * DAY_S) == "holds"
    assert said(kind="anothers", owner_role="anybody") == "holds"


def test_each_kind_that_the_core_opens_has_its_owner_here() -> None:
    opens = r'(?:Finding|Unfit|Unpostable|BusinessException|_(?:deal|account)_finding)\((?:deal, )?\s*(?:"", )?"(\w+)"'
    text = "".join(path.read_text() for path in sorted(Path("synccore").rglob("*.py")))
    found = set(re.findall(opens, text))
    assert len(found) > 40
    assert found <= set(OWNERS)
    assert [kind for kind in OWNERS if f'"{kind}"' not in text] == []

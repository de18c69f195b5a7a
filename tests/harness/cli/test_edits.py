"""What `--set` makes of its texts."""

import pytest

from harness.cli.edits import changes
from harness.cli.output import Refusal


def test_members_are_dotted_and_values_are_json_or_text() -> None:
    given = ["row.quantity=10", "row.note=ten", "row.to=null", "line=DOC=1", 'list=["a"]']
    assert changes(given) == {
        "row": {"quantity": 10, "note": "ten", "to": None}, "line": "DOC=1", "list": ["a"]
    }  # fmt: skip


@pytest.mark.parametrize("given", [["row"], ["=1"], ["a..b=1"], ["a=1", "a.b=2"]])
def test_what_names_no_member_is_refused(given: list[str]) -> None:
    with pytest.raises(Refusal):
        changes(given)

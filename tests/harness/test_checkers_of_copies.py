"""The judge of copies beside amounts: where a bill is found in sales, and how many of what a ledger posted."""

from dataclasses import replace
from typing import Any

import pytest

from harness.checkers import Case
from harness.checkers.agreement import credits_shown
from harness.checkers.shown import copies_agree
from harness.reconciling import Excuses
from tests.harness.test_checkers import agreeing_books, outcomes


@pytest.mark.parametrize(("edit", "said"), [
    ({"subscription": ""}, "under the contract of ''"),
    ({"subscription": "sub-9"}, "under the contract of 'sub-9'"),
    ({"deal": ""}, "shown under deal ''"),
    ({"deal": "006B"}, "shown under deal '006B'"),
])  # fmt: skip
def test_a_bill_stands_in_sales_where_people_look_for_it(edit: dict[str, Any], said: str) -> None:
    canon = agreeing_books()
    canon.documents[0] = replace(canon.documents[0], subscription="sub-1")
    canon.documents[2] = replace(canon.documents[2], deal="006A", subscription="sub-1")
    assert outcomes(Case(canon))["I4"] == "holds"
    canon.documents[2] = replace(canon.documents[2], **edit)
    (finding,) = copies_agree(Case(canon))[1]
    assert said in finding


def test_as_many_are_posted_as_were_billed() -> None:
    canon = agreeing_books()
    canon.documents[:2] = [replace(one, units=(("SUB", 12),)) for one in canon.documents[:2]]
    assert outcomes(Case(canon))["I4"] == "holds"
    canon.documents[1] = replace(canon.documents[1], units=(("SUB", 1),))
    (finding,) = copies_agree(Case(canon))[1]
    assert "so many {'SUB': 1}, the bill {'SUB': 12}" in finding


def test_a_credit_note_of_a_bill_that_sales_is_shown_is_shown_there_too() -> None:
    canon = agreeing_books()
    notes = [replace(one, key="US-CN-1", kind="credit", of="US-1") for one in canon.documents]
    canon.documents += notes
    assert credits_shown(Case(canon)) == (1, [])
    canon.documents.remove(notes[2])
    lacking = ["sales is not shown credit note US-CN-1 of US-1"]
    assert credits_shown(Case(canon))[1] == lacking
    assert set(lacking) <= set(copies_agree(Case(canon))[1])
    waits = Excuses(parked={"US-CN-1": ("x1", "its contract is not in Salesforce yet")})
    assert credits_shown(Case(canon, waits))[1] == []
    del canon.documents[2]
    assert credits_shown(Case(canon)) == (0, []), "it is the bill that is not there"

"""The judge of deferred revenue holds on books that agree and turns red on one edit."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.canon import Canon, Document, LedgerLine
from harness.checkers import Case, judge
from harness.deferrals import Deferral


def entry(document: str, account: str, amount: int, period: str = "2026-01") -> LedgerLine:
    return LedgerLine("erp_cloud", "US", "USD", document, account, False, amount, period, amount, account == "2500")


def books() -> Canon:
    """A line of 365.00 for the year 2026; January and February are recognised."""
    bill = Document("erp_cloud", "7", "US-1", "invoice", "001A", "US", "USD", 36500, 0, 36500, 36500, "2026-01-05",
                    "", "open")  # fmt: skip
    taken = (("2026-01", 3100, "8"), ("2026-02", 2800, "9"))
    return Canon(
        documents=[bill],
        ledger=[
            entry("7", "1100", 36500), entry("7", "2500", -36500), entry("8", "2500", 3100), entry("8", "4000", -3100),
            entry("9", "2500", 2800), entry("9", "4000", -2800),
        ],
        deferrals=[Deferral("erp_cloud", "US", "USD", "7", 1, 36500, "2026-01-01", "2026-12-31", False, taken)],
        services={"US-1": {("2026-01-01", "2026-12-31", 36500), ("", "", 500)}},
    )  # fmt: skip


def outcome(canon: Canon) -> str:
    (verdict,) = judge(Case(canon), only=("I32",))
    return verdict.outcome


def change(**facts: object) -> Callable[[Canon], None]:
    def edit(canon: Canon) -> None:
        canon.deferrals[0] = replace(canon.deferrals[0], **facts)  # type: ignore[arg-type]

    return edit


EDITS: list[tuple[str, Callable[[Canon], object]]] = [
    ("a month is recognised twice", change(recognised=(("2026-01", 3100, "8"), ("2026-01", 2800, "9")))),
    ("a month is recognised too early", change(recognised=(("2025-12", 3100, "8"), ("2026-02", 2800, "9")))),
    ("more is recognised than was billed", change(net=5000)),
    ("a term that the bill does not have", change(ends="2027-12-31", recognised=())),
    ("no term, where the bill has one", change(starts="", ends="", recognised=())),
    ("a journal is missing", lambda c: c.ledger.__delitem__(slice(4, 6))),
    ("a journal took another amount", lambda c: c.ledger.__setitem__(4, entry("9", "2500", 2801))),
    ("the account holds what no line defers", lambda c: c.ledger.append(entry("10", "2500", -1))),
    ("a line is deferred that nobody keeps track of", lambda c: c.deferrals.clear()),
]


def test_books_that_agree_hold_and_without_deferral_nothing_is_asked() -> None:
    assert outcome(books()) == "holds"
    canon = books()
    even = (("2026-01", 3042, "8"), ("2026-02", 2858, "9"))
    canon.deferrals[0] = replace(canon.deferrals[0], even=True, recognised=even)
    canon.ledger[2:] = [entry("8", "2500", 3042), entry("9", "2500", 2858)]
    assert outcome(canon) == "broken"  # the second month comes to 5900, and a sixth of the year is 6083
    assert outcome(Canon(documents=books().documents, ledger=[entry("7", "1100", 1)])) == "not applicable"


@pytest.mark.parametrize(("what", "edit"), EDITS, ids=[what for what, _ in EDITS])
def test_one_edit_turns_the_judge_red(what: str, edit: Callable[[Canon], object]) -> None:
    canon = books()
    edit(canon)
    assert outcome(canon) == "broken"

"""Usage reconciled: what the metering says and what the platform rated, edit by edit."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from synccore.domain.usage import BookEvent, BookUsage, UsageBook, book_events
from synccore.ports.reports import Break
from synccore.reconciliation import compare
from synccore.reconciliation.matching import Outcome
from synccore.reconciliation.reasons import Reason, Reasons
from tests.synccore.reconciliation.books import NAMES, NOW, agreeing

SUB = "sub-006US-1"


def used() -> UsageBook:
    """Two rated events, one of them a correction, and one whose term still runs."""
    events = [BookEvent("e1", SUB, Decimal(10)), BookEvent("e2", SUB, Decimal(5)),
              BookEvent("e3", SUB, Decimal(7), "e1"), BookEvent("e4", SUB, Decimal("0.5"))]  # fmt: skip
    usages = [BookUsage("e2", "e2", SUB, Decimal(5), "US-2"), BookUsage("e3", "e3", SUB, Decimal(7), "US-2"),
              BookUsage("e4", "e4", SUB, Decimal("0.5"), waits=True)]  # fmt: skip
    return UsageBook(events, usages, {SUB: "US"})


def compared(book: UsageBook, reasons: Reasons | None = None) -> Outcome:
    return compare(replace(agreeing(), usage=book), NAMES, reasons or Reasons(), NOW)


def test_what_agrees_has_a_line_and_what_waits_an_item() -> None:
    outcome = compared(used())
    assert outcome.breaks == []
    line = outcome.lines[-1]
    assert (line.name, line.entity, line.currency, line.a, line.items, line.b, line.unexplained) == (
        "used = rated", "US", "events", 3, 1, 2, 0)  # fmt: skip


def drop(book: UsageBook) -> None:
    book.usages.pop(0)


def edit(place: int, **change: object) -> Callable[[UsageBook], None]:
    def make(book: UsageBook) -> None:
        book.usages[place] = replace(book.usages[place], **change)  # type: ignore[arg-type]

    return make


def more(place: int, **change: object) -> Callable[[UsageBook], None]:
    def make(book: UsageBook) -> None:
        book.usages.append(replace(book.usages[place], **change))  # type: ignore[arg-type]

    return make


EDITS: list[tuple[Callable[[UsageBook], None], str, str]] = [
    (drop, "missing", "usage e2 is not in the platform"),
    (edit(2, waits=False), "missing", "usage e4 lies in a term that was billed without it"),
    (edit(0, quantity=Decimal(6)), "amount_differs", "usage e2 is 6 there and 5 in the metering"),
    (more(0, id="e2-again"), "duplicate", "usage e2 is recorded 2 times"),
    (more(0, id="e1", event="e1"), "duplicate", "usage e1 was corrected by e3 and still counts"),
    (more(0, id="x", event="x"), "extra", "usage x is no event of the metering"),
]


@pytest.mark.parametrize(("change", "code", "cause"), EDITS, ids=[cause for _, _, cause in EDITS])
def test_each_edit_is_a_break_with_its_cause(change: Callable[[UsageBook], None], code: str, cause: str) -> None:
    book = used()
    change(book)
    found: list[Break] = compared(book).breaks
    assert [(one.code, one.cause) for one in found] == [(code, cause)]


def test_what_is_parked_is_an_item_with_the_exceptions_id() -> None:
    book = used()
    drop(book)
    reasons = Reasons({"e2": Reason("parked", "x00000001: too late", NOW)})
    outcome = compared(book, reasons)
    assert outcome.breaks == []
    assert [(one.kind, one.document) for one in outcome.items] == [("parked", "e2"), ("waiting for window", "e4")]
    assert outcome.lines[-1].unexplained == 0


def test_rows_that_cannot_be_read_count_and_what_was_told_twice_counts_once() -> None:
    row = {"id": "e1", "subscription": SUB, "meter": "calls", "quantity": "1,5", "time": "2026-01-05T09:00:00Z",
           "recorded_at": "2026-01-05T09:00:00Z"}  # fmt: skip
    events = book_events([row, {**row, "id": "e2", "quantity": "2"}, {**row, "id": "e2", "quantity": "2"}])
    assert events == [BookEvent("e1", SUB, None), BookEvent("e2", SUB, Decimal(2))]

"""Cash on account of a payment that went from one ledger to the other: books that agree, and one edit of them."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from synccore.domain.books import BookReceipt
from synccore.reconciliation.compare import compare
from synccore.reconciliation.matching import Books
from synccore.reconciliation.reasons import Reason, Reasons
from tests.synccore.reconciliation.books import NAMES, NOW, agreeing, bill

CASH = "L-SG01-2026-14"


def brings(books: Books) -> BookReceipt:
    """Bee paid 5,000 without a bill; that went to the new ledger, and 2,000 of it pay a bill of that."""
    for book in (books.platform, books.salesforce):
        book.documents.append(bill("SG-2", "SG", "SGD", 2_000, 0, status="paid" if book is books.platform else "Paid"))
        book.receipts.append(BookReceipt("p", CASH, "SG", "SGD", 5_000, "2026-01-06", (("SG-2", 2_000),)))
    books.salesforce.deals.append(replace(books.salesforce.deals[-1], id="006SG-2", net=1_900))
    books.ledgers["erp_cloud"].documents.append(bill("SG-2", "SG", "SGD", 2_000, 0, status=None))
    books.ledgers["erp_legacy"].receipts.append(BookReceipt("SG01-2026-14", CASH, "SG", "SGD", 5_000, "2026-01-06"))
    books.ledgers["erp_legacy"].cleared.append(CASH)
    cash = BookReceipt("9", CASH, "SG", "SGD", 5_000, "2026-01-09", (("SG-2", 2_000),))
    books.ledgers["erp_cloud"].brought.append(cash)
    return cash


def found(books: Books, reasons: Reasons | None = None) -> list[tuple[str, str, str, int]]:
    names = replace(NAMES, brought={"SG01-2026-14": 5_000}, owners={"invoice:SG-2": "erp_cloud"})
    outcome = compare(books, names, reasons or Reasons(), NOW)
    return [(one.code, one.system, one.document, one.amount) for one in outcome.breaks]


@pytest.mark.parametrize(("edit", "expected"), [
    (lambda _books, _cash: None, []),
    (lambda books, cash: books.ledgers["erp_cloud"].brought.append(cash), [("duplicate", "erp_cloud", CASH, -5_000)]),
    (lambda books, _cash: books.ledgers["erp_cloud"].brought.clear(),
     [("missing", "erp_cloud", CASH, 5_000), ("allocation_differs", "erp_cloud", "SG-2", 2_000)]),
    (lambda books, _cash: books.ledgers["erp_legacy"].cleared.clear(), [("extra", "erp_cloud", CASH, -5_000)]),
])  # fmt: skip
def test_cash_on_account_that_moved_is_carried_once(edit: Callable[[Books, BookReceipt], Any], expected: Any) -> None:
    books = agreeing()
    edit(books, brings(books))
    assert found(books) == expected


def test_cash_that_stands_in_both_ledgers_while_it_moves_is_no_break() -> None:
    books = agreeing()
    brings(books)
    books.ledgers["erp_legacy"].cleared.clear()
    waits = Reasons({CASH: Reason("waiting for window", "in a batch file", NOW)})
    assert found(books, waits) == []

"""One edit of books that agree: exactly that break, with its code, system and amount, and nothing invented."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from synccore.domain.books import Book, BookCustomer, BookDocument, BookEntry, BookReceipt, BookShare, Deletion, Names
from synccore.domain.keys import Keys
from synccore.domain.mappings import Entity
from synccore.ports.reports import CODES, Item
from synccore.reconciliation.blame import attributed
from synccore.reconciliation.compare import compare
from synccore.reconciliation.matching import Books, Outcome
from synccore.reconciliation.reasons import Reason, Reasons
from synccore.reconciliation.words import ACTIONS
from tests.synccore.reconciliation.books import NAMES, NOW, agreeing, bill

Edit = Callable[[Books], Any]


def found(edit: Edit, reasons: Reasons | None = None) -> Outcome:
    books = agreeing()
    edit(books)
    return compare(books, NAMES, reasons or Reasons(), NOW)


def seen(outcome: Outcome) -> list[tuple[str, str, str, int]]:
    return [(one.code, one.system, one.document, one.amount) for one in outcome.breaks]


def cloud(books: Books) -> Book:
    return books.ledgers["erp_cloud"]


def legacy(books: Books) -> Book:
    return books.ledgers["erp_legacy"]


def change(rows: list[Any], index: int, **facts: Any) -> None:
    rows[index] = replace(rows[index], **facts)


def delete_copy(books: Books) -> None:
    gone = books.salesforce.documents.pop(2)
    books.salesforce.deleted[gone.number] = Deletion(gone.number, "2026-01-09")


def delete_receipt(books: Books) -> None:
    """The ledger's payment of US-2 is deleted, which opens the invoice again there."""
    del cloud(books).receipts[1]
    cloud(books).deleted["NS-77"] = Deletion("NS-77", "2026-01-09", "clerk")
    change(cloud(books).documents, 1, open=20_100)


def delete_record(books: Books) -> None:
    """The platform's record of that payment is removed, which opens the bill there; sales was told so."""
    del books.platform.receipts[1]
    books.platform.deleted["NS-77"] = Deletion("NS-77", "2026-01-09")
    for rows in (books.platform.documents, books.salesforce.documents):
        change(rows, 1, open=20_100, status="payment_due" if rows is books.platform.documents else "Due")


def credited(books: Books, **shown: Any) -> None:
    """US-2 was credited, and the note is posted, and shown in sales so."""
    note = bill("US-7", "US", "USD", 1_000, 400, kind="credit", net=900, due=None, of="US-2", status="refund_due")
    books.platform.documents.append(note)
    cloud(books).documents.append(replace(note, status=None))
    books.salesforce.documents.append(replace(note, **{"modified": NOW - 5_000, **shown}))


def credit_copy_gone(books: Books) -> None:
    credited(books)
    gone = books.salesforce.documents.pop()
    books.salesforce.deleted[gone.number] = Deletion(gone.number, "2026-01-09")


def shared(books: Books) -> None:
    """US-1 is a bill of two contracts; sales knows a third one too, and not a fourth that has a part of it."""
    sales, extra = books.salesforce, books.salesforce.contracts[0]
    sales.contracts += [replace(extra, id="801", key="sub-006US-9"), replace(extra, id="802", key="sub-006US-2")]
    books.platform.contracts += [replace(books.platform.contracts[0], id=one.key, key=one.key)
                                 for one in sales.contracts[1:]]  # fmt: skip
    for book in (books.platform, sales):
        book.shares += [BookShare("s1", "US-1", "invoice", "sub-006US-1", "USD", 5_950, 50, NOW - 9_000),
                        BookShare("s2", "US-1", "invoice", "sub-006US-9", "USD", 4_050, 50, NOW - 9_000)]  # fmt: skip
    books.platform.shares.append(replace(sales.shares[0], contract="sub-006X", net=7, tax=0))


def cent_of_a_share(books: Books) -> None:
    shared(books)
    change(books.salesforce.shares, 1, net=4_049)


def share_gone(books: Books) -> None:
    shared(books)
    books.salesforce.shares.pop(1)
    books.salesforce.deleted["US-1/sub-006US-9"] = Deletion("US-1/sub-006US-9", "2026-01-09")


def reverse(books: Books) -> None:
    legacy(books).documents.clear()
    legacy(books).settled["SG-1"] = "SG01-2026-18"


def pay_twice(books: Books) -> None:
    books.platform.receipts.append(replace(books.platform.receipts[1], id="txn_3", applied=()))


def reapply(books: Books) -> None:
    change(cloud(books).receipts, 0, applied=(("US-2", 10_100),))
    change(cloud(books).documents, 0, open=10_100)
    change(cloud(books).documents, 1, open=-10_100)


def journal(books: Books) -> None:
    cloud(books).entries.append(BookEntry("JE-5", "US", "USD", 5_000, text="by hand"))


EDITS: tuple[tuple[str, Edit, list[tuple[str, str, str, int]]], ...] = (
    ("nothing", lambda books: None, []),
    ("a cent in sales", lambda books: change(books.salesforce.documents, 0, gross=10_101, net=10_001),
     [("amount_differs", "salesforce", "US-1", 0)]),
    ("a balance in sales", lambda books: change(books.salesforce.documents, 2, open=30_099),
     [("status_stale", "salesforce", "SG-1", 1)]),
    ("a date in sales", lambda books: change(books.salesforce.documents, 0, due="2026-03-01"),
     [("field_differs", "salesforce", "US-1", 0)]),
    ("a copy deleted", delete_copy, [("deleted", "salesforce", "SG-1", 30_100)]),
    ("a payment's copy gone", lambda books: books.salesforce.receipts.pop(0),
     [("missing", "salesforce", "CB:txn_1", 10_100)]),
    ("a posting gone", lambda books: cloud(books).documents.pop(0), [("missing", "erp_cloud", "US-1", 10_100)]),
    ("a posting edited by a cent", lambda books: change(cloud(books).documents, 0, gross=10_101, tax=101, open=1),
     [("amount_differs", "erp_cloud", "US-1", -1)]),
    ("a posting twice", lambda books: cloud(books).documents.append(replace(cloud(books).documents[0], id="X")),
     [("duplicate", "erp_cloud", "US-1", -10_100)]),
    ("an invoice of nobody's bill", lambda books: cloud(books).documents.append(bill("US-9", "US", "USD", 700, 700)),
     [("extra", "erp_cloud", "US-9", -700)]),
    ("a journal on the receivables", journal, [("extra", "erp_cloud", "journal JE-5", -5_000)]),
    ("a receipt deleted in the ledger", delete_receipt, [("deleted", "erp_cloud", "NS-77", 20_100)]),
    ("a receipt deleted in the platform", delete_record, [("deleted", "subscriptions", "NS-77", 20_100)]),
    ("a receipt recorded twice", pay_twice, [("duplicate", "subscriptions", "NS-77", -20_100)]),
    ("a receipt set against another bill", reapply, [("allocation_differs", "erp_cloud", "CB:txn_1", 0)]),
    ("a document reversed by the clerk", reverse, [("reversed", "erp_legacy", "SG-1", 30_100)]),
    ("a bill voided in the platform", lambda books: change(books.platform.documents, 2, status="voided"),
     [("missing", "subscriptions", "006SG-1", 30_000), ("extra", "erp_legacy", "SG-1", -30_100),
      ("status_stale", "salesforce", "SG-1", -30_100)]),
    ("a contract's end", lambda books: change(books.salesforce.contracts, 0, end="2028-01-04"),
     [("field_differs", "salesforce", "sub-006US-1", 0)]),
    ("a customer gone", lambda books: legacy(books).customers.clear(),
     [("customer_missing", "erp_legacy", "001000000000002AAA-SG", 0)]),
    ("a second customer", lambda books: cloud(books).customers.append(BookCustomer("901", "", "ACME", "US")),
     [("customer_duplicate", "erp_cloud", "001000000000001AAA-US", 0)]),
    ("a credit note that agrees", credited, []),
    ("a cent of a credit note's copy", lambda books: credited(books, gross=1_001, net=901),
     [("amount_differs", "salesforce", "US-7", 0)]),
    ("what is left of a credit note", lambda books: credited(books, open=900, status="refunded"),
     [("status_stale", "salesforce", "US-7", 500)]),
    ("a credit note's copy gone", credit_copy_gone, [("deleted", "salesforce", "US-7", -400)]),
    ("a credit note of nobody's", lambda books: (credited(books), books.salesforce.documents.append(
        replace(books.salesforce.documents[-1], number="US-8"))), [("extra", "salesforce", "US-8", 1_000)]),
    ("a credit note that was voided", lambda books: (credited(books, open=0, status="voided"),
        cloud(books).documents.pop(), change(books.platform.documents, -1, status="voided", open=0)), []),
    ("shares that agree", shared, []),
    ("a cent of a share", cent_of_a_share, [("amount_differs", "salesforce", "US-1", 1)]),
    ("a share gone", share_gone, [("deleted", "salesforce", "US-1", 4_100)]),
    ("a share never shown", lambda books: (shared(books), books.salesforce.shares.pop(1)),
     [("missing", "salesforce", "US-1", 4_100)]),
    ("a share of another contract", lambda books: (shared(books), books.salesforce.shares.append(
        replace(books.salesforce.shares[0], contract="sub-006US-2", net=500, tax=0))),
     [("extra", "salesforce", "US-1", -500)]),
    ("shares of a credit note that is none", lambda books: (shared(books), books.salesforce.shares.append(
        replace(books.salesforce.shares[0], number="US-9", kind="credit"))), [("extra", "salesforce", "US-9", -6_000)]),
    ("a row that makes no sense", lambda books: cloud(books).unread.append(("transaction 5", "no currency")),
     [("unreadable", "erp_cloud", "transaction 5", 0)]),
)  # fmt: skip


@pytest.mark.parametrize(("edit", "breaks"), [row[1:] for row in EDITS], ids=[row[0] for row in EDITS])
def test_an_edit_is_found_with_its_cause_and_nothing_is_invented(edit: Edit, breaks: list[Any]) -> None:
    outcome = found(edit)
    assert seen(outcome) == breaks
    assert outcome.items == []
    assert all(one.cause and one.action and one.owner for one in outcome.breaks)


def test_every_code_has_an_owner_and_an_action() -> None:
    assert set(ACTIONS) == set(CODES)


def given_back(books: Books) -> None:
    """A payment for no bill, and its refund, in all books."""
    for number, (key, amount) in enumerate((("CB:txn_8", 900), ("CB:txn_9", -900))):
        for book in (books.platform, cloud(books), books.salesforce):
            book.receipts.append(BookReceipt(f"g{number}", key, "US", "USD", amount, "2026-01-08"))


def refund_gone(books: Books) -> None:
    given_back(books)
    cloud(books).receipts.pop()


def refund_twice(books: Books) -> None:
    given_back(books)
    cloud(books).receipts.append(replace(cloud(books).receipts[-1], id="g9"))


@pytest.mark.parametrize(("edit", "breaks"), [
    (given_back, []),
    (refund_gone, [("missing", "erp_cloud", "CB:txn_9", -900)]),
    (refund_twice, [("amount_differs", "erp_cloud", "CB:txn_9", 900)]),
])  # fmt: skip
def test_money_that_went_back_is_compared_like_money_that_came_in(edit: Edit, breaks: list[Any]) -> None:
    assert seen(found(edit)) == breaks


def item(outcome: Outcome) -> list[tuple[str, str, int, str]]:
    return [(one.kind, one.document, one.amount, one.line) for one in outcome.items]


def test_what_has_a_reason_is_an_item_and_the_lines_hold() -> None:
    reasons = Reasons({"US-1": Reason("parked", "x00000001: closed period", NOW)})
    outcome = found(lambda books: cloud(books).documents.pop(0), reasons)
    assert outcome.breaks == []
    assert item(outcome) == [("parked", "US-1", 10_100, "billed = posted")]
    assert outcome.items[0].reason.startswith("x00000001")
    assert [line.unexplained for line in outcome.lines] == [0] * 10


def test_an_item_ages_into_a_break() -> None:
    old = Reasons({"US-1": Reason("in transit", "for ever", NOW - 86_400)})
    outcome = found(lambda books: cloud(books).documents.pop(0), old)
    assert seen(outcome) == [("overdue", "synccore", "US-1", 10_100)]
    assert isinstance(outcome.items[0], Item) and outcome.items[0].overdue


def test_cash_on_account_and_documents_of_others_are_items() -> None:
    def edit(books: Books) -> None:
        change(cloud(books).receipts, 1, amount=25_000)
        cloud(books).documents.append(replace(bill("", "US", "USD", 900, 900), account=None, customer=""))
        legacy(books).queued["SG-1"] = "51 F5 312 number exists"
        legacy(books).documents.clear()

    outcome = found(edit)
    assert seen(outcome) == []
    assert item(outcome) == [
        ("provisional", "SG-1", 30_100, "billed = posted"), ("provisional", "SG-1", 30_100, "open bills = receivables"),
        ("out of scope", "", -900, "billed = posted"), ("out of scope", "", -900, "open bills = receivables"),
        ("unapplied", "NS-77", -4_900, "receipts agree"), ("unapplied", "NS-77", 4_900, "open bills = receivables"),
    ]  # fmt: skip
    assert [line.unexplained for line in outcome.lines] == [0] * 10


def test_a_bill_in_the_other_ledger_is_named_and_one_in_both_is_a_duplicate() -> None:
    def move(books: Books) -> None:
        legacy(books).documents.append(cloud(books).documents.pop(0))

    assert item(found(move))[0][:2] == ("in the other ledger", "US-1")
    both = found(lambda books: legacy(books).documents.append(cloud(books).documents[0]))
    assert seen(both)[0][:3] == ("duplicate", "erp_legacy", "US-1")


def test_who_changed_a_record_after_our_last_write_has_edited_it() -> None:
    outcome = found(lambda books: change(books.salesforce.documents, 0, gross=1, modified=NOW - 10))
    ours = {"salesforce/bill/US-1": NOW - 100}
    one = attributed(outcome.breaks, outcome.modified, ours, Keys())[0]
    assert (one.code, one.cause[:22]) == ("edited", "edited in Salesforce a")
    late = {"salesforce/bill/US-1": NOW - 9}
    assert attributed(outcome.breaks, outcome.modified, late, Keys())[0].code == "amount_differs"


@pytest.mark.parametrize(
    ("open_there", "breaks"), [(44_500, []), (71_900, [("allocation_differs", "SG-1")])], ids=["its own", "by hand"]
)
def test_a_bill_settled_by_another_s_credit_may_be_settled_by_its_own_there(open_there: int, breaks: list[Any]) -> None:
    """Its own credit, set against something else by hand, stays a break."""

    def edit(books: Books) -> None:
        posted = legacy(books).documents
        change(books.platform.documents, 2, open=0, status="paid")
        change(posted, 0, open=open_there)
        change(books.salesforce.documents, 2, open=0)
        older = bill("CN-1", "SG", "SGD", 71_900, 0, kind="credit", status="refunded", elsewhere=(("SG-1", 71_900),))
        later = bill("CN-2", "SG", "SGD", 27_400, 27_400, kind="credit", status="refund_due", of="SG-1")
        books.platform.documents += [older, later]
        posted.append(replace(older, id="SG01-2026-9", open=71_900, status="open", elsewhere=()))
        legacy(books).settled["CN-2"] = "SG01-2026-10"

    told = [(code, document) for code, system, document, _ in seen(found(edit)) if system == "erp_legacy"]
    assert told == breaks


DUAL = {"ledger": "cloud", "on": "2026-02-01", "dual_from": "2026-01-01", "shadow": "4"}


@pytest.mark.parametrize(("change", "expected"), [
    ({}, []),
    ({"net": 29_000, "tax": 1_100}, [("amount_differs", "erp_cloud", "SG-1", 0)]),
    ({"on": "2026-01-06"}, [("field_differs", "erp_cloud", "SG-1", 0)]),
    ({"number": "SG-9"}, [("missing", "erp_cloud", "SG-1", 30_100), ("extra", "erp_cloud", "SG-9", 30_100)]),
])  # fmt: skip
def test_what_a_dual_run_has_is_what_was_billed(change: dict[str, Any], expected: list[Any]) -> None:
    entity = {**NAMES.entities["SG"].model_dump(), "subsidiary": "3", "cutover": DUAL}
    names, books = Names({**NAMES.entities, "SG": Entity.model_validate(entity)}), agreeing()
    cloud(books).shadows.append(replace(bill("SG-1", "SG", "SGD", 30_100, 0, status=None), **change))
    assert seen(compare(books, names, Reasons(), NOW)) == expected
    cloud(books).shadows.clear()
    waits = Reasons({"SG-1/shadow": Reason("in transit", "on its way", NOW)})
    assert seen(compare(books, names, waits, NOW)) == [], "nothing lacks that is on its way"


UNLIKE = "allocation_differs"


def moves(books: Books, **facts: Any) -> BookDocument:
    """SG-1 was half paid when its rest moved: the old ledger knows it by what paid it, the new one carries it."""
    for rows in (books.platform.documents, books.salesforce.documents):
        index = next(index for index, one in enumerate(rows) if one.number == "SG-1")
        change(rows, index, open=10_000)
    legacy(books).documents.clear()
    legacy(books).settled["SG-1"], legacy(books).cleared = "SG01-2026-18", ["SG-1"]
    item = replace(bill("SG-1", "SG", "SGD", 10_000, 10_000, status=None), id="9", tax=0, **facts)
    cloud(books).moved.append(item)
    return item


@pytest.mark.parametrize(("edit", "expected"), [
    (lambda _books, _item: None, []),
    (lambda books, item: cloud(books).moved.append(item), [("duplicate", "erp_cloud", "SG-1", -10_000)]),
    (lambda books, _item: change(cloud(books).moved, 0, tax=826), [("amount_differs", "erp_cloud", "SG-1", -826)]),
    (lambda books, _item: change(cloud(books).moved, 0, open=9_000), [(UNLIKE, "erp_legacy", "SG-1", 1_000)]),
    (lambda books, _item: cloud(books).moved.clear(), [(UNLIKE, "erp_legacy", "SG-1", 10_000)]),
    (lambda books, _item: legacy(books).cleared.clear(), [("extra", "erp_cloud", "SG-1", -10_000)]),
])  # fmt: skip
def test_an_open_item_that_moved_is_carried_once(edit: Callable[[Books, BookDocument], Any], expected: Any) -> None:
    books = agreeing()
    edit(books, moves(books))
    assert seen(compare(books, NAMES, Reasons(), NOW)) == expected


def test_what_stands_in_both_ledgers_while_it_moves_is_named_and_no_break() -> None:
    books = agreeing()
    moves(books)
    legacy(books).cleared.clear()
    waits = Reasons({"SG-1": Reason("waiting for window", "in a batch file", NOW)})
    assert seen(compare(books, NAMES, waits, NOW)) == []


def test_what_a_voided_bill_left_is_taken_back_where_it_had_moved_to() -> None:
    books = agreeing()
    moves(books)
    change(cloud(books).moved, 0, open=0)
    index = next(index for index, one in enumerate(books.platform.documents) if one.number == "SG-1")
    change(books.platform.documents, index, status="voided", open=0)
    change(books.salesforce.documents, next(i for i, one in enumerate(books.salesforce.documents)
                                            if one.number == "SG-1"), status="Voided", open=0)  # fmt: skip
    assert [one for one in seen(compare(books, NAMES, Reasons(), NOW)) if one[1] == "erp_cloud"] == []
    change(cloud(books).moved, 0, open=10_000)
    assert ("extra", "erp_cloud", "SG-1") in [one[:3] for one in seen(compare(books, NAMES, Reasons(), NOW))]


def test_a_discount_that_the_ledger_booked_with_the_payment_is_named() -> None:
    books = agreeing()
    bill_ = next(one for one in books.platform.documents if one.number == "SG-1")
    note = replace(bill_, id="SG-CN-7", number="SG-CN-7", kind="credit", gross=600, open=0, net=550, tax=50, of="SG-1")
    books.platform.documents.append(note)
    assert [one[:2] for one in seen(compare(books, NAMES, Reasons(), NOW))] == [
        ("missing", "erp_legacy"), ("missing", "salesforce")]  # fmt: skip
    books = agreeing()
    books.platform.documents.append(note)
    books.salesforce.documents.append(note)
    legacy(books).discounts["SG-1"] = 600
    outcome = compare(books, NAMES, Reasons(), NOW)
    assert seen(outcome) == []
    assert [(one.kind, one.document, one.amount) for one in outcome.items if one.document == "SG-CN-7"] == [
        ("out of scope", "SG-CN-7", -600)]  # fmt: skip


@pytest.mark.parametrize(("given_up", "expected"), [
    (True, []), (False, [("amount_differs", "erp_cloud", "US-CN-7", 0)]),
])  # fmt: skip
def test_what_was_given_up_may_be_booked_without_tax(given_up: bool, expected: Any) -> None:
    books = agreeing()
    note = bill("US-CN-7", "US", "USD", 1_000, 0, kind="credit", net=900, tax=100, of="US-1", given_up=given_up)
    books.platform.documents.append(note)
    books.salesforce.documents.append(note)
    cloud(books).documents.append(replace(note, id="77", net=1_000, tax=0, status=None))
    assert seen(compare(books, NAMES, Reasons(), NOW)) == expected


def test_a_credit_that_waits_explains_what_its_bill_has_open() -> None:
    books = agreeing()
    note = bill("US-CN-7", "US", "USD", 1_000, 0, kind="credit", of="US-2")
    books.platform.documents.append(note)
    change(cloud(books).documents, 1, open=1_000)
    assert {one[0] for one in seen(compare(books, NAMES, Reasons(), NOW))} == {"missing", "allocation_differs"}
    waits = Reasons({"US-CN-7": Reason("waiting for window", "in a batch file", NOW)})
    assert seen(compare(books, NAMES, waits, NOW)) == []

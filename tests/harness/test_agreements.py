"""Contracts in the books: each judge holds on an amended and a renewed contract and turns red on one edit."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.agreements import of_their_deals
from harness.canon import Account, Canon, Contract, Deal, Document, Term, Told
from harness.checkers import Case, judge
from harness.tieout import Excuses, tie_out

ANNUAL = {"months": 12, "entity": "US", "running": True, "renews": True}


def bill(number: str, net: int, starts: str, **facts: object) -> Document:
    base = Document(
        "subscriptions", number, number, "invoice", "001A", "US", "USD", net, 0, net, 0, starts, "", "paid",
        subscription="sub-1", starts=starts,
    )  # fmt: skip
    return replace(base, **facts)  # type: ignore[arg-type]


SHOWN = {"invoice": "Paid", "credit": "paid"}  # what sales calls a status of the platform


def books() -> Canon:
    """10 seats of 120.00 from January 2025; 5 more in mid-term; 12 from January 2026, decided in June; the customer
    takes 2 away in April 2026, on a bill that is paid.
    """
    own = Contract("subscriptions", "sub-1", "sub-1", "006A", "001A", "USD", "2026-01-01", "2026-12-31", "active",
                   144_000 - 17_425, quantity=10, recurring=120_000, next_recurring=120_000, **ANNUAL)  # fmt: skip
    copy = Contract("salesforce", "800A", "sub-1", "006A", "001A", "USD", "2026-01-01", "2026-12-31", "Activated",
                    144_000 - 17_425, quantity=10, renewal="Renewed")  # fmt: skip
    change = {"kind": "amendment", "contract": "800A", "won_at": 2.0}
    credit = {"kind": "credit", "reason": "subscription_change", "deal": "", "of": "US-1"}
    documents = [
        bill("US-1", 120_000, "2025-01-01", deal="006A"), bill("US-2", 130_685, "2025-04-11"),
        bill("US-CN-1", 87_123, "2025-04-11", **credit), bill("US-3", 144_000, "2026-01-01"),
        bill("US-CN-2", 17_425, "2026-04-11", **credit),
    ]  # fmt: skip
    canon = Canon(
        accounts={"001A": Account("001A", "Acme", "US")},
        deals=[
            Deal("006A", "Acme", "001A", "US", "USD", 120_000, "2025-01-01", 1, 1.0, recurring=120_000),
            Deal("006B", "Acme up", "001A", "US", "USD", 60_000, "2025-04-11", 1, recurring=60_000, **change),
            Deal("006C", "Acme again", "001A", "US", "USD", 144_000, "2025-06-01", 1, 3.0, "renewal", "800A", 144_000),
        ],
        contracts=[own, copy],
        terms=[
            Term("ct1", "sub-1", "2025-01-01", "2025-12-31", 1, 120_000 + 130_685 - 87_123, "completed"),
            Term("ct2", "sub-1", "2026-01-01", "2026-12-31", 1, 144_000 - 17_425, "active"),
        ],
        told=[
            Told("a1", "sub-1@2", "800A", "Amendment", "sales", "006B", 15, "2025-04-11"),
            Told("a2", "ct2", "800A", "Renewal", "sales", "006C", 12, "2026-01-01"),
            Told("a3", "sub-1@9", "800A", "Amendment", "platform", "", 10, "2026-04-11"),
        ],
        documents=[*documents, *(replace(one, system="erp_cloud") for one in documents),
                   *(replace(one, system="salesforce", status=SHOWN[one.kind], posted_as=one.id, deal="006A")
                     for one in documents)],
    )  # fmt: skip
    return of_their_deals(canon)


def case(canon: Canon, changed: frozenset[str] | None = frozenset(("sub-1 2026-04-11",))) -> Case:
    excuses = Excuses()
    excuses.customers_changed = changed
    return Case(canon, excuses)


def broken(one: Case) -> set[str]:
    return {verdict.invariant for verdict in judge(one) if verdict.outcome == "broken"}


def test_each_bill_stands_under_the_deal_behind_it() -> None:
    behind = {one.key: one.deal for one in books().bills()}
    assert behind == {"US-1": "006A", "US-2": "006B", "US-CN-1": "006B", "US-3": "006C", "US-CN-2": ""}


def test_what_is_sold_by_the_year_and_billed_by_the_day_is_named() -> None:
    assert broken(case(books())) == set()
    won, worth = tie_out(books(), case(books()).excuses)[:2]
    assert [(item.kind, item.document, item.amount) for item in won.items] == [
        ("proration", "006B", 60_000 - 43_562), ("born in the platform", "sub-1 from 2026-01-01", 17_425),
    ]  # fmt: skip
    assert (won.a, won.b, won.unexplained) == (324_000, 163_562 + 126_575, 0)
    assert (worth.name, worth.a, worth.b) == ("contract = billed + to come", 290_137, 290_137)


def put(rows: list, number: int, **facts: object) -> None:
    rows[number] = replace(rows[number], **facts)


def before_the_deal(canon: Canon, seats: int) -> None:
    """A customer's change of the contract just before five seats more are carried out, which make 15 of them."""
    put(canon.deals, 1, seats=5)
    canon.told.append(Told("a4", "sub-1@1", "800A", "Amendment", "platform", "", seats, "2025-04-11"))


EDITS: list[tuple[str, str, Callable[[Canon], object]]] = [
    ("I5", "a term worth more than its deal", lambda c: put(c.terms, 0, value=163_563)),
    ("I5", "an amendment that was charged in full", lambda c: (
        put(c.documents, 1, net=180_000), put(c.terms, 0, value=212_877))),
    ("I5", "a bill of the contract that nobody reckoned with", lambda c: put(c.documents, 3, net=144_001)),
    ("I5", "a renewal that is neither in force nor scheduled", lambda c: c.deals.append(
        replace(c.deals[2], id="006D", closed_on="2026-05-01", net=180_000, recurring=180_000))),
    ("I4", "a renewal that sales is not told of", lambda c: c.told.pop(1)),
    ("I4", "a billing period told as a renewal", lambda c: c.told.append(replace(c.told[1], id="a9", deal=""))),
    ("I4", "a renewal under no deal", lambda c: put(c.told, 1, deal="")),
    ("I4", "an amendment told twice", lambda c: c.told.append(replace(c.told[0], id="a9"))),
    ("I4", "the customer's change not told", lambda c: c.told.pop(2)),
    ("I4", "a change by the customer that the deal undid", lambda c: before_the_deal(c, 12)),
    ("I4", "stale seats in Salesforce", lambda c: put(c.contracts, 1, quantity=12)),
    ("I4", "a stale value in Salesforce", lambda c: put(c.contracts, 1, value=144_000)),
    ("I2", "an amendment forgotten", lambda c: c.deals.append(replace(c.deals[1], id="006D", closed_on="2026-05-01"))),
    ("I2", "a credit note not posted", lambda c: c.documents.pop(7)),
]  # fmt: skip


@pytest.mark.parametrize(("invariant", "what", "edit"), EDITS, ids=[what for _, what, _ in EDITS])
def test_an_edit_is_seen(invariant: str, what: str, edit: Callable[[Canon], object]) -> None:
    canon = books()
    edit(canon)
    assert invariant in broken(case(canon)), what


def test_a_change_by_the_customer_that_the_deal_added_to_is_right() -> None:
    canon = books()
    before_the_deal(canon, 10)
    assert broken(case(canon, frozenset(("sub-1 2026-04-11", "sub-1 2025-04-11")))) == set()


def test_a_change_without_deal_or_customer_is_nobodys() -> None:
    assert {"I5", "I31"} <= broken(case(books(), frozenset()))
    assert broken(case(books(), None)) == set()


def test_credit_on_account_in_a_ledger_is_named_on_both_documents() -> None:
    canon = books()
    put(canon.documents, 3, open=44_000)
    put(canon.documents, 13, open=44_000)
    put(canon.documents, 2, of="US-1", applied=(("US-3", 100_000),))
    for number, still_open in ((7, 100_000), (8, 144_000)):
        put(canon.documents, number, system="erp_legacy", open=still_open)
    line = next(one for one in tie_out(canon, Excuses()) if one.name == "open bills = receivables")
    assert [(item.kind, item.document, item.amount) for item in line.items] == [
        ("unapplied", "US-CN-1", 100_000), ("unapplied", "US-3", -100_000),
    ]  # fmt: skip
    assert line.holds


@pytest.mark.parametrize(("used", "holds"), [(30_000, True), (100_000, True), (100_001, False)])
def test_a_bill_settled_by_another_s_credit_is_settled_by_its_own_in_the_ledger(used: int, holds: bool) -> None:
    canon = books()
    put(canon.documents, 3, open=44_000)
    put(canon.documents, 13, open=44_000)
    put(canon.documents, 2, of="US-1", applied=(("US-3", 100_000),))
    for number, still_open in ((7, 100_000), (8, 144_000 - used)):
        put(canon.documents, number, system="erp_legacy", open=still_open)
    later = replace(canon.documents[2], id="US-CN-9", key="US-CN-9", of="US-3", gross=used, open=used, applied=())
    canon.documents += [later, replace(later, system="erp_legacy", id="9", open=0)]
    line = next(one for one in tie_out(canon, Excuses()) if one.name == "open bills = receivables")
    assert line.holds is holds, line.breaks
    items = {item.document: item.amount for item in line.items if item.kind == "unapplied" and "ledger" in item.reason}
    if holds:
        assert items == {key: worth for key, worth in (
            ("US-CN-1", 100_000), ("US-3", used - 100_000), ("US-CN-9", -used)) if worth}  # fmt: skip

"""What may be healed is a copy, and only when it differs; the daily time holds through changes of clocks."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from synccore.domain.keys import Keys
from synccore.reconciliation import compare
from synccore.reconciliation.healing import healings
from synccore.reconciliation.matching import Books
from synccore.reconciliation.reasons import Reasons
from synccore.reconciliation.schedule import next_at
from tests.synccore.reconciliation.books import NAMES, NOW, A, B, agreeing, bill


def healed(books: Books) -> list[tuple[str, str, str, dict[str, str]]]:
    found = compare(books, NAMES, Reasons(), NOW)
    return [(one.process, one.partition, one.effect, one.argument) for one in healings(Keys(), books, found.breaks)]


def test_books_that_agree_need_no_healing() -> None:
    assert healed(agreeing()) == []


def test_each_kind_of_copy_is_written_anew_by_the_process_that_writes_it() -> None:
    books = agreeing()
    sales, cloud = books.salesforce, books.ledgers["erp_cloud"]
    sales.documents[0] = replace(sales.documents[0], gross=10_101, net=10_001)
    sales.documents.pop(2)
    books.platform.documents.append(note := bill("US-CN-7", "US", "USD", 1_000, 0, kind="credit", due=None, of="US-2"))
    cloud.documents.append(replace(note, status=None))
    sales.receipts.pop(1)
    sales.contracts[0] = replace(sales.contracts[0], end="2027-01-05")
    cloud.customers.clear()
    assert sorted(healed(books)) == [
        ("contract-status", A, "salesforce/contract/sub-006US-1", {"subscription": "sub-006US-1"}),
        ("credit-publication", A, "salesforce/credit/US-CN-7", {"credit": "US-CN-7"}),
        ("customer-sync", A, f"erp_cloud/customer/CB-{A}-US", {"account": A}),
        ("invoice-publication", A, "salesforce/bill/US-1", {"invoice": "US-1"}),
        ("invoice-publication", B, "salesforce/bill/SG-1", {"invoice": "SG-1"}),
        ("payment-status", A, "salesforce/receipt/NS-77", {"receipt": "NS-77"}),
    ]


def test_facts_are_never_healed() -> None:
    books = agreeing()
    cloud = books.ledgers["erp_cloud"]
    cloud.documents[0] = replace(cloud.documents[0], gross=10_101, net=10_001)
    cloud.documents.pop(1)
    cloud.receipts.pop(0)
    books.platform.receipts.pop(1)
    books.ledgers["erp_legacy"].documents.clear()
    assert {one.system for one in compare(books, NAMES, Reasons(), NOW).breaks} >= {"erp_cloud", "erp_legacy"}
    assert healed(books) == []


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("now", "time", "zone", "found"),
    [
        ("2026-01-05T09:00", "06:00", "UTC", "2026-01-06T06:00"),
        ("2026-01-05T05:59", "06:00", "UTC", "2026-01-05T06:00"),
        ("2026-01-05T06:00", "06:00", "UTC", "2026-01-06T06:00"),
        ("2026-01-05T09:00", "06:00", "America/New_York", "2026-01-05T11:00"),
        ("2026-03-07T12:00", "02:30", "America/New_York", "2026-03-08T07:30"),  # left out: an hour later on the clock
        ("2026-10-31T12:00", "01:30", "America/New_York", "2026-11-01T05:30"),  # comes twice: the first
        ("2026-11-01T05:30", "01:30", "America/New_York", "2026-11-02T06:30"),
    ],
)
def test_the_next_time_of_day(now: str, time: str, zone: str, found: str) -> None:
    assert next_at(at(now), time, zone) == at(found)


def test_no_time_of_day_means_on_demand_alone() -> None:
    assert next_at(NOW, "", "UTC") is None

"""Ledger rows that do not carry our key are still read as what they are."""

from harness.books_ledgers import cloud
from harness.canon import Canon, Correlation, Customer, Document

HEAD = {
    "object": "invoice", "currency": "USD", "subsidiary": "1", "total": "10.00", "taxTotal": "0.00",
    "amountRemaining": "10.00", "tranDate": "2026-01-05", "createdDate": "2026-01-05T09:00:00Z", "status": "A",
    "tranId": "US-000001",
}  # fmt: skip
CORRELATION = Correlation(subsidiaries={"1": "US"})


def read(*rows: dict[str, object]) -> Canon:
    canon = Canon(
        customers=[Customer("subscriptions", "001A-US", "001A", "US", "Acme")],
        documents=[Document(
            "subscriptions", "US-000001", "US-000001", "invoice", "001A", "US", "USD", 1000, 0, 1000, 1000,
            "2026-01-05", "2026-02-04", "payment_due",
        )],
    )  # fmt: skip
    parties = [{"object": "customer", "id": entity, "externalId": key, "subsidiary": "1"}
               for entity, key in (("501", "CB-001A-US"), ("502", "somebody"))]  # fmt: skip
    cloud({"document": list(rows), "party": parties}, canon, CORRELATION)
    return canon


def test_a_second_posting_without_our_key_is_known_by_its_number() -> None:
    canon = read(
        {**HEAD, "id": "1", "externalId": "CBINV-US-000001", "entity": "501", "entityExternalId": "CB-001A-US"},
        {**HEAD, "id": "2", "entity": "501", "entityExternalId": "CB-001A-US"},
        {**HEAD, "id": "3", "tranId": "INV77", "entity": "502", "entityExternalId": "somebody"},
    )
    assert [(row.id, row.key, row.account) for row in canon.postings()] == [
        ("1", "US-000001", "001A"), ("2", "US-000001", "001A"), ("3", "", ""),
    ]  # fmt: skip


def test_a_customer_under_another_key_is_whose_bills_it_carries() -> None:
    canon = read({**HEAD, "id": "1", "externalId": "CBINV-US-000001", "entity": "502", "entityExternalId": "somebody"})
    assert [(row.id, row.account) for row in canon.customers if row.system == "erp_cloud"] == [
        ("501", "001A"), ("502", "001A"),
    ]  # fmt: skip

"""Four books that agree: a cloud bill paid by card, one paid by transfer, and a legacy bill that is open."""

from typing import Any

from synccore.domain.books import (
    Book,
    BookContract,
    BookCustomer,
    BookDeal,
    BookDocument,
    BookReceipt,
    Names,
)
from synccore.domain.mappings import Entity
from synccore.reconciliation.matching import Books

US = Entity(name="US", currencies=("USD",), ledger="cloud", subsidiary="1")
SG = Entity(name="SG", currencies=("SGD",), ledger="legacy", company_code="SG01")
NAMES = Names({"US": US, "SG": SG})
A, B = "001000000000001AAA", "001000000000002AAA"
NOW = 1_000_000.0


def bill(number: str, entity: str, currency: str, gross: int, open_: int, **more: Any) -> BookDocument:
    account = A if entity == "US" else B
    facts: dict[str, Any] = {
        "net": gross - 100, "tax": 100, "on": "2026-01-05", "due": "2026-02-04", "status": "paid", "account": account,
        "customer": f"{account}-{entity}", "deal": f"006{number}",
    }  # fmt: skip
    return BookDocument(
        number, number, more.pop("kind", "invoice"), entity, currency, gross, open_, **{**facts, **more}
    )


def agreeing() -> Books:
    """Fresh books without a difference."""
    card = BookReceipt("txn_1", "CB:txn_1", "US", "USD", 10_100, "2026-01-06", (("US-1", 10_100),))
    cash = BookReceipt("txn_2", "NS-77", "US", "USD", 20_100, "2026-01-07", (("US-2", 20_100),))
    bills = [
        bill("US-1", "US", "USD", 10_100, 0), bill("US-2", "US", "USD", 20_100, 0),
        bill("SG-1", "SG", "SGD", 30_100, 30_100, status="payment_due"),
    ]  # fmt: skip
    platform = Book(
        "subscriptions", documents=bills, receipts=[card, cash],
        customers=[BookCustomer(f"{A}-US", f"{A}-US", "Acme", "US", A),
                   BookCustomer(f"{B}-SG", f"{B}-SG", "Bee", "SG", B)],
        contracts=[BookContract("sub-006US-1", "sub-006US-1", "006US-1", "USD", "2026-01-05", "2027-01-04", "active",
                                10_000)],
    )  # fmt: skip
    salesforce = Book(
        "salesforce",
        deals=[BookDeal(one.deal, f"deal {one.number}", one.account or "", one.entity, one.currency, one.net or 0,
                        "2026-01-05") for one in bills],
        contracts=[BookContract("800", "sub-006US-1", "006US-1", "USD", "2026-01-05", "2027-01-04", "Activated",
                                10_000)],
        documents=[bill(one.number, one.entity, one.currency, one.gross, one.open, modified=NOW - 5000,
                        status={"paid": "Paid", "payment_due": "Due"}[one.status or ""]) for one in bills],
        receipts=[BookReceipt("a1", "CB:txn_1", "US", "USD", 10_100, applied=(("US-1", 10_100),)),
                  BookReceipt("a2", "NS-77", "US", "USD", 20_100, applied=(("US-2", 20_100),))],
    )  # fmt: skip
    cloud = Book(
        "erp_cloud", customers=[BookCustomer("900", f"{A}-US", "Acme", "US", A)],
        documents=[bill("US-1", "US", "USD", 10_100, 0, status=None, modified=NOW - 5000),
                   bill("US-2", "US", "USD", 20_100, 0, status=None, modified=NOW - 5000)],
        receipts=[BookReceipt("70", "CB:txn_1", "US", "USD", 10_100, "2026-01-06", (("US-1", 10_100),)),
                  BookReceipt("77", "NS-77", "US", "USD", 20_100, "2026-01-07", (("US-2", 20_100),))],
    )  # fmt: skip
    legacy = Book(
        "erp_legacy", customers=[BookCustomer("0000900001", f"{B}-SG", "", "SG", B)],
        documents=[BookDocument("SG01-2026-18", "SG-1", "invoice", "SG", "SGD", 30_100, 30_100, on="2026-01-05",
                                status="open", account=B, customer=f"{B}-SG")],
    )  # fmt: skip
    return Books(salesforce, platform, {"erp_cloud": cloud, "erp_legacy": legacy})

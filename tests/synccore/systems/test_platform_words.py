"""A word of the platform that nobody has heard of is drift of that record, and no case of what is known."""

from typing import Any

import pytest

from synccore.ports.systems import Drifted
from synccore.systems import platform_values

INVOICE = {"id": "US-1", "customer_id": "c", "status": "paid", "total": 10, "currency_code": "USD"}
TRANSACTION = {"id": "txn_1", "status": "success", "type": "payment", "currency_code": "USD", "amount": 10}


@pytest.mark.parametrize("status", sorted(platform_values.KNOWN["invoice"]["status"]))
def test_known_words_are_taken(status: str) -> None:
    assert platform_values.bill({**INVOICE, "status": status}).status == status


@pytest.mark.parametrize(
    ("read", "row", "member"),
    [
        (platform_values.bill, INVOICE, "status"), (platform_values.payment, TRANSACTION, "status"),
        (platform_values.payment, TRANSACTION, "type"),
    ],
)  # fmt: skip
def test_another_word_says_what_was_expected_and_what_came(read: Any, row: dict[str, Any], member: str) -> None:
    with pytest.raises(Drifted) as caught:
        read({**row, member: "in_limbo"})
    drift = caught.value
    assert (drift.field, drift.came) == (member, "in_limbo") and row[member] in drift.expected

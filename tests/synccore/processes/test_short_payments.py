"""What a payment leaves open, and the reasons that policy knows for just so much."""

import pytest

from synccore.domain.bills import Bill
from synccore.processes.short_payments import withheld

POLICY = {"reasons": {"nothing": {}, "withholding": {"percent": "10"}, "levy": {"percent": 2.5}}}


@pytest.mark.parametrize(("net", "tax", "due", "reason"), [
    (10_000, 0, 1_000, "withholding"),
    (10_000, 0, 250, "levy"),
    (10_000, 0, 999, ""),
    (10_001, 0, 1_000, ""),  # a share that is no whole number of minor units is nobody's
    (10_000, 900, 1_000, ""),  # a write-off would lower the tax that is owed on the sale
])  # fmt: skip
def test_a_reason_explains_its_share_of_an_untaxed_bill_alone(net: int, tax: int, due: int, reason: str) -> None:
    bill = Bill(id="US-1", customer_id="c", status="not_paid", issued_at=0, currency="USD", net=net, tax=tax,
                gross=net + tax, due=due)  # fmt: skip
    assert withheld(POLICY, bill) == reason
    assert not tax or withheld({**POLICY, "tax": "keep"}, bill) == "withholding", "posted without tax, it lowers none"

"""Money for no bill after an entity has moved: an old customer follows it into the new ledger."""

from collections.abc import Iterator

import pytest

from harness.sandbox import Sandbox, SimulatedHost

MOVED = """
- customer: {id: changi, name: Changi Logistics, entity: SG, country: SG, city: Singapore, tax_id: 201055555M}
- deal: {id: c, customer: changi, lines: [{sku: ONBOARD}]}
- close: c
- settle
- advance: 2d
- transfer: c
- advance: 2d
- cutover: {entity: SG, ledger: cloud, on: 2026-01-12}
- advance: {until: 2026-01-12T03:00:00Z}
"""


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    host = SimulatedHost("default", "2026-01-05T01:00:00Z")
    yield host.fresh()
    host.close()


def test_a_payment_on_account_brings_its_customer_into_the_new_ledger(sandbox: Sandbox):
    sandbox.play(MOVED)
    assert sandbox._play is not None
    stage = sandbox._play.stage
    customer = f"{stage.buyer('changi').account_id}-SG"
    paid = {"transaction[amount]": 10_000, "transaction[payment_method]": "bank_transfer",
            "transaction[date]": int(sandbox.world.now()), "transaction[currency_code]": "SGD"}  # fmt: skip
    sandbox.run(stage.platform.do(f"/customers/{customer}/record_excess_payment", paid))
    sandbox.settle()
    evidence = sandbox.evidence()
    assert not [row for row in evidence.work if row["process"] == "payment-status"], evidence.work
    (receipt,) = (one for one in evidence.canon.receipts_of("erp_cloud"))
    assert (receipt.amount, receipt.applied) == (10_000, ())
    assert sandbox.judged()[1] == []

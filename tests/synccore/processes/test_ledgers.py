"""Money that cannot be booked as the platform applies it waits for a person."""

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from synccore.domain.bills import Application, Payment, Receipt
from synccore.domain.keys import Keys
from synccore.domain.mappings import Entity
from synccore.ports.outcomes import Parked
from synccore.processes.ledger_facts import LedgerFacts
from synccore.processes.ledger_receipts import told_by_itself
from synccore.processes.money_back import taken_from
from synccore.processes.payment_status import of_one_customer, within_one_ledger

SG = Entity(name="SG", currencies=("SGD",), ledger="legacy", company_code="SG01", subsidiary="3")


def held_by(ledger: str) -> LedgerFacts:
    return LedgerFacts("001A", "SG", SG.model_copy(update={"ledger": ledger}), None, {}, "7", "d1")


def test_a_payment_of_bills_in_two_ledgers_is_for_a_person() -> None:
    parts = (Application(bill="SG-1", amount=60), Application(bill="SG-2", amount=40))
    payment = Payment(id="txn1", kind="payment", customer_id="c1", currency="SGD", amount=100, linked=parts,
                      status="success", received_at=0.0)  # fmt: skip
    homes = {"SG-1": held_by("legacy"), "SG-2": held_by("cloud")}
    within_one_ledger(payment, held_by("legacy"), {**homes, "SG-2": held_by("legacy")})
    with pytest.raises(Parked, match="SG-2 in another ledger") as parked:
        within_one_ledger(payment, held_by("legacy"), homes)
    assert [finding.kind for finding in parked.value.findings] == ["payment_over_ledgers"]


def test_a_payment_of_a_moved_bill_and_another_customers_is_for_a_person() -> None:
    parts = (Application(bill="SG-1", amount=60), Application(bill="SG-2", amount=40))
    payment = Payment(id="txn1", kind="payment", customer_id="c2", currency="SGD", amount=100, linked=parts,
                      status="success", received_at=0.0)  # fmt: skip
    former = held_by("cloud")
    of_one_customer(payment, former, {"SG-1": former, "SG-2": former})
    with pytest.raises(Parked, match="SG-2, which the ledger has under another customer") as parked:
        of_one_customer(payment, former, {"SG-1": former, "SG-2": replace(former, customer="8")})
    assert [finding.kind for finding in parked.value.findings] == ["payment_over_customers"]


def test_what_is_given_back_of_cash_that_moved_is_for_a_person() -> None:
    back = Payment(id="txn9", kind="refund", customer_id="c1", currency="SGD", amount=40, status="success",
                   received_at=0.0)  # fmt: skip
    source = back.model_copy(update={"id": "txn8", "kind": "payment", "reference": "L-SG01-2026-14"})
    ctx: Any = SimpleNamespace(keys=Keys())

    def unit(carried_by: str | None) -> Any:
        return SimpleNamespace(links=SimpleNamespace(external=lambda *_names: carried_by))

    assert taken_from(ctx, unit(None), back, source, held_by("legacy")) == {"SG01-2026-14": 40}
    with pytest.raises(Parked, match="L-SG01-2026-14, whose cash") as parked:
        taken_from(ctx, unit("1001"), back, source, held_by("legacy"))
    assert [finding.kind for finding in parked.value.findings] == ["payment_over_ledgers"]


def test_what_a_clerk_has_given_back_says_itself_what_it_is_while_nobody_remembers() -> None:
    class Cloud:
        async def credit_key(self, internal_id: str) -> str:
            return {"1": "CBCN-US-CN-1"}.get(internal_id, "")

        async def receipt(self, internal_id: str) -> Receipt:
            return Receipt(key={"3": "CBTXN-txn3"}.get(internal_id, internal_id))

    def told(source: str) -> str:
        ctx: Any = SimpleNamespace(keys=Keys())
        cloud: Any = Cloud()
        return asyncio.run(told_by_itself(ctx, cloud, source))

    assert [told("creditMemo:1"), told("creditMemo:2")] == ["CN:US-CN-1", ""]
    assert [told("customerPayment:3"), told("customerPayment:4")] == ["CB:txn3", "NS-4"]

"""A fake cloud ERP behind its port: customers, invoices and payments that are unique by external id."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from synccore.domain.bills import Application, Payment, Receipt
from synccore.ports.postings import Booking, Posting
from synccore.ports.rows import Row
from synccore.ports.systems import Found, Rejected
from tests.synccore.processes.wire import Wire, unique


class FakeCloud:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.catalogue = {"SUB-PLATFORM": "501", "SVC-ONBOARD": "502"}
        self.customers: dict[str, dict[str, Any]] = {}
        self.invoices: dict[str, Posting] = {}
        self.payments: dict[str, dict[str, Any]] = {}
        self.closed = False

    def transfer(self, number: str, amount: int) -> None:
        """The cash clerk books a customer's transfer."""
        external = next(key for key, posting in self.invoices.items() if posting.number == number)
        invoice = str(list(self.invoices).index(external) + 100)
        self.payments[f"clerk-{len(self.payments)}"] = {
            "external": "", "customer": self.invoices[external].customer, "amount": amount,
            "applied": {invoice: amount}, "at": self.wire.clock.at,
        }  # fmt: skip

    async def items(self, external_ids: Sequence[str]) -> dict[str, str]:
        found = {key: self.catalogue[key] for key in external_ids if key in self.catalogue}
        return await self.wire.act("cloud.items", lambda: found)

    async def customer(self, external_id: str) -> Found | None:
        def read() -> Found | None:
            return Found(self._customer_id(external_id)) if external_id in self.customers else None

        return await self.wire.act("cloud.customer", read)

    def _customer_id(self, external_id: str) -> str:
        return str(list(self.customers).index(external_id) + 10)

    async def create_customer(self, external_id: str, fields: Mapping[str, Any]) -> str:
        def write() -> str:
            unique("erp_cloud", self.customers, external_id)
            self.customers[external_id] = dict(fields)
            return self._customer_id(external_id)

        return await self.wire.act("cloud.create_customer", write, write=True)

    async def update_customer(self, internal_id: str, fields: Mapping[str, Any]) -> str:
        def write() -> str:
            self.customers[list(self.customers)[int(internal_id) - 10]].update(fields)
            return internal_id

        return await self.wire.act("cloud.update_customer", write, write=True)

    async def invoice(self, external_id: str, currency: str) -> Found | None:
        def read() -> Found | None:
            posting = self.invoices.get(external_id)
            return Found(self._invoice_id(external_id), posting.gross) if posting else None

        return await self.wire.act("cloud.invoice", read)

    def _invoice_id(self, external_id: str) -> str:
        return str(list(self.invoices).index(external_id) + 100)

    async def invoice_key(self, internal_id: str) -> str:
        return await self.wire.act("cloud.invoice_key", lambda: list(self.invoices)[int(internal_id) - 100])

    async def create_invoice(self, posting: Posting) -> str:
        def write() -> str:
            if self.closed:
                raise Rejected("erp_cloud", "record.create:invoice", 400, "USER_ERROR", "The posting period is closed.")
            unique("erp_cloud", self.invoices, posting.external_id)
            self.invoices[posting.external_id] = posting
            return self._invoice_id(posting.external_id)

        return await self.wire.act("cloud.create_invoice", write, write=True)

    async def payment(self, external_id: str, currency: str) -> Found | None:
        def read() -> Found | None:
            known = self.payments.get(external_id)
            return Found(self._payment_id(external_id), known["amount"]) if known else None

        return await self.wire.act("cloud.payment", read)

    def _payment_id(self, key: str) -> str:
        return str(list(self.payments).index(key) + 900)

    async def create_payment(
        self, external_id: str, payment: Payment, customer: str, when: Booking, applied: Mapping[str, int]
    ) -> str:
        def write() -> str:
            unique("erp_cloud", self.payments, external_id)
            self.payments[external_id] = {
                "external": external_id, "customer": customer, "amount": payment.amount, "applied": dict(applied),
                "at": self.wire.clock.at,
            }  # fmt: skip
            return self._payment_id(external_id)

        return await self.wire.act("cloud.create_payment", write, write=True)

    async def changed_payments(self, since: str) -> list[Row]:
        def read() -> list[Row]:
            rows = []
            for key, payment in self.payments.items():
                at = datetime.fromtimestamp(int(payment["at"]), UTC).strftime("%Y-%m-%d %H:%M:%S")
                external = list(self.customers)[int(payment["customer"]) - 10]
                content = {"external_id": payment["external"], "customer": external}
                if at >= since:
                    rows.append(Row(self._payment_id(key), at, payment["customer"], content))
            return rows

        return await self.wire.act("cloud.changed_payments", read)

    async def deleted_payments(self, since: str) -> list[Row]:
        del since
        return []

    async def receipt(self, internal_id: str) -> Receipt | None:
        def read() -> Receipt:
            payment = list(self.payments.values())[int(internal_id) - 900]
            applied = tuple(Application(bill=doc, amount=amount) for doc, amount in payment["applied"].items())
            return Receipt(
                key=payment["external"] or internal_id, ours=bool(payment["external"]), currency="USD",
                amount=payment["amount"], received_on=date(2026, 1, 6), applied=applied,
            )  # fmt: skip

        return await self.wire.act("cloud.receipt", read)

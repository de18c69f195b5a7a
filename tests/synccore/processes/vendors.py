"""Fake sales and billing systems behind the ports of the processes: small books in memory."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from synccore.domain.agreements import Contracted
from synccore.domain.bills import Application, Bill, BillLine, Payment, Receipt
from synccore.domain.deals import Account, Deal, DealLine
from synccore.domain.money import share
from synccore.ports.feeds import FeedPage
from synccore.ports.rows import Row
from synccore.ports.systems import Found
from tests.synccore.processes.wire import Wire, unique

T = TypeVar("T")
NYC_TAX = "8.875"
PRICES = {
    "platform-USD-yearly": {"id": "platform-USD-yearly", "currency_code": "USD", "period": 1, "period_unit": "year"},
    "onboarding-USD": {"id": "onboarding-USD", "currency_code": "USD"},
    "platform-SGD-yearly": {"id": "platform-SGD-yearly", "currency_code": "SGD", "period": 1, "period_unit": "year"},
    "onboarding-SGD": {"id": "onboarding-SGD", "currency_code": "SGD"},
}


def stamp(at: float) -> str:
    return datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%S.000+0000")


class FakeSalesforce:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.accounts: dict[str, Account] = {}
        self.deals: dict[str, Deal] = {}
        self.stamps: dict[str, float] = {}
        self.contracts: dict[str, dict[str, Any]] = {}
        self.bills: dict[str, dict[str, Any]] = {}
        self.receipts: dict[str, dict[str, Any]] = {}
        self.status: dict[str, dict[str, Any]] = {}

    def remember_merged(self, into: Any) -> None:
        """Nothing is merged here."""

    def touch(self, record: str) -> None:
        self.stamps[record] = self.wire.clock.at

    def win(self, account: Account, deal_id: str, lines: Sequence[tuple[str, int, int]], **more: Any) -> None:
        """lines: (sku, quantity, unit price in minor units)."""
        rows = tuple(
            DealLine(
                id=f"{deal_id}-{n}", sku=sku, name=sku, quantity=quantity, unit_price=price, total=quantity * price
            )
            for n, (sku, quantity, price) in enumerate(lines)
        )
        amount = sum(row.total for row in rows)
        given = {"currency": "USD", "payment_method": "card", "term_months": 12, **more}
        self.accounts[account.id] = account
        self.deals[deal_id] = Deal(
            id=deal_id, name=deal_id, account=account, won=True, amount=amount, closed_on=date(2026, 1, 5), lines=rows,
            **given,
        )  # fmt: skip
        self.touch(account.id)
        self.touch(deal_id)

    async def deal(self, opportunity_id: str) -> Deal | None:
        def read() -> Deal | None:
            deal = self.deals.get(opportunity_id)
            return deal.model_copy(update={"account": self.accounts[deal.account.id]}) if deal else None

        return await self.wire.act("salesforce.deal", read)

    async def account(self, account_id: str) -> Account | None:
        return await self.wire.act("salesforce.account", lambda: self.accounts.get(account_id))

    async def changed_deals(self, since: str) -> list[Row]:
        def read() -> list[Row]:
            return [
                Row(deal.id, stamp(self.stamps[deal.id]), deal.account.id, self._content(deal))
                for deal in sorted(self.deals.values(), key=lambda deal: self.stamps[deal.id])
                if deal.won and stamp(self.stamps[deal.id]) >= since
            ]

        return await self.wire.act("salesforce.changed_deals", read)

    def _content(self, deal: Deal) -> dict[str, Any]:
        return {"Id": deal.id, "AccountId": deal.account.id, "Amount": str(deal.amount), "Name": deal.name}

    async def changed_accounts(self, since: str) -> list[Row]:
        def read() -> list[Row]:
            return [
                Row(account.id, stamp(self.stamps[account.id]), account.id, _account_content(account))
                for account in self.accounts.values()
                if stamp(self.stamps[account.id]) >= since
            ]

        return await self.wire.act("salesforce.changed_accounts", read)

    async def write_deal_status(self, opportunity_id: str, fields: Mapping[str, Any]) -> None:
        def write() -> None:
            self.status.setdefault(opportunity_id, {}).update(fields)
            self.touch(opportunity_id)

        await self.wire.act("salesforce.write_deal_status", write, write=True)

    async def write_activation(
        self, deal: Deal, contract: Mapping[str, Any] | None, opportunity: Mapping[str, Any], account: Mapping[str, Any]
    ) -> str:
        def write() -> str:
            if contract is not None:
                self.contracts[str(contract["Subscription_Id__c"])] = {**contract, "Status": "Activated"}
            self.status.setdefault(deal.id, {}).update(opportunity)
            self.status.setdefault(deal.account.id, {}).update(account)
            self.touch(deal.id)
            self.touch(deal.account.id)
            return f"800-{deal.id}" if contract is not None else ""

        return await self.wire.act("salesforce.write_activation", write, write=True)

    async def write_bill(self, number: str, fields: Mapping[str, Any]) -> None:
        def write() -> None:
            self.bills.setdefault(number, {}).update(fields)

        await self.wire.act("salesforce.write_bill", write, write=True)

    async def write_receipt(self, key: str, fields: Mapping[str, Any], number: str, bill: Mapping[str, Any]) -> None:
        def write() -> None:
            self.bills.setdefault(number, {}).update(bill)
            self.receipts[key] = {**fields, "invoice": number}

        await self.wire.act("salesforce.write_receipt", write, write=True)


def _account_content(account: Account) -> dict[str, Any]:
    return {"Id": account.id, "Selling_Entity__c": account.entity, "all": account.model_dump_json()}


class FakePlatform:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.prices: dict[str, Any] = dict(PRICES)
        self.customers: dict[str, dict[str, Any]] = {}
        self.subscriptions: dict[str, dict[str, Any]] = {}
        self.bills: dict[str, Bill] = {}
        self.payments: dict[str, Payment] = {}
        self.feed: list[dict[str, Any]] = []
        self.stored: dict[str, Any] = {}  # by idempotency key
        self.version = 0

    def emit(self, kind: str, **content: Any) -> dict[str, Any]:
        event = {
            "id": f"ev_{len(self.feed) + 1:03d}", "event_type": kind, "occurred_at": int(self.wire.clock.at),
            "content": content,
        }  # fmt: skip
        self.feed.append(event)
        return event

    def issue(self, customer: str, subscription: str, po_number: str, lines: list[tuple[str, str, int, int]]) -> Bill:
        """lines: (item price or '', description, quantity, unit price)."""
        entity = customer.partition("-")[2]
        address = self.customers[customer]["billing_address"]
        taxed = address.get("city") == "New York" or entity == "SG"
        rate = (NYC_TAX if entity == "US" else "9") if taxed else "0"
        rows = []
        for n, (price, text, quantity, unit) in enumerate(lines):
            net = quantity * unit
            rows.append(
                BillLine(
                    id=f"li_{n}", item_price=price, description=text, quantity=quantity, unit_amount=unit, net=net,
                    tax_rate=rate, tax=share(net, BillLine(id="", tax_rate=rate).tax_rate),
                )
            )  # fmt: skip
        net, tax = sum(row.net for row in rows), sum(row.tax for row in rows)
        self.version += 1
        at = int(self.wire.clock.at)
        bill = Bill(
            id=f"{entity}-{len(self.bills) + 1:06d}", customer_id=customer, subscription_id=subscription,
            status="payment_due", issued_at=at, due_at=at + 30 * 86400, currency="SGD" if entity == "SG" else "USD",
            net=net, tax=tax, gross=net + tax, due=net + tax, po_number=po_number,
            address={"city": address.get("city", ""), "state": address.get("state", ""), "country": address["country"]},
            lines=tuple(rows), version=self.version,
        )  # fmt: skip
        self.bills[bill.id] = bill
        self.emit("invoice_generated", invoice=wire_bill(bill))
        return bill

    def settle(self, number: str, amount: int, reference: str = "", method: str = "card") -> Payment:
        bill, self.version = self.bills[number], self.version + 1
        due = max(0, bill.due - amount)
        status = "paid" if due == 0 else "payment_due"
        self.bills[number] = bill.model_copy(update={"due": due, "status": status, "version": self.version})
        payment = Payment(
            id=f"txn_{len(self.payments) + 1:03d}", customer_id=bill.customer_id, status="success", kind="payment",
            currency=bill.currency, amount=amount, received_at=int(self.wire.clock.at), method=method,
            reference=reference, linked=(Application(bill=number, amount=amount),),
        )  # fmt: skip
        self.payments[payment.id] = payment
        content = {"id": payment.id, "customer_id": payment.customer_id, "amount": amount, "type": "payment",
                   "reference_number": reference, "currency_code": bill.currency}  # fmt: skip
        self.emit("payment_succeeded", transaction=content, invoice=wire_bill(self.bills[number]))
        self.emit("invoice_updated", invoice=wire_bill(self.bills[number]))
        return payment

    async def item_prices(self, ids: Sequence[str]) -> dict[str, Any]:
        found = {price: self.prices[price] for price in ids if price in self.prices}
        return await self.wire.act("platform.item_prices", lambda: found)

    async def customer(self, customer_id: str) -> Mapping[str, Any] | None:
        return await self.wire.act("platform.customer", lambda: self.customers.get(customer_id))

    async def create_customer(self, fields: Mapping[str, Any]) -> str:
        def write() -> str:
            unique("subscriptions", self.customers, str(fields["id"]))
            self.customers[str(fields["id"])] = dict(fields)
            return str(fields["id"])

        return await self.wire.act("platform.create_customer", write, write=True)

    async def update_customer(self, customer_id: str, fields: Mapping[str, Any]) -> str:
        def write() -> str:
            self.customers[customer_id].update(fields)
            return customer_id

        return await self.wire.act("platform.update_customer", write, write=True)

    async def subscription(self, subscription_id: str) -> Contracted | None:
        known = self.subscriptions
        return await self.wire.act(
            "platform.subscription", lambda: self.contracted(subscription_id) if subscription_id in known else None
        )

    def contracted(self, name: str) -> Contracted:
        return {"id": name, "starts_at": int(self.subscriptions[name]["starts_at"])}

    async def create_subscription(self, customer_id: str, fields: Mapping[str, Any]) -> Contracted:
        def write() -> Contracted:
            name = str(fields["id"])
            unique("subscriptions", self.subscriptions, name)
            starts_at = fields.get("start_date") or self.wire.clock.now()
            self.subscriptions[name] = {**fields, "customer": customer_id, "starts_at": starts_at}
            lines = [
                (item["item_price_id"], item["item_price_id"], item["quantity"], item["unit_price"])
                for item in fields["subscription_items"]
            ]
            self.issue(customer_id, name, str(fields.get("po_number") or ""), lines)
            return self.contracted(name)

        return await self.wire.act("platform.create_subscription", write, write=True)

    async def bill_by_reference(self, customer_id: str, po_number: str) -> str | None:
        def read() -> str | None:
            return next((b.id for b in self.bills.values() if b.po_number == po_number), None)

        return await self.wire.act("platform.bill_by_reference", read)

    async def create_bill(self, fields: Mapping[str, Any], key: str) -> str:
        def write() -> str:
            if key not in self.stored:
                lines = [
                    (p["item_price_id"], "", p["quantity"], p["unit_price"]) for p in fields.get("item_prices", [])
                ]
                lines += [("", c["description"], 1, c["amount"]) for c in fields.get("charges", [])]
                self.stored[key] = self.issue(str(fields["customer_id"]), "", str(fields["po_number"]), lines).id
            return str(self.stored[key])

        return await self.wire.act("platform.create_bill", write, write=True)

    async def bill(self, invoice_id: str) -> Bill | None:
        return await self.wire.act("platform.bill", lambda: self.bills.get(invoice_id))

    async def payment(self, transaction_id: str) -> Payment | None:
        return await self.wire.act("platform.payment", lambda: self.payments.get(transaction_id))

    async def recorded(self, invoice_id: str, reference: str) -> Found | None:
        def read() -> Found | None:
            for payment in self.payments.values():
                if payment.reference == reference and payment.applied[0].bill == invoice_id:
                    return Found(payment.id, payment.amount)
            return None

        return await self.wire.act("platform.recorded", read)

    async def payments_by_reference(self, reference: str) -> list[Payment]:
        found = [payment for payment in self.payments.values() if payment.reference == reference]
        return await self.wire.act("platform.payments_by_reference", lambda: found)

    async def record_payment(self, invoice_id: str, receipt: Receipt, amount: int, key: str) -> str:
        def write() -> str:
            if key not in self.stored:
                self.stored[key] = self.settle(invoice_id, amount, receipt.key, "bank_transfer").id
            return str(self.stored[key])

        return await self.wire.act("platform.record_payment", write, write=True)

    async def events(self, since: int, offset: str = "") -> FeedPage:
        """Pages of three, so that a feed has some."""

        def read() -> FeedPage:
            rows, begin = [e for e in self.feed if e["occurred_at"] > since], int(offset or 0)
            return FeedPage(rows[begin : begin + 3], str(begin + 3) if len(rows) > begin + 3 else "")

        return await self.wire.act("platform.events", read)


def wire_bill(bill: Bill) -> dict[str, Any]:
    """A bill as an event carries it."""
    return {
        "id": bill.id, "customer_id": bill.customer_id, "status": bill.status, "total": bill.gross, "tax": bill.tax,
        "currency_code": bill.currency, "due_date": bill.due_at, "resource_version": bill.version,
    }  # fmt: skip

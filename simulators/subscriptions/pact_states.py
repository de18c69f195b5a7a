"""Provider states of the platform, for consumers' contracts; ids are the consumer's own where the vendor lets it."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from simulators.kit.faults import Fault
from simulators.kit.pact_states import Params, State, ask

if TYPE_CHECKING:
    from simulators.subscriptions.app import Subscriptions

API = "/api/v2"
CARD = {"card[number]": "4111111111111111", "card[expiry_month]": 12, "card[expiry_year]": 2035, "card[cvv]": 123}
ADDRESS = {"line1": "1 Broadway", "city": "New York", "state_code": "NY", "zip": "10004", "country": "US"}


class States:
    """The states of one site; `table` names them."""

    def __init__(self, system: Subscriptions) -> None:
        self._system = system

    def table(self) -> dict[str, State]:
        """Name to function."""
        return {
            "the client is signed in": self.signed_in, "the client's key is refused": self.refused,
            "the limit of requests is reached": self.limited, "no customer": self.nothing, "a customer": self.customer,
            "more bills than a page holds": self.many_bills,
            "a subscription": self.subscription, "a bill without a subscription": self.bill,
            "a bill paid by transfer": self.recorded, "a bill paid by card": self.paid,
            "a payment on account beside a bill": self.on_account, "a credit note that is owed": self.owed,
            "a credited bill": self.credited, "an amended subscription": self.amended,
            "a subscription with usage": self.used,
            "a bill of usage that is not closed": self.unclosed, "a closed bill of usage": self.closed,
        }  # fmt: skip

    async def signed_in(self, _params: Params) -> Params:
        """A good API key: {basic}."""
        return {"basic": self._basic()}

    async def refused(self, _params: Params) -> Params:
        """A key that the site does not take: {basic}."""
        self._system.expire_credentials()
        return {"basic": self._basic()}

    async def limited(self, params: Params) -> Params:
        """Too many requests: come back after `retry_after_s`."""
        after = int(params.get("retry_after_s", 30))
        self._system.faults.add(Fault(id="pact", kind="limit", times=0, retry_after_s=after))
        return {}

    async def nothing(self, _params: Params) -> Params:
        """As seeded."""
        return {}

    async def customer(self, params: Params) -> Params:
        """A customer of the business entity US by the id `customer`."""
        address = {f"billing_address[{name}]": value for name, value in ADDRESS.items()}
        await self._post("/customers", {
            "id": params["customer"], "company": "Hudson Analytics", "business_entity_id": "US",
            "preferred_currency_code": "USD", "auto_collection": "off", **address,
        })  # fmt: skip
        return {}

    async def subscription(self, params: Params) -> Params:
        """A subscription `subscription` of `customer` with a yearly plan, its first bill issued: {invoice}."""
        await self.customer(params)
        made = await self._post(f"/customers/{params['customer']}/subscription_for_items", {
            "id": params["subscription"], "subscription_items[item_price_id][0]": "platform-USD-yearly",
            "subscription_items[quantity][0]": 10, "auto_collection": "off", "po_number": "PO-1",
            "billing_cycles": 1, "contract_term[action_at_term_end]": "renew", "cf_sf_opportunity": "006A",
        })  # fmt: skip
        return {"invoice": made["invoice"]["id"]}

    async def bill(self, params: Params) -> Params:
        """A one-off bill of `customer` under the reference `po_number`: {invoice}."""
        await self.customer(params)
        return await self._bill(params)

    async def _bill(self, params: Params) -> Params:
        made = await self._post("/invoices/create_for_charge_items_and_charges", {
            "customer_id": params["customer"], "currency_code": "USD", "po_number": params.get("po_number", "PO-1"),
            "auto_collection": "off", "item_prices[item_price_id][0]": "onboarding-USD",
            "item_prices[quantity][0]": 1,
        })  # fmt: skip
        return {"invoice": made["invoice"]["id"]}

    async def many_bills(self, params: Params) -> Params:
        """101 bills of a customer, and the first page of 100 has been read: {offset}, where the second page begins."""
        await self.bill(params)
        for _ in range(100):
            await self._bill(params)
        headers = {"authorization": f"Basic {self._basic()}"}
        _, page = await ask(self._system, "GET", f"{API}/customers/{params['customer']}/invoices?limit=100", headers)
        return {"offset": page["next_offset"]}

    async def recorded(self, params: Params) -> Params:
        """A bill on which a transfer `reference` was recorded: {invoice, transaction}."""
        given = await self.bill(params)
        made = await self._post(f"/invoices/{given['invoice']}/record_payment", {
            "transaction[amount]": 1000, "transaction[payment_method]": "bank_transfer",
            "transaction[reference_number]": params["reference"], "transaction[date]": int(self._system.clock.now()),
        })  # fmt: skip
        return {**given, "transaction": made["transaction"]["id"]}

    async def paid(self, params: Params) -> Params:
        """A bill that was collected from a card: {invoice, transaction}."""
        given = await self.bill(params)
        await self._post("/payment_sources/create_card", {"customer_id": params["customer"], **CARD})
        made = await self._post(f"/invoices/{given['invoice']}/collect_payment", {})
        return {**given, "transaction": made["transaction"]["id"]}

    async def used(self, params: Params) -> Params:
        """A subscription `subscription` with a metered item of the month, and its usage `usage`: {}."""
        await self.customer(params)
        await self._post(f"/customers/{params['customer']}/subscription_for_items", {
            "id": params["subscription"], "subscription_items[item_price_id][0]": "platform-USD-yearly",
            "subscription_items[quantity][0]": 10, "subscription_items[item_price_id][1]": "api-calls-USD-monthly",
            "auto_collection": "off", "billing_cycles": 1, "contract_term[action_at_term_end]": "renew",
        })  # fmt: skip
        await self._post(f"/subscriptions/{params['subscription']}/usages", {
            "id": params["usage"], "item_price_id": "api-calls-USD-monthly", "quantity": "120",
            "usage_date": int(self._system.clock.now()) + 60,
        })  # fmt: skip
        return {}

    async def unclosed(self, params: Params) -> Params:
        """As above, and the month is over: its bill waits to be closed: {invoice}."""
        await self.used(params)
        clock = self._system.clock
        clock.jump(clock.now() + 32 * 86_400)
        await self._system.jobs.drained()
        query = urlencode({"subscription_id[is]": params["subscription"], "status[is]": "pending"})
        _, found = await ask(
            self._system, "GET", f"{API}/invoices?{query}", {"authorization": f"Basic {self._basic()}"}
        )
        return {"invoice": found["list"][0]["invoice"]["id"]}

    async def closed(self, params: Params) -> Params:
        """As above, and the bill is closed, and 20 units of it were credited with `note`: {invoice, line}."""
        draft = await self.unclosed(params)
        made = await self._post(f"/invoices/{draft['invoice']}/close", {})
        (line,) = made["invoice"]["line_items"]
        await self._post("/credit_notes", {
            "reference_invoice_id": made["invoice"]["id"], "type": "adjustment", "reason_code": "other",
            "customer_notes": params["note"], "line_items[reference_line_item_id][0]": line["id"],
            "line_items[amount][0]": 40,
        })  # fmt: skip
        return {"invoice": made["invoice"]["id"], "line": line["id"]}

    async def credited(self, params: Params) -> Params:
        """A bill of which 10.00 were credited: {invoice, credit_note}."""
        given = await self.bill(params)
        made = await self._post("/credit_notes", {
            "reference_invoice_id": given["invoice"], "type": "adjustment", "reason_code": "waiver", "total": 1000,
        })  # fmt: skip
        return {**given, "credit_note": made["credit_note"]["id"]}

    async def on_account(self, params: Params) -> Params:
        """A bill, and a transfer `reference` of 10.00 that no bill uses: {invoice, transaction}."""
        given = await self.bill(params)
        made = await self._post(f"/customers/{params['customer']}/record_excess_payment", {
            "transaction[amount]": 1000, "transaction[payment_method]": "bank_transfer",
            "transaction[reference_number]": params["reference"], "transaction[date]": int(self._system.clock.now()),
        })  # fmt: skip
        return {**given, "transaction": made["transaction"]["id"]}

    async def owed(self, params: Params) -> Params:
        """A bill that was paid by card, and of which 10.00 are to be given back: {…, credit_note}."""
        given = await self.paid(params)
        made = await self._post("/credit_notes", {
            "reference_invoice_id": given["invoice"], "type": "refundable", "reason_code": "waiver", "total": 1000,
        })  # fmt: skip
        return {**given, "credit_note": made["credit_note"]["id"]}

    async def amended(self, params: Params) -> Params:
        """A subscription as above with two seats more, marked by the deal `deal`, and a change scheduled: {invoice}."""
        given = await self.subscription(params)
        seats = {"subscription_items[item_price_id][0]": "platform-USD-yearly", "subscription_items[quantity][0]": 12}
        path = f"/subscriptions/{params['subscription']}/update_for_items"
        await self._post(path, {**seats, "cf_sf_change": params["deal"]})
        await self._post(path, {**seats, "subscription_items[quantity][0]": 15, "end_of_term": "true"})
        return given

    def _basic(self) -> str:
        key = (self._system.settings.credentials or {}).get("api_key", "test_key")
        return base64.b64encode(f"{key}:".encode()).decode()

    async def _post(self, path: str, fields: dict[str, Any]) -> Any:
        headers = {"authorization": f"Basic {self._basic()}", "content-type": "application/x-www-form-urlencoded"}
        return (await ask(self._system, "POST", f"{API}{path}", headers, urlencode(fields).encode()))[1]

"""The buyer at the subscription platform: which bill belongs to a deal, and paying it with a card."""

from base64 import b64encode
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from harness.canon import Correlation
from harness.drivers.wire import StepFailed, answer_of, ask, form, refused
from harness.world import Reply, World

API = "/api/v2"


class Platform:
    """The site's API with its key. How bills are found by deal is the core's convention, see `Correlation`."""

    def __init__(self, world: World, names: Correlation | None = None) -> None:
        self._world = world
        self._names = names or Correlation()

    async def bill_of(self, opportunity_id: str, account_id: str) -> dict[str, Any]:
        """The invoice of a deal (the youngest that is open, else the youngest); StepFailed when there is none."""
        bills = await self.bills_of(opportunity_id, account_id)
        return max(bills, key=lambda bill: (bill["amount_due"] > 0, bill["date"], bill["id"]))

    async def bills_of(self, opportunity_id: str, account_id: str) -> list[dict[str, Any]]:
        """All issued invoices of a deal; StepFailed when there is none."""
        bills: list[dict[str, Any]] = []
        for subscription in await self._list("subscription", {f"{self._names.deal_field}[is]": opportunity_id}):
            found = await self._list("invoice", {"customer_id[is]": subscription["customer_id"]})
            bills += [bill for bill in found if _bills_of(bill, subscription["id"])]  # also one of several contracts
        if not bills:
            reference = f"{self._names.deal_reference_prefix}{opportunity_id}"
            for customer in await self._list("customer", {f"{self._names.account_field}[is]": account_id}):
                found = await self._list("invoice", {"customer_id[is]": customer["id"]})
                bills += [bill for bill in found if str(bill.get("po_number")).startswith(reference)]
        bills = [bill for bill in bills if bill["status"] not in ("pending", "voided")]
        if not bills:
            raise StepFailed(f"the platform has no bill for deal {opportunity_id} yet")
        return bills

    async def credit_notes(self, statuses: tuple[str, ...]) -> list[dict[str, Any]]:
        """All credit notes of the given statuses."""
        found: list[dict[str, Any]] = []
        for status in statuses:
            found += await self._list("credit_note", {"status[is]": status})
        return found

    async def subscription_of(self, opportunity_id: str) -> str:
        """Id of the subscription of a deal; StepFailed when there is none."""
        return str((await self.held_by(opportunity_id))["id"])

    async def customer_of(self, account_id: str, entity: str) -> str:
        """Id of an account's customer at an entity; StepFailed when there is none."""
        for customer in await self._list("customer", {f"{self._names.account_field}[is]": account_id}):
            if customer.get("business_entity_id") == entity:
                return str(customer["id"])
        raise StepFailed(f"the platform has no customer of account {account_id} at entity {entity} yet")

    async def held_by(self, opportunity_id: str) -> dict[str, Any]:
        """The subscription of a deal; StepFailed when there is none."""
        found = await self._list("subscription", {f"{self._names.deal_field}[is]": opportunity_id})
        if not found:
            raise StepFailed(f"the platform has no subscription of deal {opportunity_id} yet")
        return found[0]

    async def change_seats(self, subscription_id: str, price: str, seats: int, at_term_end: bool) -> None:
        """Another quantity of the plan."""
        fields = {"subscription_items[item_price_id][0]": price, "subscription_items[quantity][0]": seats,
                  "end_of_term": str(at_term_end).lower()}  # fmt: skip
        reply = await self.post(f"/subscriptions/{subscription_id}/update_for_items", fields)
        if reply.status != 200:
            raise refused("the platform", f"the change of {subscription_id}", reply)

    async def open_bills(self) -> list[dict[str, Any]]:
        """All invoices on which something is due."""
        found: list[dict[str, Any]] = []
        for status in ("posted", "payment_due", "not_paid"):
            found += await self._list("invoice", {"status[is]": status})
        return found

    async def payments_of(self, bill: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The payments of a bill, oldest last."""
        reply = await ask(self._world, "subscriptions", "GET", f"{API}/invoices/{bill['id']}/payments", self._headers())
        if reply.status != 200:
            raise refused("the platform", f"the payments of {bill['id']}", reply)
        return [row["transaction"] for row in answer_of(reply)["list"]]

    async def do(self, path: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Any operation by its path; its answer."""
        reply = await self.post(path, fields)
        if reply.status != 200:
            raise refused("the platform", path, reply)
        answer: dict[str, Any] = answer_of(reply)
        return answer

    def deal_of(self, bill: Mapping[str, Any]) -> str:
        """Id of the opportunity that a one-off bill was made for, '' if it names none."""
        reference = str(bill.get("po_number") or "")
        prefix = self._names.deal_reference_prefix
        return reference.removeprefix(prefix).partition("-")[0] if reference.startswith(prefix) else ""

    async def pay_by_card(self, bill: Mapping[str, Any], number: str) -> tuple[bool, str]:
        """Put a card on file for the bill's customer and collect: whether it went through, and the platform's words."""
        card = {"customer_id": bill["customer_id"], "card[number]": number, "card[expiry_month]": 12,
                "card[expiry_year]": 2035, "card[cvv]": 123}  # fmt: skip
        reply = await self.post("/payment_sources/create_card", card)
        if reply.status != 200:
            return self._declined("the card", reply)
        reply = await self.post(f"/invoices/{bill['id']}/collect_payment", {})
        if reply.status != 200:
            return self._declined("the payment", reply)
        answer = answer_of(reply)
        return answer["transaction"]["status"] == "success", str(answer["transaction"]["id"])

    def _declined(self, what: str, reply: Reply) -> tuple[bool, str]:
        answer = answer_of(reply) or {}
        if reply.status == 400 and answer.get("type") == "payment":
            return False, str(answer.get("message", "declined"))
        raise refused("the platform", what, reply)

    async def _list(self, kind: str, filters: Mapping[str, str]) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page: dict[str, Any] = {**filters, "limit": 100}
        while True:
            reply = await ask(self._world, "subscriptions", "GET", f"{API}/{kind}s?{urlencode(page)}", self._headers())
            if reply.status != 200:
                raise refused("the platform", f"the list of {kind}s", reply)
            answer = answer_of(reply)
            if not isinstance(answer, dict):
                raise StepFailed(f"the platform's list of {kind}s cannot be read")
            rows += [row[kind] for row in answer["list"]]
            if not answer.get("next_offset"):
                return rows
            page["offset"] = answer["next_offset"]

    async def post(self, path: str, fields: Mapping[str, Any]) -> Reply:
        """One call; its answer, whatever it says. StepFailed when there is none."""
        headers = {**self._headers(), "content-type": "application/x-www-form-urlencoded"}
        return await ask(self._world, "subscriptions", "POST", f"{API}{path}", headers, form(fields))

    def _headers(self) -> dict[str, str]:
        key = self._world.credentials("subscriptions")["api_key"]
        return {"authorization": "Basic " + b64encode(f"{key}:".encode()).decode()}


def _bills_of(bill: Mapping[str, Any], subscription: str) -> bool:
    """Is it the subscription's bill, or a line of it?"""
    named = [line.get("subscription_id") for line in bill["line_items"]]
    return subscription == bill.get("subscription_id") or (not bill.get("subscription_id") and subscription in named)

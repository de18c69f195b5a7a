"""The subscription platform as the core uses it: customers, subscriptions with contract terms, bills, payments."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.agreements import Agreement, Contracted, Version
from synccore.domain.bills import Bill, Payment, Receipt
from synccore.domain.books import Book, Names
from synccore.domain.credits import Credit
from synccore.domain.drift import FieldMaps
from synccore.ports.clock import Clock
from synccore.ports.feeds import FeedPage
from synccore.ports.outcomes import Later
from synccore.ports.systems import Found, Unknown
from synccore.ports.transport import Request, Transport
from synccore.ports.usage import Usages
from synccore.systems import books_platform, platform_values
from synccore.systems.client import UNREADABLE, Client, FixedHeader, OnCall, Refusal
from synccore.systems.credentials import SubscriptionsAccess
from synccore.systems.forms import encode
from synccore.systems.platform_usages import PlatformUsages

PAGE = 100
OPEN = ("posted", "payment_due", "not_paid")
CHANGES = ("subscription_changed", "subscription_changed_with_backdating")
RENEWED = "subscription_renewed"
EVENTS = (
    "invoice_generated", "invoice_updated", "payment_succeeded", "payment_failed", "payment_refunded",
    "transaction_created", "transaction_updated", "credit_note_created", "credit_note_updated",
    *CHANGES, "subscription_changes_scheduled",
    "subscription_scheduled_changes_removed", RENEWED, "subscription_cancelled",
    "contract_term_created", "contract_term_renewed", "contract_term_completed", "contract_term_terminated",
    "subscription_cancellation_scheduled", "subscription_scheduled_cancellation_removed",
)  # fmt: skip


class SubscriptionsDialect(FixedHeader):
    """Basic auth with the API key as user; 429 carries Retry-After; 409 is a request in flight."""

    def __init__(self, access: SubscriptionsAccess) -> None:
        super().__init__("Basic " + base64.b64encode(f"{access.api_key}:".encode()).decode())

    def refusal(self, status: int, body: Any) -> Refusal:
        """api_error_code and message; a `duplicate_entry` says that the id exists."""
        if not isinstance(body, dict):
            return Refusal(UNREADABLE, "the answer is no JSON object")
        code = str(body.get("api_error_code") or "unknown")
        message = str(body.get("message") or "")
        again = 3.0 if status == 409 else None
        return Refusal(code, message, code == "duplicate_entry", None, again)


class SubscriptionsAdapter:
    """Implements ports.systems.Platform."""

    def __init__(
        self, access: SubscriptionsAccess, transport: Transport, clock: Clock, concurrency: int, timeout_s: float,
        on_call: OnCall | None = None, fields: FieldMaps | None = None,
    ) -> None:  # fmt: skip
        self._fields = fields or FieldMaps()
        dialect = SubscriptionsDialect(access)
        self._client = Client("subscriptions", transport, clock, concurrency, timeout_s, dialect, on_call)
        self._base, self._timeout_s = f"{access.url}/api/v2", timeout_s
        self.usages: Usages = PlatformUsages(self._get, self._list, self._post)

    async def reachable(self) -> None:
        """One row."""
        request = Request("GET", f"{self._base}/events?limit=1", {"accept": "application/json"}, b"", self._timeout_s)
        await self._client.read("event.list", request)

    async def item_prices(self, ids: Sequence[str]) -> dict[str, Any]:
        """One list call for all of them."""
        if not ids:
            return {}
        query = {"id[in]": json.dumps(list(ids)), "limit": PAGE}
        rows = await self._list("item_price.list", "/item_prices", query, "item_price")
        return {str(row["id"]): row for row in rows if row.get("status", "active") == "active"}

    async def customer(self, customer_id: str) -> Mapping[str, Any] | None:
        """As it is in the platform."""
        body = await self._get("customer.retrieve", f"/customers/{_seg(customer_id)}", "customer")
        return body["customer"] if body else None

    async def create_customer(self, fields: Mapping[str, Any]) -> str:
        """POST /customers: the id that we give makes a second one impossible."""
        body = await self._post("customer.create", "/customers", fields, "customer")
        return str(body["customer"]["id"])

    async def update_customer(self, customer_id: str, fields: Mapping[str, Any]) -> str:
        """POST /customers/{id}, and its billing address by the operation that owns it."""
        plain = {name: value for name, value in fields.items() if name not in ("id", "billing_address")}
        path = f"/customers/{_seg(customer_id)}"
        await self._post("customer.update", path, plain, "customer")
        address = {"billing_address": fields.get("billing_address") or {}, "vat_number": fields.get("vat_number")}
        path += "/update_billing_info"
        await self._post("customer.update_billing_info", path, address, "customer")
        return customer_id

    async def subscription(self, subscription_id: str) -> Contracted | None:
        """Its id and term if it exists."""
        body = await self._get("subscription.retrieve", f"/subscriptions/{_seg(subscription_id)}", "subscription")
        return platform_values.contracted(body["subscription"]) if body else None

    async def create_subscription(self, customer_id: str, fields: Mapping[str, Any]) -> Contracted:
        """POST /customers/{id}/subscription_for_items."""
        path = f"/customers/{_seg(customer_id)}/subscription_for_items"
        body = await self._post("subscription.create_with_items", path, fields, "subscription")
        return platform_values.contracted(body["subscription"])

    async def agreement(self, subscription_id: str) -> Agreement | None:
        """GET /subscriptions/{id}, and what is scheduled if anything is."""
        path = f"/subscriptions/{_seg(subscription_id)}"
        body = await self._get("subscription.retrieve", path, "subscription")
        if body is None:
            return None
        future = None
        if body["subscription"].get("has_scheduled_changes"):
            operation = "subscription.retrieve_with_scheduled_changes"
            future = await self._get(operation, f"{path}/retrieve_with_scheduled_changes", "subscription")
        return platform_values.agreement(body["subscription"], future["subscription"] if future else None)

    async def change_subscription(self, subscription_id: str, fields: Mapping[str, Any], key: str) -> int:
        """POST /subscriptions/{id}/update_for_items."""
        path = f"/subscriptions/{_seg(subscription_id)}/update_for_items"
        body = await self._post("subscription.update_for_items", path, fields, "subscription", key)
        return int(body["subscription"]["resource_version"])

    async def estimated_change(self, subscription_id: str, fields: Mapping[str, Any]) -> int:
        """POST /estimates/update_subscription_for_items."""
        given = {"subscription": {"id": subscription_id}, **fields}
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        url = f"{self._base}/estimates/update_subscription_for_items"
        request = Request("POST", url, headers, encode(given), self._timeout_s)
        body = await self._client.read("estimate.update_subscription_for_items", request)
        return platform_values.estimated(body["estimate"])

    async def end_subscription(self, subscription_id: str, key: str) -> int:
        """POST /subscriptions/{id}/cancel_for_items: at once, with its contract; the whole term is credited."""
        path = f"/subscriptions/{_seg(subscription_id)}/cancel_for_items"
        fields = {
            "contract_term_cancel_option": "terminate_immediately", "credit_option_for_current_term_charges": "full",
        }  # fmt: skip
        body = await self._post("subscription.cancel_for_items", path, fields, "subscription", key)
        return int(body["subscription"]["resource_version"])

    async def changes(self, subscription_id: str, since: int = 0) -> list[Version]:
        """The feed's events, each with the subscription as it then was; it filters by instant, not by subscription."""
        query: dict[str, Any] = {
            "event_type[in]": json.dumps([*CHANGES, RENEWED]), "sort_by[asc]": "occurred_at", "limit": PAGE
        }  # fmt: skip
        if since:
            query["occurred_at[after]"] = since
        events = await self._list("event.list", "/events", query, "event")
        told = [(event["content"].get("subscription") or {}, event["event_type"] == RENEWED) for event in events]
        found = [platform_values.version(row, began) for row, began in told if row.get("id") == subscription_id]
        return sorted(found, key=lambda one: one.number)

    async def unschedule(self, subscription_id: str, key: str) -> int:
        """POST /subscriptions/{id}/remove_scheduled_changes."""
        path, operation = f"/subscriptions/{_seg(subscription_id)}/remove_scheduled_changes", "remove_scheduled_changes"
        body = await self._post(f"subscription.{operation}", path, {}, "subscription", key)
        return int(body["subscription"]["resource_version"])

    async def bill_by_reference(self, customer_id: str, po_number: str) -> str | None:
        """Looked for among the customer's bills: nothing but the reference tells one-off bills apart."""
        path = f"/customers/{_seg(customer_id)}/invoices"
        rows = await self._list("invoice.invoices_for_customer", path, {"limit": PAGE}, "invoice")
        matches = [str(row["id"]) for row in rows if row.get("po_number") == po_number]
        return matches[0] if matches else None

    async def create_bill(self, fields: Mapping[str, Any], key: str) -> str:
        """POST /invoices/create_for_charge_items_and_charges."""
        path, operation = "/invoices/create_for_charge_items_and_charges", "invoice.create_for_charge_items_and_charges"
        body = await self._post(operation, path, fields, "invoice", key)
        return str(body["invoice"]["id"])

    async def bill(self, invoice_id: str) -> Bill | None:
        """GET /invoices/{id}."""
        body = await self._get("invoice.retrieve", f"/invoices/{_seg(invoice_id)}", "invoice")
        return platform_values.bill(body["invoice"]) if body else None

    async def open_bills(self, customer_id: str) -> list[Bill]:
        """GET /invoices by customer and status."""
        query = {"customer_id[is]": customer_id, "status[in]": json.dumps(list(OPEN)), "limit": PAGE}
        rows = await self._list("invoice.list", "/invoices", query, "invoice")
        return [platform_values.bill(row) for row in rows]

    async def bills_of_subscription(self, subscription_id: str) -> list[Bill]:
        """Those among the customer's: the filter by subscription does not find a bill of several subscriptions."""
        body = await self._get("subscription.retrieve", f"/subscriptions/{_seg(subscription_id)}", "subscription")
        if body is None:
            return []
        path = f"/customers/{_seg(body['subscription']['customer_id'])}/invoices"
        rows = await self._list("invoice.invoices_for_customer", path, {"limit": PAGE}, "invoice")
        return [bill for row in rows if subscription_id in (bill := platform_values.bill(row)).subscriptions]

    async def write_off(self, invoice_id: str, key: str) -> str:
        """POST /invoices/{id}/write_off."""
        path = f"/invoices/{_seg(invoice_id)}/write_off"
        body = await self._post("invoice.write_off", path, {}, "credit_note", key)
        return str(body["credit_note"]["id"])

    async def create_credit(self, invoice_id: str, amount: int, key: str, paid: bool = False) -> str:
        """POST /credit_notes: an adjustment of what is due, or (`paid`) a note that leaves the customer the money."""
        fields = {"reference_invoice_id": invoice_id, "type": "refundable" if paid else "adjustment", "total": amount,
                  "reason_code": "order_cancellation"}  # fmt: skip
        body = await self._post("credit_note.create", "/credit_notes", fields, "credit_note", key)
        return str(body["credit_note"]["id"])

    async def open_credits(self, customer_id: str) -> list[Credit]:
        """GET /credit_notes by customer and status."""
        query = {"customer_id[is]": customer_id, "status[is]": "refund_due", "limit": PAGE}
        rows = await self._list("credit_note.list", "/credit_notes", query, "credit_note")
        return [platform_values.credit(row) for row in rows]

    async def credit(self, credit_note_id: str) -> Credit | None:
        """GET /credit_notes/{id}."""
        body = await self._get("credit_note.retrieve", f"/credit_notes/{_seg(credit_note_id)}", "credit_note")
        return platform_values.credit(body["credit_note"]) if body else None

    async def payment(self, transaction_id: str) -> Payment | None:
        """GET /transactions/{id}."""
        body = await self._get("transaction.retrieve", f"/transactions/{_seg(transaction_id)}", "transaction")
        return platform_values.payment(body["transaction"]) if body else None

    async def recorded(self, invoice_id: str, reference: str) -> Found | None:
        """GET /invoices/{id}/payments: duplicate references are not refused there, so this is the only guard."""
        path = f"/invoices/{_seg(invoice_id)}/payments"
        rows = await self._list("transaction.payments_for_invoice", path, {"limit": PAGE}, "transaction")
        for row in rows:
            if row.get("reference_number") == reference and row.get("status") in ("success", "in_progress"):
                return Found(str(row["id"]), int(row["amount"]))
        return None

    async def record_payment(self, invoice_id: str, receipt: Receipt, amount: int, key: str) -> str:
        """POST /invoices/{id}/record_payment."""
        path = f"/invoices/{_seg(invoice_id)}/record_payment"
        fields = {"transaction": _received(receipt, amount), "comment": f"received in the ERP as {receipt.key}"}
        body = await self._post("invoice.record_payment", path, fields, "transaction", key)
        return str(body["transaction"]["id"])

    async def payments_by_reference(self, reference: str) -> list[Payment]:
        """GET /transactions with reference_number[is]; the sum of all pages."""
        query = {"reference_number[is]": reference, "limit": PAGE}
        rows = await self._list("transaction.list", "/transactions", query, "transaction")
        return [platform_values.payment(row) for row in rows]

    async def record_excess(self, customer_id: str, receipt: Receipt, amount: int, key: str) -> str:
        """POST /customers/{id}/record_excess_payment."""
        transaction = {**_received(receipt, amount), "currency_code": receipt.currency}
        fields = {"transaction": transaction, "comment": f"on account in the ERP as {receipt.key}"}
        path = f"/customers/{_seg(customer_id)}/record_excess_payment"
        body = await self._post("customer.record_excess_payment", path, fields, "transaction", key)
        return str(body["transaction"]["id"])

    async def remove_payment(self, invoice_id: str, transaction_id: str, key: str) -> str:
        """POST /invoices/{id}/remove_payment."""
        path, fields = f"/invoices/{_seg(invoice_id)}/remove_payment", {"transaction": {"id": transaction_id}}
        body = await self._post("invoice.remove_payment", path, fields, "transaction", key)
        return str(body["transaction"]["id"])

    async def delete_payment(self, transaction_id: str, key: str) -> str:
        """POST /transactions/{id}/delete_offline_transaction."""
        path = f"/transactions/{_seg(transaction_id)}/delete_offline_transaction"
        body = await self._post("transaction.delete_offline_transaction", path, {}, "transaction", key)
        return str(body["transaction"]["id"])

    async def apply_payment(self, invoice_id: str, transaction_id: str, amount: int, key: str) -> str:
        """POST /invoices/{id}/apply_payments."""
        path = f"/invoices/{_seg(invoice_id)}/apply_payments"
        fields = {"transactions": [{"id": transaction_id, "amount": amount}]}
        await self._post("invoice.apply_payments", path, fields, "invoice", key)
        return transaction_id

    async def record_refund(self, transaction_id: str, back: Receipt, amount: int, key: str) -> str:
        """POST /transactions/{id}/record_refund: of an offline payment."""
        path = f"/transactions/{_seg(transaction_id)}/record_refund"
        fields = {**_received(back, amount), "comment": f"given back in the ERP as {back.key}"}
        body = await self._post("transaction.record_refund", path, fields, "transaction", key)
        return str(body["transaction"]["id"])

    async def record_credit_refund(self, credit_note_id: str, back: Receipt, amount: int, key: str) -> str:
        """POST /credit_notes/{id}/record_refund."""
        path = f"/credit_notes/{_seg(credit_note_id)}/record_refund"
        fields = {"transaction": _received(back, amount), "comment": f"paid out in the ERP as {back.key}"}
        body = await self._post("credit_note.record_refund", path, fields, "transaction", key)
        return str(body["transaction"]["id"])

    async def events(self, since: int, offset: str = "") -> FeedPage:
        """A page of the feed, oldest first."""
        query = {
            "event_type[in]": json.dumps(list(EVENTS)),
            "occurred_at[after]": since,
            "sort_by[asc]": "occurred_at",
            "limit": PAGE,
        }
        return FeedPage(*await self._page("event.list", "/events", query, "event", offset))

    async def book(self, names: Names) -> Book:
        """List pages of 100, oldest first; deleted documents with the others, so that their absence has a cause."""
        rows = []
        for member in ("customer", "subscription", "invoice", "credit_note", "transaction"):
            query: dict[str, Any] = {"limit": PAGE}
            if member not in ("customer", "subscription"):
                query["include_deleted"] = "true"
            rows.append(await self._list(f"{member}.list", f"/{member}s", query, member))
        return books_platform.book(names, *rows)

    async def _get(self, operation: str, path: str, member: str) -> Any:
        request = Request("GET", f"{self._base}{path}", {"accept": "application/json"}, b"", self._timeout_s)
        body = await self._client.read(operation, request, missing_ok=True)
        if body is not None and (not isinstance(body, dict) or member not in body):
            raise Later(2.0, f"subscriptions {operation}: an answer without '{member}'", counts=False)
        return None if body is None else {**body, member: self._fields.words("subscriptions", member, body[member])}

    async def _list(self, operation: str, path: str, query: Mapping[str, Any], member: str) -> list[Any]:
        rows: list[Any] = []
        offset = ""
        while True:
            page, offset = await self._page(operation, path, query, member, offset)
            rows += page
            if not offset:
                return rows

    async def _page(
        self, operation: str, path: str, query: Mapping[str, Any], member: str, offset: str
    ) -> tuple[list[Any], str]:
        asked = {**query, "offset": offset} if offset else dict(query)
        url = f"{self._base}{path}?{urlencode(asked)}"
        request = Request("GET", url, {"accept": "application/json"}, b"", self._timeout_s)
        body = await self._client.read(operation, request, missing_ok=True)
        if body is None:
            return [], ""
        if not isinstance(body, dict) or not isinstance(body.get("list"), list):
            raise Later(2.0, f"subscriptions {operation}: an answer without a list", counts=False)
        rows = [row[member] for row in body["list"] if isinstance(row, dict) and member in row]
        told = [self._fields.words("subscriptions", member, row) for row in rows]
        return told, str(body.get("next_offset") or "")

    async def _post(self, operation: str, path: str, fields: Mapping[str, Any], member: str, key: str = "") -> Any:
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        if key:  # kept for 30 minutes there, an error as well as a success
            headers["chargebee-idempotency-key"] = key
        request = Request("POST", f"{self._base}{path}", headers, encode(fields), self._timeout_s)
        body = await self._client.write_json(operation, request, member)
        if not isinstance(body[member], dict) or "id" not in body[member]:
            raise Unknown("subscriptions", operation, f"an answer whose '{member}' has no id")
        return body


def _received(receipt: Receipt, amount: int) -> dict[str, Any]:
    """A movement of money that a ledger knows, as the platform takes it; its key is what tells it apart there."""
    fields: dict[str, Any] = {"amount": amount, "payment_method": "bank_transfer", "reference_number": receipt.key}
    if receipt.received_on is not None:
        fields["date"] = noon(receipt.received_on.isoformat())
    return fields


def noon(iso_date: str) -> int:
    """Noon UTC of a date: the same calendar day in every zone from -12 to +11."""
    return int(datetime.fromisoformat(f"{iso_date}T12:00:00").replace(tzinfo=UTC).timestamp())


def _seg(text: str) -> str:
    return percent(text, safe="")

"""The platform's usages as the core uses them: recorded under the event's id, looked up, taken back, rated anew."""

import json
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.keys import Keys
from synccore.domain.usage import BookUsage, Metered, MeteredItem, Recorded
from synccore.ports.systems import Rejected
from synccore.ports.usage import PendingBill, UsageEntry

Get = Callable[[str, str, str], Awaitable[Any]]
List = Callable[[str, str, Mapping[str, Any], str], Awaitable[list[Any]]]
Post = Callable[[str, str, Mapping[str, Any], str], Awaitable[Any]]
Term = tuple[str, str, int, int | None]  # subscription, item price, first and last second; None: still running
PAGE = 100


class PlatformUsages:
    """Implements ports.usage.Usages over the adapter's ways to get, list and post."""

    def __init__(self, get: Get, listed: List, post: Post) -> None:
        self._get, self._list, self._post = get, listed, post

    async def metered(self, subscription_id: str) -> Metered | None:
        """GET /subscriptions/{id}: a metered item has its own term, and no quantity."""
        body = await self._get("subscription.retrieve", f"/subscriptions/{_seg(subscription_id)}", "subscription")
        if body is None:
            return None
        row = body["subscription"]
        items = tuple(
            MeteredItem(item_price=item["item_price_id"], starts=item["current_term_start"],
                        ends=item["current_term_end"])
            for item in row.get("subscription_items") or []
            if "metered_quantity" in item and "current_term_start" in item
        )  # fmt: skip
        return Metered(
            subscription=str(row["id"]), currency=str(row["currency_code"]), status=str(row["status"]), items=items
        )

    async def pending(self, subscription_id: str) -> list[PendingBill]:
        """GET /invoices, pending ones; each metered line names the term that it covers."""
        query = {"subscription_id[is]": subscription_id, "status[in]": json.dumps(["pending"]), "limit": PAGE}
        rows = await self._list("invoice.list", "/invoices", query, "invoice")
        return [
            PendingBill(str(row["id"]), str(line["entity_id"]), int(line["date_from"]), int(line["date_to"]))
            for row in rows for line in row.get("line_items") or [] if line.get("metered")
        ]  # fmt: skip

    async def find(self, subscription_id: str, usage_id: str) -> Recorded | None:
        """GET /subscriptions/{id}/usages?id=."""
        path = f"/subscriptions/{_seg(subscription_id)}/usages?{urlencode({'id': usage_id})}"
        body = await self._get("usage.retrieve", path, "usage")
        if body is None:
            return None
        row = body["usage"]
        return Recorded(
            id=str(row["id"]), quantity=Decimal(str(row["quantity"])), bill=str(row.get("invoice_id") or "")
        )

    async def record(self, subscription_id: str, entry: UsageEntry) -> str:
        """POST /subscriptions/{id}/usages, without dedupe option: a taken date must be seen, not skipped."""
        fields = {"id": entry.id, "item_price_id": entry.item_price, "quantity": f"{entry.quantity:f}",
                  "usage_date": entry.at, "note": entry.note}  # fmt: skip
        body = await self._post("usage.create", f"/subscriptions/{_seg(subscription_id)}/usages", fields, "usage")
        return str(body["usage"]["id"])

    async def take_back(self, subscription_id: str, usage_id: str) -> None:
        """POST /subscriptions/{id}/delete_usage."""
        path = f"/subscriptions/{_seg(subscription_id)}/delete_usage"
        try:
            await self._post("usage.delete", path, {"id": usage_id}, "usage")
        except Rejected as refusal:
            if refusal.status != 404:
                raise

    async def book(self) -> tuple[list[BookUsage], dict[str, str]]:
        """GET /usages, with the terms that are still to be billed: running ones, and those of pending bills."""
        page = {"limit": PAGE}
        usages = await self._list("usage.list", "/usages", {**page, "sort_by[asc]": "usage_date"}, "usage")
        subscriptions = await self._list("subscription.list", "/subscriptions", page, "subscription")
        pending = {**page, "status[in]": json.dumps(["pending"])}
        drafts = await self._list("invoice.list", "/invoices", pending, "invoice")
        terms: list[Term] = []
        for row in subscriptions:
            running = row["status"] in ("active", "non_renewing")
            for item in row.get("subscription_items") or () if running else ():
                if "metered_quantity" in item and "current_term_start" in item:
                    terms.append((str(row["id"]), item["item_price_id"], int(item["current_term_start"]), None))
        for line in (line for row in drafts for line in row.get("line_items") or () if line.get("metered")):
            terms.append((str(line["subscription_id"]), line["entity_id"], line["date_from"], line["date_to"]))
        return [_kept(row, terms) for row in usages], {str(row["id"]): str(row["customer_id"]) for row in subscriptions}

    async def synchronise(self, bill_id: str) -> None:
        """POST /invoices/{id}/sync_usages."""
        await self._post("invoice.sync_usages", f"/invoices/{_seg(bill_id)}/sync_usages", {}, "invoice")


def _kept(row: Mapping[str, Any], terms: list[Term]) -> BookUsage:
    at, note = int(row["usage_date"]), str(row.get("note") or "")
    waits = any(
        (owner, price) == (row["subscription_id"], row["item_price_id"]) and starts <= at and (end is None or at <= end)
        for owner, price, starts, end in terms
    )
    event = Keys().event_of_usage(note) or str(row["id"])
    return BookUsage(
        str(row["id"]), event, str(row["subscription_id"]), Decimal(str(row["quantity"])),
        str(row.get("invoice_id") or ""), waits,
    )  # fmt: skip


def _seg(text: str) -> str:
    return percent(text, safe="")

"""The platform's usages as the core uses them: recorded under the event's id, looked up, taken back, rated anew."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import quote as percent
from urllib.parse import urlencode

from synccore.domain.keys import Keys
from synccore.domain.usage import BookUsage, Metered, MeteredItem, RatedLine, Recorded
from synccore.ports.systems import Rejected
from synccore.ports.usage import PendingBill, UsageEntry

Get = Callable[[str, str, str], Awaitable[Any]]
List = Callable[[str, str, Mapping[str, Any], str], Awaitable[list[Any]]]
Post = Callable[[str, str, Mapping[str, Any], str, str], Awaitable[Any]]
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
            id=str(row["id"]), quantity=Decimal(str(row["quantity"])), bill=str(row.get("invoice_id") or ""),
            line=str(row.get("line_item_id") or ""),
        )  # fmt: skip

    async def record(self, subscription_id: str, entry: UsageEntry) -> str:
        """POST /subscriptions/{id}/usages, without dedupe option: a taken date must be seen, not skipped."""
        fields = {"id": entry.id, "item_price_id": entry.item_price, "quantity": f"{entry.quantity:f}",
                  "usage_date": entry.at, "note": entry.note}  # fmt: skip
        body = await self._post("usage.create", f"/subscriptions/{_seg(subscription_id)}/usages", fields, "usage", "")
        return str(body["usage"]["id"])

    async def take_back(self, subscription_id: str, usage_id: str) -> None:
        """POST /subscriptions/{id}/delete_usage."""
        path = f"/subscriptions/{_seg(subscription_id)}/delete_usage"
        try:
            await self._post("usage.delete", path, {"id": usage_id}, "usage", "")
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

    async def rated(self, bill_id: str, line_id: str) -> RatedLine | None:
        """GET /invoices/{id}, its credit notes, and how the line's item counts."""
        body = await self._get("invoice.retrieve", f"/invoices/{_seg(bill_id)}", "invoice")
        bill = body["invoice"] if body else {}
        row = next((one for one in bill.get("line_items") or () if one["id"] == line_id and one.get("metered")), None)
        if row is None:
            return None
        query = {"reference_invoice_id[is]": bill_id, "limit": PAGE}
        notes = await self._list("credit_note.list", "/credit_notes", query, "credit_note")
        by_id = {"id[is]": row["entity_id"], "limit": PAGE}
        (price,) = await self._list("item_price.list", "/item_prices", by_id, "item_price")
        item = await self._get("item.retrieve", f"/items/{_seg(price['item_id'])}", "item")
        adds = item is not None and item["item"].get("usage_calculation") == "sum_of_usages"
        return rated_line(bill, row, notes, adds)

    async def credit(self, bill_id: str, line: RatedLine, amount: int, note: str, key: str) -> str:
        """POST /credit_notes: of this line alone, so that it is taxed as the line was."""
        open_enough = line.due >= amount * (1 + line.tax_rate / 100)
        fields = {
            "reference_invoice_id": bill_id, "type": "adjustment" if open_enough else "refundable",
            "reason_code": "other", "customer_notes": note,
            "line_items": [{"reference_line_item_id": line.id, "amount": amount}],
        }  # fmt: skip
        body = await self._post("credit_note.create", "/credit_notes", fields, "credit_note", key)
        return str(body["credit_note"]["id"])

    async def synchronise(self, bill_id: str) -> None:
        """POST /invoices/{id}/sync_usages."""
        await self._post("invoice.sync_usages", f"/invoices/{_seg(bill_id)}/sync_usages", {}, "invoice", "")


def rated_line(
    bill: Mapping[str, Any], row: Mapping[str, Any], notes: Sequence[Mapping[str, Any]], adds: bool
) -> RatedLine:
    """A bill's metered line. `adds`: its quantity is the sum of its usages, so that each has a price."""
    told = (Keys().correction_of(str(note.get("customer_notes") or "")) for note in notes if _of(note, row["id"]))
    line = RatedLine(
        str(row["id"]), str(row["entity_id"]), str(bill["currency_code"]),
        Decimal(str(row.get("quantity_in_decimal") or row["quantity"])), int(row["amount"]),
        Decimal(str(row.get("tax_rate") or 0)), _steps(bill, row) if adds and not row.get("discount_amount") else (),
        int(bill["amount_due"]), tuple(one for one in told if one is not None),
    )  # fmt: skip
    fits = sum(size for size, _ in line.steps) == line.quantity and line.worth(line.quantity) == line.net
    return line if fits else replace(line, steps=())


def _of(note: Mapping[str, Any], line_id: str) -> bool:
    credited = (line.get("reference_line_item_id") for line in note.get("line_items") or ())
    return note["status"] != "voided" and line_id in credited


def _steps(bill: Mapping[str, Any], row: Mapping[str, Any]) -> tuple[tuple[Decimal, int], ...]:
    """Units and their price: one step, or one a tier; none for models by which units have no price of their own."""
    quantity = Decimal(str(row.get("quantity_in_decimal") or row["quantity"]))
    if row.get("pricing_model") == "per_unit":
        return ((quantity, int(row["unit_amount"])),)
    if row.get("pricing_model") != "tiered":
        return ()
    tiers = [one for one in bill.get("line_item_tiers") or () if one["line_item_id"] == row["id"]]
    if any(one.get("pricing_type", "per_unit") != "per_unit" for one in tiers):
        return ()
    tiers.sort(key=lambda one: int(one["starting_unit"]))
    return tuple((Decimal(str(one["quantity_used"])), int(one["unit_amount"])) for one in tiers)


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

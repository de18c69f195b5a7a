"""Payments that a clerk has deleted in the cloud ERP: nothing is left to be read there, so they are remembered here.

What was born there never was: the platform's record of it goes, as when it is voided, and sales is shown nothing of it.
A payment of the platform's own that is deleted there is none of this: it was received, and the reconciliation names it.
"""

import json
from datetime import UTC, datetime
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Receipt
from synccore.ports.rows import Row
from synccore.ports.stores import Signal, Unit
from synccore.processes.context import Context, entity_of
from synccore.processes.receipt_alignment import held_of

CURSOR, KIND = "erp_cloud/CustPymt.deleted", "CustPymt.deleted"


def deleted_key(key: str) -> str:
    """Where it is remembered of a receipt that it was deleted: what is known of it, as JSON."""
    return f"deleted/{key}"


class DeletedPayments:
    """One look at what was deleted; part of the ticker cloud-payments."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._cursor: str | None = None  # as this process left it; the store's is the truth
        self._page: list[Row] = []  # what the latest look found and took in

    async def look(self) -> bool:
        """Take in what is new; whether there was any."""
        ctx = self._ctx
        assert ctx.cloud is not None
        if self._cursor is None:
            self._cursor = await ctx.db.run(lambda unit: unit.cursors.get(CURSOR)) or ""
        rows = [row for row in await ctx.cloud.deleted_payments(self._since()) if row.id and _instant(row.stamp)]
        if not rows:
            return False
        at = ctx.clock.now()

        def store(unit: Unit) -> bool:
            fresh = [self._take(unit, row, at) for row in rows]
            unit.cursors.set(CURSOR, max(rows[-1].stamp, unit.cursors.get(CURSOR) or ""))
            return any(fresh)

        if rows == self._page:
            return False  # it is in the overlap, all of it
        worked = await ctx.db.run(store)
        self._cursor, self._page = max(rows[-1].stamp, self._cursor), rows
        return worked

    def _since(self) -> str:
        if not self._cursor:
            return ""
        back = min(_instant(self._cursor), self._ctx.clock.now()) - self._ctx.overlap_s
        return datetime.fromtimestamp(back, UTC).strftime("%Y-%m-%d %H:%M:%S")

    def _take(self, unit: Unit, row: Row, at: float) -> bool:
        """Whose it was is known from when it was told; what was never told means nothing."""
        ctx = self._ctx
        if ctx.keys.payment_of_erp(str(row.content.get("external_id") or "")):
            return False
        told = unit.inbox.select("erp_cloud", "CustPymt", f"{row.id}@", 0.0, at + 1.0, 1)
        customer = str(told[0].payload.get("customer") or "") if told else ""
        account = ctx.keys.account_of(customer.removeprefix("CB-"))
        signal = Signal("erp_cloud", f"{row.id}@{row.stamp}/deleted", KIND, {**row.content, "customer": customer}, at)
        if not account or not unit.inbox.accept(signal):
            return False
        key = ctx.keys.receipt_of_cloud(row.id)
        if unit.cursors.get(deleted_key(key)) is None:
            unit.cursors.set(deleted_key(key), json.dumps({"customer": customer.removeprefix("CB-")}))
        unit.work.add("payment-status", account, key, {"receipt": key}, at, signal.key)
        return True


def _instant(stamp: str) -> float:
    """Epoch seconds, 0 for what is no stamp."""
    try:
        return datetime.strptime(stamp, "%Y-%m-%d %H:%M:%S").replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0


async def deleted_receipt(ctx: Context, key: str) -> Receipt | None:
    """A receipt that was deleted, as one that was taken back; None for one that was not, or that nobody recorded."""
    known = await ctx.db.run(lambda unit: unit.cursors.get(deleted_key(key)))
    if known is None:
        return None
    facts: dict[str, Any] = json.loads(known)
    if "currency" not in facts:
        held = await held_of(ctx, key)
        if not held:
            return None

        def remember(unit: Unit) -> None:
            entity = entity_of(unit, ctx.keys.entity_of(held[0].customer_id))
            zone = entity.zone if entity is not None else "UTC"
            facts.update(
                currency=held[0].currency, on=calendar.day(held[0].received_at, zone).isoformat(),
                customer=held[0].customer_id,
            )  # fmt: skip
            unit.cursors.set(deleted_key(key), json.dumps(facts))

        await ctx.db.run(remember)
    return Receipt(
        key=key, customer=str(facts["customer"]), currency=str(facts["currency"]), received_on=facts["on"], voided=True
    )

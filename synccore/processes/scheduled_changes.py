"""What a contract is to hold from its term's end on: scheduled once, and kept, since the platform drops it silently."""

import json
from typing import Any

from synccore.domain.agreements import SALES, Agreement, Part, fingerprint
from synccore.domain.findings import Finding
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.writes import Write


def decided_key(subscription: str) -> str:
    """Where the renewal is remembered that sales has decided: deal, the term that it follows and its end, items."""
    return f"renewal/{subscription}"


def decision_of(unit: Unit, subscription: str) -> dict[str, Any] | None:
    """The latest renewal decision of a contract."""
    text = unit.cursors.get(decided_key(subscription))
    return json.loads(text) if text else None


def rows_of(parts: tuple[Part, ...]) -> list[dict[str, Any]]:
    """Parts as the platform takes them."""
    return [
        {"item_price_id": part.price, "quantity": part.quantity, "unit_price": part.unit_price} for part in parts
    ]  # fmt: skip


def parts_of(rows: list[dict[str, Any]]) -> tuple[Part, ...]:
    """And back."""
    return tuple(
        Part(price=row["item_price_id"], quantity=row["quantity"], unit_price=row["unit_price"]) for row in rows
    )  # fmt: skip


async def schedule(ctx: Context, key: str, cause: str, agreement: Agreement, wanted: tuple[Part, ...]) -> None:
    """Have these parts from the term's end on; usage and one-off charges stay as they are."""
    kept = {part.price for part in wanted}
    fields = {
        "subscription_items": rows_of(wanted), "end_of_term": True,
        "mandatory_items_to_remove": [part.price for part in agreement.parts if part.price not in kept],
    }  # fmt: skip

    async def look() -> Found | None:
        known = await ctx.platform.agreement(agreement.id)
        there = None if known is None else known.scheduled
        return Found(agreement.id) if there is not None and fingerprint(there) == fingerprint(wanted) else None

    async def send(refusals: int) -> str:
        await ctx.platform.change_subscription(agreement.id, fields, ctx.keys.idempotency(f"{key}#{refusals}"))
        return agreement.id

    await ctx.once(ctx, Write(key, "subscriptions", "schedule", cause), send, look)


async def keep_renewal(ctx: Context, subscription: str) -> str:
    """The decision to renew is sales': what the platform dropped when somebody changed the contract is scheduled again.

    What somebody has scheduled instead is for a person to decide.
    """
    agreement = await ctx.platform.agreement(subscription)
    decision = await ctx.db.run(lambda unit: decision_of(unit, subscription))
    if agreement is None or agreement.term is None or decision is None or not decision["changes"]:
        return ""
    key = ctx.keys.effect("subscriptions", "renewal-items", str(decision["deal"]))
    effect = await ctx.db.run(lambda unit: unit.effects.get(key))
    if agreement.term.id != decision["term"] or effect is None or effect.state != "applied":
        return ""
    wanted = parts_of(decision["parts"])
    if agreement.scheduled is not None and fingerprint(agreement.scheduled) == fingerprint(wanted):
        return ""
    if agreement.scheduled is not None:
        reason = f"{subscription} has another change scheduled than the renewal that sales has decided"
        actions, topics = ("fix_source", "retry", "abandon"), (f"contract:{subscription}",)
        raise Parked(reason, (Finding("renewal_overwritten", reason, SALES, actions, topics),))
    again = ctx.keys.effect("subscriptions", "renewal-kept", f"{decision['deal']}@{agreement.version}")
    await schedule(ctx, again, f"contract:{subscription}", agreement, wanted)
    return again

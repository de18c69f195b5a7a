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
    """Where the renewal is remembered that sales has decided, see `domain.renewals.Decision`."""
    return f"renewal/{subscription}"


def decision_of(unit: Unit, subscription: str) -> dict[str, Any] | None:
    """The latest renewal decision of a contract, None also when it was withdrawn."""
    text = unit.cursors.get(decided_key(subscription))
    decision = {"kind": "won", "begun": "", **json.loads(text)} if text else None
    return None if decision is None or decision["kind"] == "withdrawn" else decision


def withdrawn(unit: Unit, subscription: str) -> bool:
    """Was the latest renewal decision of a contract withdrawn?"""
    return bool(unit.cursors.get(decided_key(subscription))) and decision_of(unit, subscription) is None


def planned_key(subscription: str) -> str:
    """Where it is remembered what sales wants from a term's end on: {term, parts, by: key of the deciding write}."""
    return f"planned/{subscription}"


def planned_of(unit: Unit, subscription: str) -> dict[str, Any] | None:
    """The latest of it."""
    text = unit.cursors.get(planned_key(subscription))
    return json.loads(text) if text else None


def plan(unit: Unit, agreement: Agreement, rows: list[dict[str, Any]], by: str) -> None:
    """Remember it, in the transaction that records what it follows from."""
    term = agreement.term.id if agreement.term is not None else ""
    unit.cursors.set(planned_key(agreement.id), json.dumps({"term": term, "parts": rows, "by": by}))


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
    """Have these parts from the term's end on, by plan; usage and one-off charges stay as they are."""
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

    def settled(unit: Unit, _reference: Any) -> None:
        plan(unit, agreement, rows_of(wanted), key)

    await ctx.once(ctx, Write(key, "subscriptions", "schedule", cause), send, look, settled)


async def keep_planned(ctx: Context, subscription: str) -> str:
    """What sales planned stands: what the platform dropped when somebody changed the contract is scheduled again.

    What somebody has scheduled instead is for a person to decide.
    """
    agreement = await ctx.platform.agreement(subscription)
    planned = await ctx.db.run(lambda unit: planned_of(unit, subscription))
    if agreement is None or agreement.term is None or planned is None or agreement.term.id != planned["term"]:
        return ""
    effect = await ctx.db.run(lambda unit: unit.effects.get(str(planned["by"])))
    if effect is None or effect.state != "applied":
        return ""  # its own process is about to say so
    wanted = parts_of(planned["parts"])
    there = agreement.parts if agreement.scheduled is None else agreement.scheduled
    if fingerprint(there) == fingerprint(wanted):
        return ""
    if agreement.scheduled is not None:
        reason = f"{subscription} has another change scheduled than what sales has won for its next term"
        actions, topics = ("fix_source", "retry", "abandon"), (f"contract:{subscription}",)
        raise Parked(reason, (Finding("renewal_overwritten", reason, SALES, actions, topics),))
    again = ctx.keys.effect("subscriptions", "planned-kept", f"{subscription}@{agreement.version}")
    await schedule(ctx, again, f"contract:{subscription}", agreement, wanted)
    return again

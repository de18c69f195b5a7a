"""The platform's events about contracts, turned into work: what changed, by whose doing, and what is no news at all."""

import json
from collections.abc import Mapping
from typing import Any

from synccore.domain.keys import digest
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.moved_subscriptions import note_owner

Row = Mapping[str, Any]
VERSIONS_KEPT = 50
CHANGED = ("subscription_changed", "subscription_changed_with_backdating")


def items_key(subscription: str) -> str:
    """Where the items of each version of a subscription are remembered, by fingerprint."""
    return f"items/{subscription}"


def items_of(row: Row) -> str:
    """Fingerprint of the recurring items in an event's snapshot; the same as `agreements.fingerprint`."""
    return digest(sorted(
        [item["item_price_id"], int(item["quantity"]), item.get("unit_price")]
        for item in row.get("subscription_items") or []
        if item.get("item_type") != "charge" and item.get("quantity") is not None  # usage has none
    ))  # fmt: skip


def subscription_changed(ctx: Context, unit: Unit, event: Row, at: float) -> None:
    """The contract's copy is a level. Other items than in the version before are an amendment, told once."""
    row = _ours(ctx, event)
    if row is None:
        return
    key, account = str(row["id"]), ctx.keys.account_of(str(row.get("customer_id") or ""))
    unit.work.add("contract-status", account, key, {"subscription": key}, at, str(event["id"]))
    note_owner(ctx, unit, row, at, str(event["id"]))
    if event.get("event_type") not in CHANGED:
        return
    version = int(row.get("resource_version") or 0)
    scheduled = event.get("source") == "scheduled_job"  # what was planned takes effect: the renewal tells of it
    if not _items_changed(unit, row, version) or scheduled:
        return
    news = {
        "subscription": key, "kind": "Amendment", "key": f"{key}@{version}", "version": version,
        "marker": str(row.get("cf_sf_change") or ""), "quantity": _seats(row), "at": event["occurred_at"],
        "currency": row.get("currency_code"),
    }  # fmt: skip
    unit.work.add("contract-change", account, news["key"], news, at, str(event["id"]))


def contract_term_renewed(ctx: Context, unit: Unit, event: Row, at: float) -> None:
    """A contract is renewed when a term of it is: `subscription_renewed` comes with each billing period."""
    row, term = _ours(ctx, event), event["content"].get("contract_term")
    if row is None or not isinstance(term, dict) or not term.get("id"):
        return
    key, account = str(row["id"]), ctx.keys.account_of(str(row.get("customer_id") or ""))
    news = {
        "subscription": key, "kind": "Renewal", "key": str(term["id"]), "term": str(term["id"]),
        "quantity": _seats(row), "at": term["contract_start"], "currency": row.get("currency_code"),
    }  # fmt: skip
    unit.work.add("contract-change", account, news["key"], news, at, str(event["id"]))
    unit.cursors.set(f"auto-renewed/{key}", str(term["id"]))


def contract_term_created(ctx: Context, unit: Unit, event: Row, at: float) -> None:
    """A contract term that begins on a subscription which ran without one is a renewal, if sales has asked for it."""
    row = _ours(ctx, event)
    if row is not None and row.get("cf_sf_renewal"):
        contract_term_renewed(ctx, unit, event, at)


def _ours(ctx: Context, event: Row) -> Row | None:
    row = event["content"].get("subscription")
    if not isinstance(row, dict) or not ctx.keys.opportunity_of(str(row.get("id") or ""), ""):
        return None
    return row


def _seats(row: Row) -> int:
    items = row.get("subscription_items") or []
    return sum(int(item.get("quantity") or 0) for item in items if item.get("item_type") == "plan")


def _items_changed(unit: Unit, row: Row, version: int) -> bool:
    """Do the items differ from those of the version before? Whatever the order in which the events come."""
    name = items_key(str(row["id"]))
    known: dict[str, str] = json.loads(unit.cursors.get(name) or "{}")
    known[str(version)] = items_of(row)
    kept = dict(sorted(known.items(), key=lambda pair: int(pair[0]))[-VERSIONS_KEPT:])
    unit.cursors.set(name, json.dumps(kept))
    before = [items for number, items in kept.items() if int(number) < version]
    return bool(before) and before[-1] != kept[str(version)]

"""Stored signals turned into work again: the processes find everything done, so that it has no effect."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from synccore.domain.payloads import Misshapen
from synccore.ports.stores import Signal, Unit
from synccore.processes.context import Context
from synccore.processes.intake import HANDLERS, tell
from synccore.processes.set_aside import set_aside
from synccore.processes.usage_intake import EVENT, PROCESS, account_of

Work = tuple[str, str, str, dict[str, Any]]  # process, key, subject, argument


BATCH = 200  # signals in one transaction: others write between two of them


def replay(ctx: Context) -> Callable[[Sequence[Signal]], Awaitable[int]]:
    """What the replay route calls: how many of the signals meant work."""

    async def again(signals: Sequence[Signal]) -> int:
        meant = 0
        for first in range(0, len(signals), BATCH):
            at, batch = ctx.clock.now(), signals[first : first + BATCH]
            meant += await ctx.db.run(partial(_all_again, ctx, batch, at))
        return meant

    return again


def _all_again(ctx: Context, signals: Sequence[Signal], at: float, unit: Unit) -> int:
    return sum(_again(ctx, unit, signal, at) for signal in signals)


def _again(ctx: Context, unit: Unit, signal: Signal, at: float) -> bool:
    if signal.source == "subscriptions":
        if signal.kind in HANDLERS:
            try:
                tell(ctx, unit, signal.kind, signal.payload, at)
            except Misshapen as found:
                set_aside(unit, signal.source, signal.key, found, at)
        return signal.kind in HANDLERS
    work = _work(ctx, unit, signal)
    if work is not None:
        process, key, subject, argument = work
        unit.work.add(process, key, subject, argument, at, f"replay of {signal.key}")
    return work is not None


def _work(ctx: Context, unit: Unit, signal: Signal) -> Work | None:
    content = signal.payload
    if signal.kind == "Opportunity.changed":
        opportunity = str(content["Id"])
        return "order-activation", str(content.get("AccountId") or ""), opportunity, {"opportunity": opportunity}
    if signal.kind == "Account.changed":
        account = str(content["Id"])
        customer = ctx.keys.customer(account, str(content.get("Selling_Entity__c") or ""))
        if unit.links.external("customer", customer, "subscriptions") is None:
            return None
        return "customer-sync", account, account, {"account": account}
    if signal.kind == "CustPymt":
        account = ctx.keys.account_of(str(content.get("customer") or "").removeprefix("CB-"))
        receipt = ctx.keys.receipt_of_cloud(signal.key.partition("@")[0])
        return ("payment-status", account, receipt, {"receipt": receipt}) if account else None
    if signal.kind == "PAY":
        customer = unit.links.canonical("customer", "erp_legacy", content["KUNNR"]) or ""
        number = content["BELNR"] or content["AUGBL"]
        receipt = ctx.keys.receipt_of_legacy(content["BUKRS"], content["GJAHR"], number)
        account = ctx.keys.account_of(customer)
        return ("payment-status", account, receipt, {"receipt": receipt}) if account else None
    if signal.kind == EVENT:
        event = str(content["id"])
        return PROCESS, account_of(unit, str(content["subscription"])), event, {"event": event}
    return None

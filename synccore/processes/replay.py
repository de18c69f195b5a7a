"""Stored signals turned into work again: the processes find everything done, so that it has no effect."""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any

from synccore.domain.payloads import Misshapen
from synccore.ports.stores import Signal, Unit
from synccore.ports.work import Work
from synccore.processes import deleted_receipts, milestone_billing
from synccore.processes.context import Context
from synccore.processes.intake import HANDLERS, tell
from synccore.processes.set_aside import set_aside
from synccore.processes.usage_intake import EVENT, PROCESS, account_of

Meant = tuple[str, str, str, dict[str, Any]]  # process, key, subject, argument


BATCH = 200  # signals in one transaction: others write between two of them


class _Chosen:
    """The list of work, which takes what belongs to a customer ('': to anybody) and counts it."""

    def __init__(self, real: Work, customer: str) -> None:
        self._real, self._customer = real, customer
        self.taken = 0

    def add(self, process: str, key: str, *rest: Any) -> str:
        """See `ports.work.Work`."""
        if self._customer not in ("", key):
            return ""
        self.taken += 1
        return self._real.add(process, key, *rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Unit:
    def __init__(self, real: Unit, work: _Chosen) -> None:
        self._real, self.work = real, work

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


def replay(ctx: Context) -> Callable[[Sequence[Signal], str], Awaitable[int]]:
    """What the replay route calls: how many of the signals meant work, of one customer if one is named."""

    async def again(signals: Sequence[Signal], customer: str = "") -> int:
        meant = 0
        for first in range(0, len(signals), BATCH):
            at, batch = ctx.clock.now(), signals[first : first + BATCH]
            meant += await ctx.db.run(partial(_all_again, ctx, batch, customer, at))
        return meant

    return again


def _all_again(ctx: Context, signals: Sequence[Signal], customer: str, at: float, unit: Unit) -> int:
    return sum(_chosen_again(ctx, unit, signal, customer, at) for signal in signals)


def _chosen_again(ctx: Context, unit: Unit, signal: Signal, customer: str, at: float) -> bool:
    if not customer:
        return _again(ctx, unit, signal, at)
    work = _Chosen(unit.work, customer)
    _again(ctx, _Unit(unit, work), signal, at)  # type: ignore[arg-type]
    return work.taken > 0


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


def _work(ctx: Context, unit: Unit, signal: Signal) -> Meant | None:
    content = signal.payload
    if signal.kind == "Opportunity.changed":
        opportunity = str(content["Id"])
        return "order-activation", str(content.get("AccountId") or ""), opportunity, {"opportunity": opportunity}
    if signal.kind == f"{milestone_billing.RECORD}.changed":
        return milestone_billing.meant(content)
    if signal.kind == "Account.changed":
        account = str(content["Id"])
        customer = ctx.keys.customer(account, str(content.get("Selling_Entity__c") or ""))
        if unit.links.external("customer", customer, "subscriptions") is None:
            return None
        return "customer-sync", account, account, {"account": account}
    if signal.kind in ("CustPymt", deleted_receipts.KIND):
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

"""The quote-to-cash flows: what runs under which name, which sources are polled, and how a webhook is taken in."""

from synccore.domain import drift
from synccore.domain.findings import Finding
from synccore.ports.engine import Process, Run, Ticker
from synccore.ports.outcomes import Later, Parked
from synccore.ports.systems import Drifted, Rejected
from synccore.processes.collections import Collections
from synccore.processes.context import SALES, WATCH, Context
from synccore.processes.contract_status import ContractChange, ContractStatus
from synccore.processes.credit_publication import CreditPublication
from synccore.processes.customer_sync import CustomerSync
from synccore.processes.event_telling import EventTelling
from synccore.processes.intake import Malformed, intake
from synccore.processes.invoice_publication import InvoicePublication
from synccore.processes.legacy_answers import LINE, LegacyLine, LegacyOutbound
from synccore.processes.legacy_batch import LegacyBatch
from synccore.processes.merged_accounts import AccountMerged
from synccore.processes.milestone_billing import MilestoneBilling
from synccore.processes.milestone_changes import MilestoneChanges
from synccore.processes.moved_subscriptions import PROCESS as MOVED_SUBSCRIPTION
from synccore.processes.moved_subscriptions import SubscriptionMoved
from synccore.processes.open_items import ITEM, WAVE, OpenItem, OpenItems, plan_waves
from synccore.processes.order_activation import OrderActivation
from synccore.processes.payment_status import PaymentStatus
from synccore.processes.polls import CloudPayments, PlatformEvents, SalesforceChanges
from synccore.processes.positions import positions
from synccore.processes.posting_periods import of_a_period
from synccore.processes.replay import replay
from synccore.processes.sales_stream import SalesforceStream
from synccore.processes.service_levels import service_levels
from synccore.processes.set_backs import doubt
from synccore.processes.shadow_posting import SHADOWS, ShadowPosting
from synccore.processes.system_watch import SystemWatch
from synccore.processes.usage_polls import MeteringDaily, MeteringFeed
from synccore.processes.usage_upload import UsageUpload

__all__ = [
    "Context",
    "Malformed",
    "doubt",
    "intake",
    "plan_waves",
    "positions",
    "processes",
    "replay",
    "service_levels",
    "tickers",
]


def processes(ctx: Context) -> dict[str, Process]:
    """Every process by its name. A refusal by a system ends as a business exception, never as a technical failure."""
    return {
        "order-activation": _guarded(ctx, OrderActivation(ctx)),
        "customer-sync": _guarded(ctx, CustomerSync(ctx)),
        "invoice-publication": _guarded(ctx, InvoicePublication(ctx)),
        "contract-status": _guarded(ctx, ContractStatus(ctx)),
        "contract-change": _guarded(ctx, ContractChange(ctx)),
        "credit-publication": _guarded(ctx, CreditPublication(ctx)),
        "payment-status": _guarded(ctx, PaymentStatus(ctx)),
        "legacy-batch": _guarded(ctx, LegacyBatch(ctx)),
        "usage-upload": _guarded(ctx, UsageUpload(ctx)),
        "milestone-billing": _guarded(ctx, MilestoneBilling(ctx)),
        "collections": _guarded(ctx, Collections(ctx)),
        MOVED_SUBSCRIPTION: _guarded(ctx, SubscriptionMoved(ctx)),
        "account-merged": _guarded(ctx, AccountMerged(ctx)),
        WAVE: _guarded(ctx, OpenItems(ctx)),
        ITEM: _guarded(ctx, OpenItem(ctx)),
        SHADOWS: _guarded(ctx, ShadowPosting(ctx)),
        "event-telling": EventTelling(ctx),
        LINE: LegacyLine(ctx),
    }


def tickers(ctx: Context) -> list[tuple[str, float, Ticker]]:
    """Name, interval in seconds and function of every poll."""
    polls: dict[str, Ticker] = {"platform-events": PlatformEvents(ctx)}
    polls[SALES] = SalesforceChanges(ctx) if ctx.feed is None else SalesforceStream(ctx, ctx.feed)
    polls[WATCH], polls["milestones"] = SystemWatch(ctx), MilestoneChanges(ctx)
    if ctx.cloud is not None:
        polls["cloud-payments"] = CloudPayments(ctx)
    if ctx.legacy is not None:
        polls["legacy-outbound"] = LegacyOutbound(ctx)
    if ctx.metering is not None:
        polls["metering-feed"], polls["metering-daily"] = MeteringFeed(ctx), MeteringDaily(ctx)
    return [(name, ctx.intervals[name], ticker) for name, ticker in polls.items()]


def _guarded(ctx: Context, process: Process) -> Process:
    async def run(under: Run, argument: object) -> None:
        try:
            await process(under, argument)
        except Rejected as refusal:
            if isinstance(refusal, Drifted) and await ctx.renew_fields():
                raise Later(0.0, "a person has changed the field map meanwhile", counts=False) from None
            finding = finding_of(refusal, under.key)
            raise Parked(finding.reason, (finding,)) from None

    return run


def finding_of(refusal: Rejected, account: str) -> Finding:
    """A refusal as a business exception: a closed period is finance's, everything else integration's first."""
    if isinstance(refusal, Drifted):
        return drift_finding(refusal)
    closed = of_a_period(refusal)
    kind, owner = ("closed_period", "finance") if closed else ("rejected", "integration")
    actions = ("open_period", "retry", "abandon") if closed else ("fix_source", "fix_target", "retry", "abandon")
    details = {"target": refusal.target, "operation": refusal.operation, "code": refusal.code}
    return Finding(kind, str(refusal)[:500], owner, actions, (f"account:{account}",), details)


def drift_finding(found: Drifted) -> Finding:
    """A record that no longer fits, as a business exception: whoever minds the field map says what is so now."""
    details = {
        "target": found.target, "object": found.record, "field": found.field, "expected": found.expected,
        "came": found.came,
    }  # fmt: skip
    actions, waits = ("map_field", "retry", "abandon"), (drift.topic(found.target, found.record),)
    return Finding("schema_drift", str(found), "integration", actions, waits, details)

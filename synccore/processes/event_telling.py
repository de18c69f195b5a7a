"""Process event-telling: a signal that was set aside is taken in and told, or parks with what is wrong with it."""

from functools import partial
from typing import Any

from synccore.domain.findings import Finding
from synccore.domain.payloads import Misshapen
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Signal, Unit
from synccore.processes.context import Context
from synccore.processes.intake import HANDLERS, UNREADABLE, take_anew, tell
from synccore.processes.polls import CloudPayments, SalesforceChanges
from synccore.processes.set_aside import order_received
from synccore.processes.usage_intake import MALFORMED, Unfit, take_malformed

ACTIONS = ("edit", "fix_source", "retry", "abandon")


class EventTelling:
    """One stored signal, as it came or as a person has put it right, by what the core knows of its type now."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._cloud, self._sales = ctx, CloudPayments(ctx), SalesforceChanges(ctx)

    async def __call__(self, run: Run, argument: Any) -> None:
        """One try."""
        del run  # reads and writes the core's own memory alone: one transaction, no step
        await self._ctx.db.run(partial(self._tell, argument["source"], argument["key"]))
        await self._ctx.kick()

    def _tell(self, source: str, key: str, unit: Unit) -> None:
        at = self._ctx.clock.now()
        for signal in unit.inbox.find(source, key, 0.0, at + 1.0, 1):
            try:
                self._take(unit, signal, at)
            except Misshapen as found:
                reason = f"{source} {key} would be told as {found}"
                raise Parked(reason, (Finding("misshapen_event", reason, "integration", ACTIONS, ()),)) from None
            except Unfit as found:
                raise Parked(found.finding.reason, (found.finding,)) from None

    def _take(self, unit: Unit, signal: Signal, at: float) -> None:
        if signal.kind == "Opportunity.changed":
            order_received(unit, signal.payload, signal.key, at)
        elif signal.kind in HANDLERS:
            tell(self._ctx, unit, signal.kind, signal.payload, at)
        elif signal.kind == MALFORMED:
            take_malformed(unit, signal, at)
        elif signal.kind == UNREADABLE and signal.source == "erp_cloud":
            self._cloud.take_anew(unit, signal.payload, at)
        elif signal.kind == UNREADABLE and signal.source == "salesforce":
            self._sales.take_anew(unit, signal.payload)
        elif signal.kind == UNREADABLE:
            take_anew(self._ctx, unit, signal.payload.get("row"), at)

"""Process event-telling: a signal that was set aside is told, or parks with what is wrong with its event."""

from functools import partial
from typing import Any

from synccore.domain.findings import Finding
from synccore.domain.payloads import Misshapen
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.intake import HANDLERS, UNREADABLE, tell
from synccore.processes.set_aside import order_received

ACTIONS = ("fix_source", "retry", "abandon")


class EventTelling:
    """One stored signal, translated again by what the core knows of its type now."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """One try."""
        del run  # reads and writes the core's own memory alone: one transaction, no step
        await self._ctx.db.run(partial(self._tell, argument["source"], argument["key"]))

    def _tell(self, source: str, key: str, unit: Unit) -> None:
        at = self._ctx.clock.now()
        for signal in unit.inbox.find(source, key, 0.0, at + 1.0, 1):
            try:
                if signal.kind == "Opportunity.changed":
                    order_received(unit, signal.payload, key, at)
                elif signal.kind in HANDLERS:
                    tell(self._ctx, unit, signal.kind, signal.payload, at)
                elif signal.kind == UNREADABLE:
                    raise Misshapen(UNREADABLE, "", str(signal.payload["why"]))
            except Misshapen as found:
                reason = f"{source} {key} would be told as {found}"
                raise Parked(reason, (Finding("misshapen_event", reason, "integration", ACTIONS, ()),)) from None

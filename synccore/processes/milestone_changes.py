"""Ticker milestones: what has been reported of projects, as long as a product is mapped as billed by milestones."""

from synccore.ports.engine import Tick
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.milestone_billing import RECORD
from synccore.processes.polls import SalesforceChanges


class MilestoneChanges:
    """By SystemModstamp, as deals without a stream are."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._poll = ctx, SalesforceChanges(ctx)

    async def __call__(self) -> Tick:
        """One look. An org whose products are not billed so is never asked: it may have no such object."""
        if not await self._ctx.db.run(_sold):
            return Tick(False)
        return Tick(await self._poll.look_at(RECORD, self._ctx.salesforce.changed_milestones))


def _sold(unit: Unit) -> bool:
    return any(value.get("milestones") for value in unit.mappings.all("items").values())

"""What a deal does to its contract in the platform: the keys of its writes, and how it is refused."""

from synccore.domain.agreements import Unfit, finding
from synccore.domain.deals import Deal
from synccore.ports.outcomes import Parked
from synccore.processes.context import Context
from synccore.processes.write_back import BLOCKED, report_deal


def deal_key(ctx: Context, kind: str, deal: str) -> str:
    """Effect key of a write of the deal's to the platform."""
    return ctx.keys.effect("subscriptions", kind, deal)


async def refuse(ctx: Context, deal: Deal, unfit: Unfit) -> None:
    """The deal waits for a person, and sales sees why. Raises Parked."""
    await report_deal(ctx, deal, BLOCKED, unfit.reason)
    raise Parked(unfit.reason, (finding(deal, unfit),))

"""The keys of what a deal has done to its contract, by round: a deal that is undone and won again does it anew."""

from synccore.domain.agreements import Unfit, finding
from synccore.domain.deals import Deal
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.write_back import BLOCKED, report_deal


def round_of(unit: Unit, deal: str) -> int:
    """How often the deal has been undone."""
    return int(unit.cursors.get(f"round/{deal}") or 0)


def next_round(unit: Unit, deal: str) -> None:
    """What the deal did is undone."""
    unit.cursors.set(f"round/{deal}", str(round_of(unit, deal) + 1))


def key_in(ctx: Context, unit: Unit, kind: str, deal: str) -> str:
    """Effect key of a write of the deal's to the platform."""
    number = round_of(unit, deal)
    return ctx.keys.effect("subscriptions", kind, f"{deal}~{number}" if number else deal)


async def deal_key(ctx: Context, kind: str, deal: str) -> str:
    """The same, in a transaction of its own."""
    return await ctx.db.run(lambda unit: key_in(ctx, unit, kind, deal))


async def refuse(ctx: Context, deal: Deal, unfit: Unfit) -> None:
    """The deal waits for a person, and sales sees why. Raises Parked."""
    await report_deal(ctx, deal, BLOCKED, unfit.reason)
    raise Parked(unfit.reason, (finding(deal, unfit),))

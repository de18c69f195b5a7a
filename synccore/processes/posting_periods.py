"""A document whose month is closed in the cloud ledger: its tax point stays, where it is posted is policy."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from synccore.ports.postings import Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Rejected
from synccore.processes.context import Context

POLICY = "closed_period"


def of_a_period(refusal: Rejected) -> bool:
    """Whether a ledger refuses because of the month."""
    return refusal.target in ("erp_cloud", "erp_legacy") and "period" in refusal.message.lower()


async def post_by_policy(ctx: Context, posting: Posting, create: Callable[[Posting], Awaitable[str]]) -> str:
    """Create it in the month of its date, or where policy `closed_period` says (`posts_in`): `next_open` is the first
    open month after it, with a memo that says so; `ask` leaves it to finance, as does a ledger without an open month.
    """
    try:
        return await create(posting)
    except Rejected as refusal:
        if ctx.cloud is None or not of_a_period(refusal) or not await ctx.db.run(lambda unit: _moves(ctx, unit)):
            raise
        period = await ctx.cloud.open_period(posting.on)
        if period is None:
            raise
        details = {"date": posting.on.isoformat(), "posted_in": period.name, "refused": refusal.message[:200]}

        def note(unit: Unit) -> None:
            unit.audit.add("synccore", "posting-period-moved", posting.number, details, ctx.clock.now())

        await ctx.db.run(note)
        return await create(replace(posting, period=period))


def _moves(ctx: Context, unit: Unit) -> bool:
    return str(ctx.policy(unit, POLICY)["posts_in"]) == "next_open"

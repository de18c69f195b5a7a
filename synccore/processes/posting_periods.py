"""A document whose month is closed in the cloud ledger: its tax point stays, where it is posted is policy."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date

from synccore.ports.postings import Booking, Period, Posting
from synccore.ports.stores import Unit
from synccore.ports.systems import Rejected
from synccore.processes.context import Context

POLICY = "closed_period"


# NetSuite's own codes for it (StatusDetailCodeType); by REST every business rule is a USER_ERROR, and its sentence says
# which: the month is closed or locked, or the field at fault is the posting period
_CODES = ("TRAN_PERIOD_CLOSED", "TRAN_PRD_CLOSED")
_SENTENCE = re.compile(r"\b(closed|locked) (accounting |posting )?period\b|\bperiod (is|has been) (closed|locked)\b"
                       r"|\bpostingPeriod$", re.IGNORECASE)  # fmt: skip
_NOT_OPEN = ("F5", "201")  # SAP's message class and number: period not open for the account type


def of_a_period(refusal: Rejected) -> bool:
    """Whether the cloud ledger refuses because of the month."""
    if refusal.target != "erp_cloud":
        return False
    told = refusal.code == "USER_ERROR" and _SENTENCE.search(refusal.message.strip()) is not None
    return told or refusal.code in _CODES


def not_open_in_legacy(reason: str) -> bool:
    """Whether the legacy ledger's answer (message class, number, text) is that the month is not open."""
    return tuple(reason.split()[:2]) == _NOT_OPEN


async def post_by_policy(ctx: Context, posting: Posting, create: Callable[[Posting], Awaitable[str]]) -> str:
    """Create it in the month of its date, or where policy `closed_period` says (`posts_in`): `next_open` is the first
    open month after it, with a memo that says so; `ask` leaves it to finance, as does a ledger without an open month.
    """

    async def in_month(period: Period | None) -> str:
        return await create(posting if period is None else replace(posting, period=period))

    return await _in_open_month(ctx, "posts_in", posting.number, posting.on, in_month)


async def book_by_policy(ctx: Context, number: str, on: date, create: Callable[[Booking], Awaitable[str]]) -> str:
    """The same for money (`money_in`)."""
    return await _in_open_month(ctx, "money_in", number, on, lambda period: create(Booking(on, period)))


async def _in_open_month(
    ctx: Context, rule: str, number: str, on: date, create: Callable[[Period | None], Awaitable[str]]
) -> str:
    try:
        return await create(None)
    except Rejected as refusal:
        moves = of_a_period(refusal) and await ctx.db.run(lambda unit: ctx.policy(unit, POLICY)[rule] == "next_open")
        period = await ctx.cloud.open_period(on) if moves and ctx.cloud is not None else None
        if period is None:
            raise
        details = {"date": on.isoformat(), "posted_in": period.name, "refused": refusal.message[:200]}

        def note(unit: Unit) -> None:
            unit.audit.add("synccore", "posting-period-moved", number, details, ctx.clock.now())

        await ctx.db.run(note)
        return await create(period)

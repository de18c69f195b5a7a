"""Clears an open item in the old ledger, and loads it into the new one only when that has answered."""

from dataclasses import replace
from functools import partial

from synccore.bootstrap import Parts
from synccore.domain.bills import Bill
from synccore.processes import open_items
from synccore.processes.legacy_posting import park_until_answered
from tests.broken import recoveries

STORY = recoveries.items_moved()
CAUGHT_BY = {"I8"}


class Hasty(open_items.OpenItem):
    async def __call__(self, run, argument):
        ctx = self._ctx
        bill = Bill.model_validate(await self._read(str(argument["moved"])))
        plan = await run.step("early-plan", lambda: ctx.db.run(partial(open_items._planned, ctx, bill)))
        if plan is None:
            return
        account = ctx.keys.account_of(bill.customer_id)
        answer = await ctx.db.run(partial(open_items._cleared, ctx, bill, account, plan))
        park_until_answered(str(plan["reference"]), answer)
        await super().__call__(run, argument)


def change(parts: Parts) -> Parts:
    return replace(parts, processes=lambda ctx: {**parts.processes(ctx), open_items.ITEM: Hasty(ctx)})

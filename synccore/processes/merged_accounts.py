"""Process account-merged: an account was deleted in sales; if it was merged into another, that is remembered for good.

Salesforce itself tells of a merge for 15 days only, as long as the loser lies in the recycle bin.
"""

from typing import Any

from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.processes.collections import look_at
from synccore.processes.context import SALESFORCE_MERGED, Context

PROCESS = "account-merged"


def note_deleted(unit: Unit, account: str, at: float, cause: str) -> None:
    """An account is gone: look whether another one stands for it."""
    unit.work.add(PROCESS, account, account, {"account": account}, at, cause)


def note_back(ctx: Context, unit: Unit, account: str) -> None:
    """An account was brought back: if it had been merged away, it stands for itself again."""
    if unit.links.external(SALESFORCE_MERGED, account, "salesforce") is not None:
        unit.links.put(SALESFORCE_MERGED, account, "salesforce", f"{account}/{account}")
        ctx.read_fields(unit)


class AccountMerged:
    """`argument`: {"account": id}."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Ask, remember, and have what the customers owe shown together."""
        ctx, account = self._ctx, str(argument["account"])
        into: dict[str, str] = await run.step("merges", lambda: ctx.salesforce.merged_accounts(account))
        if account in into:
            await run.step("remember", lambda: ctx.db.run(lambda unit: self._remember(unit, account, into)))

    def _remember(self, unit: Unit, account: str, into: dict[str, str]) -> str:
        for loser, left in sorted(into.items()):
            unit.links.put(SALESFORCE_MERGED, loser, "salesforce", f"{loser}/{left}")
        self._ctx.read_fields(unit)
        if int(self._ctx.policy(unit, "collections")["hold_after_days"]) > 0:
            look_at(unit, into[account], self._ctx.clock.now(), f"account:{account}")
        return into[account]

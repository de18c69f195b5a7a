"""Process collections: what a customer owes and since when reaches sales; it goes on hold and comes off it by rule.

Off until the policy `collections` says after how many days an account goes on hold.
"""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from synccore.domain import calendar
from synccore.domain.bills import Bill
from synccore.domain.collections import CURRENT, HOLD, Notes, OpenBill, Standing, standing
from synccore.domain.facts import fact
from synccore.domain.keys import digest
from synccore.domain.money import major
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.processes.context import Context, entity_of
from synccore.processes.writes import Write

PROCESS = "collections"


def status_key(account: str) -> str:
    """Where the standing is remembered that sales was told last."""
    return f"collections/{account}"


def reversed_key(account: str) -> str:
    """Where the bills are remembered whose payment was taken back."""
    return f"taken-back/{account}"


def note_bill(ctx: Context, unit: Unit, account: str, bill: Bill, at: float) -> None:
    """A bill was issued, paid or opened again: look now if the account is on a list, else when the bill falls due."""
    if not account or int(ctx.policy(unit, PROCESS)["hold_after_days"]) <= 0:
        return
    listed = (unit.cursors.get(status_key(account)) or CURRENT) != CURRENT or unit.cursors.get(reversed_key(account))
    late = bill.due > 0 and bill.due_at is not None and bill.due_at < at
    if listed or late:
        look_at(unit, account, at, f"bill:{bill.id}")
    elif bill.due > 0 and bill.due_at is not None:
        _schedule(unit, account, datetime.fromtimestamp(bill.due_at, UTC).date(), f"bill:{bill.id}", 86_400)


def note_taken_back(unit: Unit, account: str, bills: list[str]) -> None:
    """The bank has taken a payment of these bills back: the account is on notice while one of them is open."""
    known: list[str] = json.loads(unit.cursors.get(reversed_key(account)) or "[]")
    unit.cursors.set(reversed_key(account), json.dumps(sorted({*known, *bills})))


def look_at(unit: Unit, account: str, at: float, cause: str) -> None:
    """Have the account looked at."""
    unit.work.add(PROCESS, account, account, {"account": account}, at, cause)


def _schedule(unit: Unit, account: str, day: date, cause: str, later_s: int = 0) -> None:
    due = datetime.combine(day, time(6), UTC).timestamp() + later_s
    name = f"{account}@{datetime.fromtimestamp(due, UTC).date().isoformat()}"
    unit.work.add(PROCESS, account, name, {"account": account}, due, cause)


class Collections:
    """`argument`: {"account": id}: a level, read anew from the platform and written when it differs."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """Look, tell sales, and say when to look again."""
        ctx, account = self._ctx, str(argument["account"])
        policy = await ctx.db.run(lambda unit: ctx.policy(unit, PROCESS))
        if int(policy["hold_after_days"]) <= 0:
            return
        into: dict[str, str] = await run.step("accounts", lambda: ctx.salesforce.merged_accounts(account))
        if account in into:  # what is shown is the other account's, and looked at in the order of its work
            left = into[account]
            return await ctx.db.run(lambda unit: look_at(unit, left, ctx.clock.now(), f"account:{account}"))
        merged = sorted(into)
        bills = await run.step("bills", lambda: self._bills((account, *merged)))
        found = await run.step("notes", lambda: ctx.salesforce.collection_notes(account))
        how = await ctx.db.run(lambda unit: self._standing(unit, (account, *merged), bills, found, policy))
        await run.step("show", lambda: self._show(account, merged, how))
        if how.look_again is not None:
            again = how.look_again
            await ctx.db.run(lambda unit: _schedule(unit, account, again, "it ages"))

    async def _bills(self, accounts: Sequence[str]) -> list[dict[str, Any]]:
        """All open bills of the accounts, whichever entity has issued them."""
        ctx = self._ctx

        def customers(unit: Unit) -> list[str]:
            keys = [ctx.keys.customer(account, key) for account in accounts for key in unit.mappings.all("entities")]
            return [key for key in keys if unit.links.external("customer", key, "subscriptions") is not None]

        found: list[dict[str, Any]] = []
        for customer in await ctx.db.run(customers):
            found += [bill.model_dump(mode="json") for bill in await ctx.platform.open_bills(customer)]
        return found

    def _standing(
        self, unit: Unit, accounts: Sequence[str], rows: list[dict[str, Any]], found: dict[str, Any],
        policy: dict[str, Any],
    ) -> Standing:  # fmt: skip
        ctx, bills = self._ctx, []
        zone = "UTC"
        for row in rows:
            bill = Bill.model_validate(row)
            entity = entity_of(unit, ctx.keys.entity_of(bill.customer_id))
            zone = entity.zone if entity is not None else zone
            due_on = calendar.day(bill.due_at, zone) if bill.due_at is not None else None
            bills.append(OpenBill(bill.id, bill.currency, bill.due, due_on, bill.dunning))
        lists = (json.loads(unit.cursors.get(reversed_key(account)) or "[]") for account in accounts)
        taken = frozenset(bill for bills_taken in lists for bill in bills_taken)
        today = calendar.day(ctx.clock.now(), zone)
        return standing(bills, today, _notes(found), taken, policy)

    async def _show(self, account: str, merged: Sequence[str], how: Standing) -> None:
        ctx = self._ctx
        before = await ctx.db.run(lambda unit: unit.cursors.get(status_key(account)))
        if how.status == CURRENT and before is None:
            return  # sales was never told anything else
        currency = next(iter(how.overdue), "")
        fields = {
            "Collections_Status__c": how.status, "Credit_Hold__c": how.status == HOLD,
            "Overdue_Amount__c": major(how.overdue.get(currency, 0), currency or "USD"),
            "Overdue_Currency__c": currency or None, "Oldest_Overdue_Days__c": how.oldest_days,
            "Ageing__c": "; ".join(f"{bucket} {major(worth, money)} {money}"
                                   for (money, bucket), worth in how.ageing.items())[:255] or None,
            "Dunning_Status__c": how.dunning or None,
        }  # fmt: skip

        async def send(_refusals: int) -> str:
            await ctx.salesforce.write_account(account, fields)
            return account

        def settled(unit: Unit, _reference: Any) -> None:
            was, at = unit.cursors.get(status_key(account)) or CURRENT, ctx.clock.now()
            for one in (account, *merged):
                unit.cursors.set(status_key(one), how.status)
            if (was == HOLD) == (how.status == HOLD):
                return
            kind = "account-on-hold" if how.status == HOLD else "hold-released"
            number = unit.links.next_number(f"hold/{account}", 1)
            data = {"account": account, "status": how.status, "oldest_days": how.oldest_days}
            unit.events.append(fact(kind, "salesforce", f"{account}#{number}", account, at, data, f"account:{account}"))

        key = ctx.keys.effect("salesforce", "collections", account)
        write = Write(key, "salesforce", "collections", f"account:{account}", digest({**fields, "told": how.status}))
        await ctx.once(ctx, write, send, None, settled)


def _notes(found: dict[str, Any]) -> Notes:
    promised = str(found.get("promised") or "")[:10]
    disputed = str(found.get("disputed") or "").replace(",", " ").split()
    return Notes(date.fromisoformat(promised) if promised else None, frozenset(disputed))

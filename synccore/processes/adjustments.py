"""Credits of a contract that are not in the ledger yet: while one is, its renewal is not all that there is to say."""

import json
from collections.abc import Iterable

from synccore.domain.credits import Credit
from synccore.ports.stores import Unit
from synccore.processes.context import Context

LEDGERS = ("erp_cloud", "erp_legacy")


def _key(subscription: str) -> str:
    return f"adjusting/{subscription}"


def open_credits(unit: Unit, subscription: str) -> list[str]:
    """Numbers of the contract's credit notes that no ledger has posted."""
    found: list[str] = json.loads(unit.cursors.get(_key(subscription)) or "[]")
    return found


def credit_issued(unit: Unit, subscriptions: Iterable[str], number: str) -> None:
    """The platform has credited something of these contracts."""
    posted = any(unit.links.external("credit", number, system) for system in LEDGERS)
    for subscription in subscriptions:
        waiting = open_credits(unit, subscription)
        if not posted and number not in waiting:
            unit.cursors.set(_key(subscription), json.dumps([*waiting, number]))


def credit_posted(ctx: Context, unit: Unit, credit: Credit) -> None:
    """A ledger has it; when it was a contract's last, that is looked at again."""
    at, account = ctx.clock.now(), ctx.keys.account_of(credit.customer_id)
    for key in credit.subscriptions:
        waiting = open_credits(unit, key)
        left = [number for number in waiting if number != credit.id]
        if left != waiting:
            unit.cursors.set(_key(key), json.dumps(left))
        if waiting and not left:
            unit.work.add("contract-status", account, key, {"subscription": key}, at, f"credit:{credit.id}")

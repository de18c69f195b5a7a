"""Credits of a contract that are not in the ledger yet: while one is, its renewal is not all that there is to say."""

import json

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


def credit_issued(unit: Unit, subscription: str, number: str) -> None:
    """The platform has credited something of the contract."""
    posted = any(unit.links.external("credit", number, system) for system in LEDGERS)
    if subscription and not posted and number not in open_credits(unit, subscription):
        unit.cursors.set(_key(subscription), json.dumps([*open_credits(unit, subscription), number]))


def credit_posted(ctx: Context, unit: Unit, credit: Credit) -> None:
    """A ledger has it; when it was the last, the contract is looked at again."""
    waiting = open_credits(unit, credit.subscription_id)
    if credit.id not in waiting:
        return
    left = [number for number in waiting if number != credit.id]
    unit.cursors.set(_key(credit.subscription_id), json.dumps(left))
    if not left:
        key, at = credit.subscription_id, ctx.clock.now()
        account = ctx.keys.account_of(credit.customer_id)
        unit.work.add("contract-status", account, key, {"subscription": key}, at, f"credit:{credit.id}")

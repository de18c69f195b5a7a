"""A customer of before a cutover follows its first document into the ledger that the entity has moved to."""

from collections.abc import Callable
from typing import TypeVar

from synccore.domain.bills import Bill
from synccore.domain.mappings import Entity
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.customer_sync import sync_ledger_customer
from synccore.processes.ledger_facts import LedgerFacts, NotInLedger, ledger_facts

T = TypeVar("T")


async def facts_of(ctx: Context, run: Run, bill: Bill) -> LedgerFacts:
    """`ledger_facts` of a bill, with the customer brought into a ledger that it was not born in."""
    documents, at = (("invoice", bill.id),), bill.issued_at
    return await following(
        ctx, run, bill.customer_id, bill.currency,
        lambda unit: ledger_facts(ctx, unit, bill.customer_id, documents, at, bill),
    )  # fmt: skip


async def following(ctx: Context, run: Run, customer_id: str, currency: str, look: Callable[[Unit], T]) -> T:
    """What `look` finds, with the customer brought into the ledger where it misses it, if that is not its first."""
    try:
        return await ctx.db.run(look)
    except NotInLedger as missing:
        account_id, customer_id, entity = missing.account, missing.customer_id, missing.entity
        if not missing.moved:
            raise
    await run.step("ledger-customer", lambda: _bring(ctx, account_id, customer_id, entity, currency))
    return await ctx.db.run(look)


async def _bring(ctx: Context, account_id: str, customer_id: str, entity: Entity, currency: str) -> str:
    account = await ctx.salesforce.account(account_id)
    if account is None:
        raise Parked(f"account {account_id} of {customer_id} is gone", waiting_on=(f"account:{account_id}",))
    return await sync_ledger_customer(ctx, account, customer_id, entity, currency)

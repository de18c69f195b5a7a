"""Customers of the legacy ledger: a number is allocated for good, the master record goes out in the next CUST file."""

from synccore.domain.deals import Account
from synccore.domain.keys import digest
from synccore.domain.legacy import customer_master, padded
from synccore.domain.mappings import Entity
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.known_customers import known_in_legacy
from synccore.processes.legacy_adoption import adopt
from synccore.processes.legacy_spool import spool


async def spool_customer(ctx: Context, account: Account, customer_id: str, entity: Entity) -> str:
    """Queue the customer's master record if it is new or has changed; returns its KUNNR."""
    await adopt(ctx)  # the next number may be another's already
    fresh = await ctx.db.run(lambda unit: unit.links.external("customer", customer_id, "erp_legacy") is None)
    known, used = await known_in_legacy(ctx, account, entity.company_code) if fresh else (None, set[str]())

    def put(unit: Unit) -> str:
        at, policy = ctx.clock.now(), ctx.policy(unit, "legacy_batch")
        number = unit.links.external("customer", customer_id, "erp_legacy")
        if number is None:
            number = known
            while number is None or (number != known and (number in used or _taken(unit, number))):
                number = padded(str(unit.links.next_number("kunnr", int(policy["first_customer"]))))
            unit.links.put("customer", customer_id, "salesforce", account.id)
            unit.links.put("customer", customer_id, "erp_legacy", number)
            unit.work.wake(f"customer:{customer_id}", at)
        master = customer_master(account, number, entity.company_code, str(policy["receivables"]), customer_id)
        content = master.model_dump(mode="json")
        version = digest(master.model_dump(mode="json", exclude={"source_id"}))
        key = ctx.keys.effect("erp_legacy", "customer", number)
        effect = unit.effects.plan(key, "erp_legacy", "customer", version, f"account:{account.id}", at)
        if effect.state != "applied":
            spool(ctx, unit, "CUST", f"{number}/{version}", content, at)
        return number

    return await ctx.db.run(put)


def _taken(unit: Unit, number: str) -> bool:
    return unit.links.canonical("customer", "erp_legacy", number) is not None

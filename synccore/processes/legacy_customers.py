"""Customers of the legacy ledger: a number is allocated for good, the master record goes out in the next CUST file."""

from synccore.domain.deals import Account
from synccore.domain.keys import digest
from synccore.domain.legacy import customer_master, padded
from synccore.domain.mappings import Entity
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.known_customers import known_in_legacy
from synccore.processes.legacy_spool import held_after_restore, spool


async def spool_customer(ctx: Context, account: Account, customer_id: str, entity: Entity) -> str:
    """Queue the customer's master record if it is new or has changed; returns its KUNNR. Parks in a restored core."""
    fresh = await ctx.db.run(lambda unit: unit.links.external("customer", customer_id, "erp_legacy") is None)
    known, used = await known_in_legacy(ctx, account, entity.company_code) if fresh else (None, set[str]())

    def put(unit: Unit) -> str:
        at, policy = ctx.clock.now(), ctx.policy(unit, "legacy_batch")
        number = unit.links.external("customer", customer_id, "erp_legacy")
        if number is None:
            held_after_restore(ctx)  # the next number may be another's already
            number = known
            while number is None or (number in used and number != known):  # a number that is another's already
                number = padded(str(unit.links.next_number("kunnr", int(policy["first_customer"]))))
            unit.links.put("customer", customer_id, "salesforce", account.id)
            unit.links.put("customer", customer_id, "erp_legacy", number)
            unit.work.wake(f"customer:{customer_id}", at)
        master = customer_master(account, number, entity.company_code, str(policy["receivables"]))
        content = master.model_dump(mode="json")
        version = digest(content)
        key = ctx.keys.effect("erp_legacy", "customer", number)
        effect = unit.effects.plan(key, "erp_legacy", "customer", version, f"account:{account.id}", at)
        if effect.state != "applied":
            spool(ctx, unit, "CUST", f"{number}/{version}", content, at)
        return number

    return await ctx.db.run(put)

"""Customers: one per account and business entity in the platform, and its twin in the ledger of that entity."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from synccore.domain.calendar import day
from synccore.domain.codes import country_code
from synccore.domain.deals import Account
from synccore.domain.facts import fact
from synccore.domain.keys import digest
from synccore.domain.mappings import Business, Entity, Ledger
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context, entity_of
from synccore.processes.known_customers import known_in_cloud
from synccore.processes.legacy_customers import spool_customer
from synccore.processes.set_backs import note_name
from synccore.processes.writes import Write


def platform_fields(account: Account) -> dict[str, Any]:
    """The master data of a platform customer: what a change in sales brings along."""
    address = account.tax_address
    billing = {
        "company": account.name,
        "line1": address.street,
        "city": address.city,
        "state": address.state,
        "state_code": address.state if len(address.state) == 2 else "",
        "zip": address.postal_code,
        "country": address.code,
    }
    return {
        "company": account.name,
        "vat_number": account.tax_id or None,
        "billing_address": {name: value for name, value in billing.items() if value},
    }


def ledger_fields(account: Account, entity: Entity, currency: str) -> dict[str, Any]:
    """The master data of a ledger's customer."""
    address = account.tax_address
    return {
        "name": account.name,
        "subsidiary": entity.subsidiary,
        "currency": currency,
        "tax_id": account.tax_id,
        "address": {
            "street": address.street,
            "city": address.city,
            "state": address.state,
            "postal_code": address.postal_code,
            "country": country_code(address.country),
        },
    }


async def sync_platform_customer(
    ctx: Context, account: Account, entity_key: str, entity: Entity, on_creation: Mapping[str, Any]
) -> str:
    """Create or update the platform's customer; returns its id."""
    customer_id = ctx.keys.customer(account.id, entity_key)
    fields = platform_fields(account)
    key = ctx.keys.effect("subscriptions", "customer", customer_id)
    write = Write(key, "subscriptions", "customer", f"account:{account.id}", digest(fields))

    async def current() -> Found | None:
        row = await ctx.platform.customer(customer_id)
        return Found(str(row["id"])) if row is not None else None

    async def create(_refusals: int) -> str:
        given: dict[str, Any] = {"id": customer_id, **fields, **on_creation, "cf_sf_account": account.id}
        if entity.business_entity:
            given["business_entity_id"] = entity.business_entity
        return await ctx.platform.create_customer({name: v for name, v in given.items() if v is not None})

    async def update(_reference: Any) -> str:
        return await ctx.platform.update_customer(customer_id, fields)

    def settled(unit: Unit, reference: Any) -> None:
        unit.links.put("customer", customer_id, "salesforce", account.id)
        unit.links.put("customer", customer_id, "subscriptions", str(reference))
        _told(ctx, unit, "subscriptions", customer_id, account, write.digest)

    return str(await ctx.level(ctx, write, current, create, update, settled))


async def sync_cloud_customer(ctx: Context, account: Account, customer_id: str, entity: Entity, currency: str) -> str:
    """Create or update the cloud ERP's customer; returns its internal id."""
    assert ctx.cloud is not None
    cloud = ctx.cloud
    external_id = ctx.keys.erp_customer(customer_id)
    fields = ledger_fields(account, entity, currency)
    key = ctx.keys.effect("erp_cloud", "customer", external_id)
    lasting = {name: value for name, value in fields.items() if name not in ("currency", "subsidiary")}
    write = Write(key, "erp_cloud", "customer", f"account:{account.id}", digest(lasting))

    async def current() -> Found | None:
        return await cloud.customer(external_id)

    async def create(_refusals: int) -> str:
        known = await known_in_cloud(ctx, account, entity.subsidiary)
        if known is None:
            return await cloud.create_customer(external_id, fields)
        await cloud.adopt_customer(known, external_id)
        return await cloud.update_customer(known, fields)

    async def update(reference: Any) -> str:
        return await cloud.update_customer(str(reference), fields)

    def settled(unit: Unit, reference: Any) -> None:
        note_name(ctx, unit, "customer", customer_id, str(reference))
        unit.work.wake(f"customer:{customer_id}", ctx.clock.now())
        _told(ctx, unit, "erp_cloud", customer_id, account, write.digest)

    return str(await ctx.level(ctx, write, current, create, update, settled))


def _told(ctx: Context, unit: Unit, system: str, customer_id: str, account: Account, version: str) -> None:
    at, data = ctx.clock.now(), {"customer": customer_id, "name": account.name, "system": system}
    created = fact("customer-created", system, customer_id, account.id, at, data, f"account:{account.id}")
    if not unit.events.append(created):
        key = f"{customer_id}/{version}"
        unit.events.append(fact("customer-updated", system, key, account.id, at, data, f"account:{account.id}"))


async def sync_ledger_customer(ctx: Context, account: Account, customer_id: str, entity: Entity, currency: str) -> str:
    """The customer in the ledger that owns the entity."""
    if entity.ledger == "legacy":
        return await spool_customer(ctx, account, customer_id, entity)
    return await sync_cloud_customer(ctx, account, customer_id, entity, currency)


def _seen_from(unit: Unit, customer_id: str, entity: Entity, current: Ledger) -> list[Entity]:
    """The entity from each ledger that has the customer, else from the one of today: into another one it follows its
    first document.
    """
    held = [one for one in entity.ledgers if unit.links.external("customer", customer_id, f"erp_{one}") is not None]
    return [entity.within(one) for one in held or (current,)]


class CustomerSync:
    """Process customer-sync: an account that is a customer already has changed in sales."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"account": id}. Brings platform and ledger to the account's present state."""
        ctx, account_id = self._ctx, str(argument["account"])

        async def read() -> Any:
            account = await ctx.salesforce.account(account_id)
            return account.model_dump(mode="json") if account is not None else None

        row = await run.step("account", read)
        if row is None:
            return
        account = Account.model_validate(row)
        customer_id = ctx.keys.customer(account.id, account.entity)

        def known(unit: Unit) -> tuple[Entity | None, list[Entity]]:
            entity = entity_of(unit, account.entity)
            if entity is None or unit.links.external("customer", customer_id, "subscriptions") is None:
                return None, []
            today, business = day(ctx.clock.now(), entity.zone), Business(account.tax_address.code)
            return entity, _seen_from(unit, customer_id, entity, entity.ledger_on(today, business))

        entity, homes = await ctx.db.run(known)
        if entity is None or not account.tax_address.code:
            return
        await run.step("customer", lambda: sync_platform_customer(ctx, account, account.entity, entity, {}))
        for home in homes:
            sync = partial(sync_ledger_customer, ctx, account, customer_id, home, entity.currencies[0])
            await run.step("ledger-customer" if home is homes[0] else f"ledger-customer-{home.ledger}", sync)

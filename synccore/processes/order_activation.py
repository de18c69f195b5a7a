"""Process order-activation: a won deal is checked, contracted in the platform, and shown to sales as active."""

import json
from dataclasses import replace
from datetime import date
from typing import Any

from synccore.domain import calendar, mappings
from synccore.domain.agreements import Contracted, Part, Unfit, fingerprint
from synccore.domain.agreements import agreed as parts_of
from synccore.domain.deals import Deal
from synccore.domain.facts import fact
from synccore.domain.findings import Finding
from synccore.domain.keys import digest
from synccore.domain.mappings import Business, Entity, Item, TaxMap
from synccore.domain.money import major
from synccore.domain.terms import Terms, has_plan, start_epoch, subscription_items, terms
from synccore.domain.validation import Catalogues, MasterData
from synccore.ports.engine import Run
from synccore.ports.outcomes import Away, Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import CloudErp, Found, Rejected
from synccore.processes.compensation import Compensation, taken_key
from synccore.processes.context import Context, entity_of, item_of, taxes_of
from synccore.processes.contract_changes import ContractChanges, edited
from synccore.processes.contract_signals import items_key
from synccore.processes.corrections import Correction, remember, rest_of, what_was_made
from synccore.processes.customer_sync import sync_ledger_customer, sync_platform_customer
from synccore.processes.deal_writes import correcting, refuse
from synccore.processes.milestone_billing import open_milestones
from synccore.processes.one_off_bills import agreed_key, bill_once
from synccore.processes.renewals import decline
from synccore.processes.write_back import BLOCKED, report_deal
from synccore.processes.writes import Write

Facts = dict[str, Any]
ITEM, CLOUD = "item", "erp_cloud"  # how the ledger's items are remembered


class OrderActivation:
    """Looks, acts and ends; each step is remembered, each write happens once under the deal's key."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"opportunity": id}. Parks with all findings at once when master data is not right."""
        opportunity = str(argument["opportunity"])
        row = await run.step("deal", lambda: self._read(opportunity))
        if row is None:
            return
        won = Deal.model_validate(row)
        facts: Facts | None = await run.step("facts", lambda: self._facts(won)) if won.won else None
        if facts is None or facts["taken_back"]:
            await self._take_back(run, won)
            return
        deal = won.model_copy(update={"kind": facts["kind"]})
        found = self._judge(deal, facts)
        if found:
            reason = "; ".join(finding.reason for finding in found)
            await run.step("report", lambda: self._report(deal, reason))
            raise Parked(reason, found)
        entity = mappings.read(Entity, facts["entity"])
        items = {sku: mappings.read(Item, item) for sku, item in facts["items"].items()}
        if deal.kind != "new":
            cycles = self._terms(deal, items, facts).cycles if deal.kind == "renewal" else 0
            collection = self._payment_fields(deal, facts)["auto_collection"]
            await ContractChanges(self._ctx).run(run, deal, items, cycles, collection)
            return
        if facts["correcting"] or (facts["agreed"] and facts["agreed"] != deal.agreed):
            await Correction(self._ctx, deal).edited(
                run, lambda _agreement: _sold(deal, items), rest_of(deal, items), agreed_key(deal.id), edited(deal)
            )
        on_creation = self._payment_fields(deal, facts)
        customer = str(
            await run.step(
                "customer",
                lambda: sync_platform_customer(self._ctx, deal.account, deal.account.entity, entity, on_creation),
            )
        )
        ledger_customer, away = await self._ledger_customer(run, deal, customer, entity)
        agreed: Terms | None = None
        if has_plan(deal, items):
            begun = await run.step("subscription", lambda: self._subscribe(deal, items, facts, customer))
            agreed = replace(self._terms(deal, items, facts), start=_first_day(begun, facts))
        elif not all(items[line.sku].milestones for line in deal.lines):
            await run.step("bill", lambda: bill_once(self._ctx, deal, items, customer, on_creation["auto_collection"]))
        if any(items[line.sku].milestones for line in deal.lines):
            await run.step("milestones", lambda: self._ctx.db.run(lambda unit: open_milestones(self._ctx, unit, deal)))
        await run.step("write-back", lambda: self._write_back(deal, agreed, customer, ledger_customer))
        if deal.sync_status == BLOCKED:  # by an edit that is undone: what was written before is not written again
            await run.step("report-synced", lambda: report_deal(self._ctx, deal, "Synced", ""))
        if away is not None:
            raise away

    async def _take_back(self, run: Run, deal: Deal) -> None:
        """What is won no longer is taken back, a renewal that is lost ends its contract.

        A deal that was taken back is over: winning it again is for a person.
        """
        await Compensation(self._ctx, deal).run(run)
        if deal.won:
            text = f"deal {deal.name} was taken back when it was won no longer: what is sold again is a new deal"
            await run.step("won-again", lambda: refuse(self._ctx, deal, Unfit("won_again", text)))
        await ContractChanges(self._ctx).set_back(run, deal)
        await run.step("lost", lambda: decline(self._ctx, deal))

    async def _ledger_customer(self, run: Run, deal: Deal, customer: str, entity: Entity) -> tuple[str, Away | None]:
        """The customer in the ledger. A contract does not wait for a ledger that is away, its bills do."""

        async def sync() -> str:
            return await sync_ledger_customer(self._ctx, deal.account, customer, entity, deal.currency)

        try:
            return str(await run.step("ledger-customer", sync)), None
        except Away as away:
            return "", away

    async def _report(self, deal: Deal, reason: str) -> None:
        try:
            await report_deal(self._ctx, deal, BLOCKED, reason)
        except Rejected:  # what is wrong with the deal matters more than that sales cannot be told
            return

    async def _read(self, opportunity: str) -> Any:
        deal = await self._ctx.salesforce.deal(opportunity)
        return deal.model_dump(mode="json") if deal is not None else None

    async def _facts(self, deal: Deal) -> Facts:
        """Mappings, policies, and what platform and ledger know of the products: one call to each at most.

        Of a deal that was taken back, that alone.
        """
        ctx, at = self._ctx, self._ctx.clock.now()
        skus = list(dict.fromkeys(line.sku for line in deal.lines if line.sku))

        def read(unit: Unit) -> Facts:
            entity = entity_of(unit, deal.account.entity)
            today = calendar.day(at, entity.zone if entity else "UTC")
            items = {sku: item_of(unit, sku) for sku in skus}
            sold = frozenset(item.product_line if item else "" for item in items.values())
            if entity is not None:  # by the deal's own day, so that its replay after a cutover changes nothing
                business = Business(deal.account.tax_address.code, sold)
                entity = entity.within(entity.ledger_on(deal.closed_on, business))
            taxes = taxes_of(unit, deal.account.entity)
            known = {item.erp_item: unit.links.external(ITEM, item.erp_item, CLOUD) for item in items.values() if item}
            return {
                "taken_back": unit.cursors.get(taken_key(deal.id)) or "",
                "known_items": {key: internal for key, internal in known.items() if key and internal},
                "entity": entity.model_dump(mode="json") if entity else None,
                "taxes": taxes.model_dump(mode="json") if taxes else None,
                "items": {sku: item.model_dump(mode="json") if item else None for sku, item in items.items()},
                "today": today.isoformat(),
                "at": at,
                "site_zone": ctx.policy(unit, "platform")["zone"],
                "contract": ctx.policy(unit, "contract"),
                "kind": ctx.policy(unit, "deal_types").get(deal.type, "new"),
                "agreed": unit.cursors.get(agreed_key(deal.id)),
                "correcting": bool(correcting(ctx, unit, deal.id)),
                "payment_terms": ctx.policy(unit, "payment_terms"),
            }

        facts = await ctx.db.run(read)
        if facts["taken_back"]:
            return facts
        if facts["kind"] == "renewal" and await self._won_back(deal):
            facts["kind"] = "new"
        mapped = [item for item in facts["items"].values() if item]
        prices = list(dict.fromkeys(p for item in mapped if (p := item["prices"].get(deal.currency))))
        known = await ctx.platform.item_prices(prices)
        facts["prices"] = {price: _price(known.get(price)) for price in prices}
        facts["erp_items"] = None
        if facts["entity"] and facts["entity"]["ledger"] == "cloud" and ctx.cloud is not None:
            wanted = list(dict.fromkeys(item["erp_item"] for item in mapped if item["erp_item"]))
            facts["erp_items"] = await self._ledger_items(ctx.cloud, wanted, facts["known_items"])
        return facts

    async def _won_back(self, deal: Deal) -> bool:
        """A renewal of a contract that has ended, if the policy says that it begins a new one."""
        ctx = self._ctx
        policy = await ctx.db.run(lambda unit: ctx.policy(unit, "renewal")["won_back"])
        if policy != "new_contract" or not deal.contract_subscription:
            return False
        agreement = await ctx.platform.agreement(deal.contract_subscription)
        return agreement is not None and agreement.status == "cancelled"

    async def _ledger_items(self, cloud: CloudErp, wanted: list[str], known: dict[str, str]) -> dict[str, str]:
        """What the ledger has of these items; while it is away, what it had when it was last asked for all of them."""
        try:
            found = await cloud.items(wanted)
        except Away:
            if all(key in known for key in wanted):
                return known
            raise
        fresh = {key: internal for key, internal in found.items() if known.get(key) != internal}
        if fresh:

            def remember(unit: Unit) -> None:
                for key, internal in fresh.items():
                    unit.links.put(ITEM, key, CLOUD, internal)

            await self._ctx.db.run(remember)
        return found

    def _judge(self, deal: Deal, facts: Facts) -> tuple[Finding, ...]:
        entity = mappings.read(Entity, facts["entity"]) if facts["entity"] else None
        taxes = mappings.read(TaxMap, facts["taxes"]) if facts["taxes"] else None
        items = {sku: mappings.read(Item, item) if item else None for sku, item in facts["items"].items()}
        today = date.fromisoformat(facts["today"])
        catalogues = Catalogues(facts["prices"], facts["erp_items"])
        found = tuple(self._ctx.findings(deal, MasterData(entity, taxes, items), catalogues, today))
        if found:
            return found
        mapped = {sku: item for sku, item in items.items() if item is not None}
        if deal.kind == "renewal" and not has_plan(deal, mapped):
            actions, waits = ("fix_opportunity", "retry", "abandon"), (f"opportunity:{deal.id}",)
            return (Finding("deal_incomplete", "a renewal needs a plan line", "sales-operations", actions, waits),)
        if deal.kind != "amendment" and has_plan(deal, mapped):
            try:
                self._terms(deal, mapped, facts)
            except ValueError as error:
                actions, waits = ("fix_opportunity", "retry", "abandon"), (f"opportunity:{deal.id}",)
                return (Finding("deal_incomplete", str(error), "sales-operations", actions, waits),)
        return ()

    def _terms(self, deal: Deal, items: dict[str, Item], facts: Facts) -> Terms:
        plan = next(line for line in deal.lines if items[line.sku].kind == "plan")
        price = facts["prices"][items[plan.sku].prices[deal.currency]]
        default = int(facts["contract"]["term_months"])
        return terms(deal, items, price, default, date.fromisoformat(facts["today"]))

    def _payment_fields(self, deal: Deal, facts: Facts) -> dict[str, Any]:
        days = int(facts["payment_terms"].get(deal.payment_method or "transfer", 30))
        collected = "on" if deal.payment_method == "card" else "off"
        return {"auto_collection": collected, "net_term_days": days, "preferred_currency_code": deal.currency}

    async def _subscribe(self, deal: Deal, items: dict[str, Item], facts: Facts, customer: str) -> Contracted:
        """The contract in the platform, which owns its term: what it answers is what sales will be shown."""
        ctx, agreed = self._ctx, self._terms(deal, items, facts)
        subscription = ctx.keys.subscription(deal.id)
        fields: dict[str, Any] = {
            "id": subscription,
            "subscription_items": subscription_items(deal, items),
            "billing_cycles": agreed.cycles,
            "contract_term": {"action_at_term_end": facts["contract"]["action_at_term_end"]},
            "auto_collection": self._payment_fields(deal, facts)["auto_collection"],
            "po_number": deal.po_number or None,
            "start_date": start_epoch(agreed.start, facts["at"], facts["site_zone"]),
            "cf_sf_opportunity": deal.id,
        }
        key = ctx.keys.effect("subscriptions", "subscription", subscription)

        async def look() -> Found | None:
            known = await ctx.platform.subscription(subscription)
            return Found(known) if known is not None else None

        async def send(_refusals: int) -> Contracted:
            given = {name: value for name, value in fields.items() if value is not None}
            return await ctx.platform.create_subscription(customer, given)

        def settled(unit: Unit, begun: Contracted) -> None:
            unit.links.put("contract", deal.id, "subscriptions", begun["id"])
            unit.cursors.set(agreed_key(deal.id), deal.agreed)
            made = what_was_made(subscription, (), parts_of(deal, items), rest_of(deal, items), int(begun["starts_at"]))
            remember(unit, deal.id, made)
            unit.links.put("account-of-contract", begun["id"], "salesforce", deal.account.id)
            unit.cursors.set(items_key(subscription), json.dumps({"0": fingerprint(parts_of(deal, items))}))
            data = {
                "subscription": subscription,
                "opportunity": deal.id,
                "value": agreed.value,
                "cycles": agreed.cycles,
                "currency": deal.currency,
                "start": _first_day(begun, facts).isoformat(),
            }
            at, account, cause = ctx.clock.now(), deal.account.id, f"opportunity:{deal.id}"
            unit.events.append(fact("contract-activated", "subscriptions", subscription, account, at, data, cause))

        write = Write(key, "subscriptions", "subscription", f"opportunity:{deal.id}")
        begun: Contracted = await ctx.once(ctx, write, send, look, settled)
        return begun

    async def _write_back(self, deal: Deal, agreed: Terms | None, customer: str, ledger_customer: str) -> str:
        """Contract, opportunity and account in sales: a level, written again when it differs."""
        ctx = self._ctx
        subscription = ctx.keys.subscription(deal.id) if agreed else ""
        contract: dict[str, Any] | None = None
        if agreed is not None:
            contract = {
                "Subscription_Id__c": subscription,
                "AccountId": deal.account.id,
                "Opportunity__c": deal.id,
                "StartDate": agreed.start.isoformat(),
                "ContractTerm": agreed.months,
                "CurrencyIsoCode": deal.currency,
                "Value__c": major(agreed.value, deal.currency),
                "Quantity__c": agreed.seats,
                "Billing_Status__c": "Active",
            }
        opportunity = {"Subscription_Id__c": subscription or None, "Sync_Status__c": "Synced", "Sync_Error__c": None}
        account = {
            "Billing_Customer_Id__c": customer,
            **({"ERP_Customer_Id__c": ledger_customer} if ledger_customer else {}),
            "Sync_Status__c": "Synced",
            "Sync_Error__c": None,
        }
        key = ctx.keys.effect("salesforce", "activation", deal.id)
        status_key = ctx.keys.effect("salesforce", "deal-status", deal.id)

        async def send(_refusals: int) -> str:
            return await ctx.salesforce.write_activation(deal, contract, opportunity, account)

        def settled(unit: Unit, contract_id: Any) -> None:
            at = ctx.clock.now()
            if contract_id:
                unit.links.put("contract", subscription, "salesforce", str(contract_id))
                unit.work.wake(f"contract:{subscription}", at)
            status = digest({"Sync_Status__c": "Synced", "Sync_Error__c": None})
            unit.effects.plan(status_key, "salesforce", "deal-status", status, f"opportunity:{deal.id}", at)
            unit.effects.settle(status_key, "applied", deal.id, at)

        content = {"contract": contract, "opportunity": opportunity, "account": account}
        write = Write(key, "salesforce", "activation", f"opportunity:{deal.id}", digest(content))
        return str(await ctx.once(ctx, write, send, None, settled))


async def _sold(deal: Deal, items: dict[str, Item]) -> tuple[Part, ...]:
    return parts_of(deal, items)


def _first_day(begun: Contracted, facts: Facts) -> date:
    """The day on which a contract term begins: the platform's days are those of its site."""
    return calendar.day(begun["starts_at"], facts["site_zone"])


def _price(row: Any) -> dict[str, Any] | None:
    """What of an item price matters, as JSON."""
    if row is None:
        return None
    return {name: row.get(name) for name in ("id", "currency_code", "period", "period_unit", "item_type")}

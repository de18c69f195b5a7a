"""Many customers at once, each with a deal: written as a data loader would, 200 records a call."""

from typing import Any

from harness.drivers.stage import Buyer, Offer, Stage

A_CALL = 200


async def sell_many(stage: Stage, facts: Any) -> str:
    """Accounts, opportunities and lines, and all are won."""
    names = facts.names(stage.world.mode)
    currency, today = stage.company.entities[facts.entity]["currencies"][0], stage.today(facts.entity).isoformat()
    prices = [await stage.sales.price(line.sku, currency) for line in facts.lines]
    accounts = [
        {"Name": f"Customer {name}", "Selling_Entity__c": facts.entity, "BillingCountry": facts.country,
         "BillingState": facts.state, "BillingCity": facts.city} for name in names
    ]  # fmt: skip
    ids = await _create(stage, "Account", accounts)
    deals = [
        {"Name": f"Deal {name}", "AccountId": account, "StageName": "Negotiation/Review", "CloseDate": today,
         "CurrencyIsoCode": currency, "Pricebook2Id": prices[0]["Pricebook2Id"], "Contract_Term_Months__c": 12,
         "Payment_Method__c": "transfer", "External_Id__c": name, "Type": "New Business",
         **({"Contract_Start_Date__c": facts.start.isoformat()} if facts.start else {})}
        for name, account in zip(names, ids, strict=True)
    ]  # fmt: skip
    opportunities = await _create(stage, "Opportunity", deals)
    await _create(stage, "OpportunityLineItem", [
        {"OpportunityId": opportunity, "PricebookEntryId": price["Id"], "Quantity": float(line.quantity),
         "UnitPrice": float(line.unit_price if line.unit_price is not None else price["UnitPrice"])}
        for opportunity in opportunities for line, price in zip(facts.lines, prices, strict=True)
    ])  # fmt: skip
    for name, account, opportunity in zip(names, ids, opportunities, strict=True):
        buyer = Buyer(name, f"Customer {name}", account, facts.entity, "transfer")
        stage.buyers[name] = buyer
        stage.offers[name] = Offer(name, opportunity, buyer, currency, opportunity)
    won = [{"Id": opportunity, "StageName": "Closed Won", "CloseDate": today} for opportunity in opportunities]
    for first in range(0, len(won), A_CALL):
        await stage.sales.update_many("Opportunity", won[first : first + A_CALL])
    return f"{len(names)} customers of entity {facts.entity} sign at once"


async def _create(stage: Stage, kind: str, rows: list[dict[str, Any]]) -> list[str]:
    ids: list[str] = []
    for first in range(0, len(rows), A_CALL):
        ids += await stage.sales.create_many(kind, rows[first : first + A_CALL])
    return ids

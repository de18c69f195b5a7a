"""Contracts that exist: the one of a deal, for what sales does about it, and the customer's own changes of it."""

from typing import Any

from harness.drivers.stage import Offer, Stage, StepFailed

TYPES = {"new": "New Business", "renewal": "Renewal", "amendment": "Amendment"}


async def deal_fields(stage: Stage, facts: Any) -> dict[str, Any]:
    """Type and contract of an opportunity; StepFailed while the contract is not in Salesforce."""
    if facts.type == "new":
        return {"Type": TYPES["new"]}
    origin = stage.offer(facts.of).origin
    rows = await stage.sales.query(f"SELECT Id FROM Contract WHERE Opportunity__c = '{origin}'")
    if not rows:
        raise StepFailed(f"Salesforce has no contract of deal {facts.of} yet")
    return {"Type": TYPES[facts.type], "ContractId": rows[0]["Id"]}


def origin_of(stage: Stage, facts: Any, opportunity_id: str) -> str:
    """The opportunity that a deal's contract began with: its own, or that of the deal which it changes."""
    return opportunity_id if facts.of is None else stage.offer(facts.of).origin


async def platform_change(stage: Stage, facts: Any) -> str:
    """The customer changes the number of seats where it subscribes: nobody in sales knows of it."""
    offer: Offer = stage.offer(facts.deal)
    if facts.during is not None and not await stage.storm.strikes(facts.during):
        raise StepFailed(f"the disturbance {facts.during} delays no call: nothing to do in its midst")
    subscription = await stage.platform.held_by(offer.origin)
    plan = next(item for item in subscription["subscription_items"] if item["item_type"] == "plan")
    await stage.platform.change_seats(subscription["id"], plan["item_price_id"], facts.seats, facts.at_term_end)
    day = "" if facts.at_term_end else stage.site_day()
    stage.customer_changes.add(f"{subscription['id']} {day}")
    when = "from the next term on" if facts.at_term_end else "now"
    return f"{offer.buyer.name} changes {plan['quantity']} to {facts.seats} seats in the platform, {when}"


async def move_contract(stage: Stage, facts: Any) -> str:
    """By the platform's own means; the customer that it goes to has to be known there."""
    offer, buyer = stage.offer(facts.deal), stage.buyer(facts.to)
    subscription = await stage.platform.held_by(offer.origin)
    customer = await stage.platform.customer_of(buyer.account_id, subscription["business_entity_id"])
    await stage.platform.do(f"/subscriptions/{subscription['id']}/move", {"to_customer_id": customer})
    return f"{subscription['id']} of {offer.buyer.name} is moved to {buyer.name}"


async def milestone(stage: Stage, facts: Any) -> str:
    """A part of a project is planned, reported or accepted in Salesforce."""
    offer: Offer = stage.offer(facts.deal)
    fields: dict[str, Any] = {} if facts.amount is None else {"Amount__c": float(facts.amount)}
    if facts.status is not None:
        fields["Status__c"] = facts.status.title()
    if facts.status == "accepted":
        fields["Accepted_On__c"] = stage.today(offer.buyer.entity).isoformat()
    known = stage.milestones.get(facts.id)
    if known is not None:
        await stage.sales.update("Milestone__c", known, fields)
    else:
        new = {"Status__c": "Planned", "Name": facts.id, "Opportunity__c": offer.opportunity_id,
               "CurrencyIsoCode": offer.currency, **fields}  # fmt: skip
        stage.milestones[facts.id] = await stage.sales.create("Milestone__c", new)
    return f"milestone {facts.id} of {facts.deal}: {', '.join(str(value) for value in fields.values()) or 'planned'}"

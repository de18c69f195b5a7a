"""Process milestone-billing: an accepted part of a project is billed once, by the platform, like any other charge.

A deal's milestones must come to what it was won for; until they do, none of them is billed. What is changed after its
bill stands is for a person: a bill is corrected by a credit, not by a second bill.
"""

import json
from collections.abc import Mapping
from typing import Any

from synccore.domain.deals import Deal, Milestone
from synccore.domain.findings import Finding
from synccore.ports.engine import Run
from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context, item_of
from synccore.processes.one_off_bills import agreed_key, issue

RECORD = "Milestone__c"


def meant(content: Mapping[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    """Process, partition, subject and argument of the work that a changed milestone means."""
    milestone, opportunity = str(content["Id"]), str(content.get("Opportunity__c") or "")
    argument = {"opportunity": opportunity, "milestone": milestone}
    return "milestone-billing", str(content.get("AccountId") or opportunity), milestone, argument


def topic(deal: str) -> str:
    """What wakes the work on a deal's milestones."""
    return f"milestones:{deal}"


def open_milestones(ctx: Context, unit: Unit, deal: Deal) -> None:
    """The deal is taken up: from now on its milestones are billed as they are accepted."""
    unit.cursors.set(agreed_key(deal.id), deal.agreed)
    unit.work.wake(topic(deal.id), ctx.clock.now())


def milestone_bills(unit: Unit, deal: str) -> list[str]:
    """Numbers of the bills of a deal's milestones, oldest first."""
    return [number for number, _ in _billed(unit, deal).values()]


class MilestoneBilling:
    """Looks at the deal and all of its milestones, and bills one of them."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def __call__(self, run: Run, argument: Any) -> None:
        """`argument`: {"opportunity": id, "milestone": id}."""
        opportunity, wanted = str(argument["opportunity"]), str(argument["milestone"])
        row = await run.step("deal", lambda: self._deal(opportunity))
        if row is None:
            return
        deal = Deal.model_validate(row)
        parts = [Milestone.model_validate(one) for one in await run.step("milestones", lambda: self._parts(deal))]
        mine = next((one for one in parts if one.id == wanted), None)
        number, amount = await run.step("billed", lambda: self._known(deal, wanted))
        if number:
            _unchanged(deal, mine, number, amount)
            return
        if mine is None or not mine.accepted or not deal.won:
            return
        sku = await run.step("product", lambda: self._product(deal))
        _complete(deal, sku, parts)
        await run.step("bill", lambda: self._bill(deal, mine, sku))

    async def _deal(self, opportunity: str) -> Any:
        deal = await self._ctx.salesforce.deal(opportunity)
        return deal.model_dump(mode="json") if deal is not None else None

    async def _parts(self, deal: Deal) -> list[Any]:
        return [one.model_dump(mode="json") for one in await self._ctx.salesforce.milestones(deal.id)]

    async def _known(self, deal: Deal, milestone: str) -> tuple[str, int]:
        return await self._ctx.db.run(lambda unit: _billed(unit, deal.id).get(milestone, ("", 0)))

    async def _product(self, deal: Deal) -> str:
        """The product code that the parts are billed as. Parks while the deal is not taken up."""

        def look(unit: Unit) -> str:
            if unit.cursors.get(agreed_key(deal.id)) is None:
                raise Parked(f"deal {deal.name} is not taken up yet", waiting_on=(topic(deal.id),))
            parted = (line.sku for line in deal.lines if (item := item_of(unit, line.sku)) and item.milestones)
            return next(parted, "")

        return await self._ctx.db.run(look)

    async def _bill(self, deal: Deal, part: Milestone, sku: str) -> str:
        ctx = self._ctx
        fields = {
            "customer_id": ctx.keys.customer(deal.account.id, deal.account.entity),
            "auto_collection": "on" if deal.payment_method == "card" else "off",
            "charges": [{"amount": part.amount, "description": sku}],
        }

        def settled(unit: Unit, number: Any) -> None:
            billed = {**_billed(unit, deal.id), part.id: (str(number), part.amount)}
            unit.cursors.set(f"milestones/{deal.id}", json.dumps(billed))

        return await issue(ctx, deal, part.id, ctx.keys.milestone(deal.id, part.id), fields, settled)


def _billed(unit: Unit, deal: str) -> dict[str, tuple[str, int]]:
    """Milestone -> number of its bill and its amount (minor units, net)."""
    stored = json.loads(unit.cursors.get(f"milestones/{deal}") or "{}")
    return {name: (str(number), int(amount)) for name, (number, amount) in stored.items()}


def _complete(deal: Deal, sku: str, parts: list[Milestone]) -> None:
    """The milestones of a deal are all of it. Raises Parked."""
    ordered = sum(line.total for line in deal.lines if line.sku == sku)
    planned = sum(one.amount for one in parts)
    if sku and ordered == planned:
        return
    reason = f"the milestones of deal {deal.name} come to {planned}, and {ordered} was sold so (minor units)"
    actions = ("fix_milestones", "fix_opportunity", "retry", "abandon")
    topics = (topic(deal.id), f"opportunity:{deal.id}")
    raise Parked(reason, (Finding("milestones_differ", reason, "sales-operations", actions, topics),))


def _unchanged(deal: Deal, part: Milestone | None, number: str, amount: int) -> None:
    """What is billed stands as it was accepted. Raises Parked."""
    if part is not None and part.accepted and part.amount == amount:
        return
    now = "gone" if part is None else f"{'accepted' if part.accepted else 'not accepted'} with {part.amount}"
    reason = f"a milestone of deal {deal.name} is {now}, and bill {number} says {amount} (minor units)"
    actions = ("settle_in_platform", "fix_milestones", "retry", "abandon")
    raise Parked(reason, (Finding("milestone_changed", reason, "finance", actions, (topic(deal.id),)),))

"""Renewals and amendments that sales has won, carried into the platform. Part of process order-activation."""

from collections.abc import Mapping

from synccore.domain.agreements import Unfit, agreed, hindrance
from synccore.domain.deals import Deal
from synccore.domain.mappings import Item
from synccore.ports.engine import Run
from synccore.processes.amendments import Amendment
from synccore.processes.context import Context
from synccore.processes.contract_status import show_contract
from synccore.processes.deal_rounds import deal_key, refuse
from synccore.processes.one_off_bills import bill_once
from synccore.processes.quotes import Quote
from synccore.processes.renewals import Renewal
from synccore.processes.write_back import report_deal


class ContractChanges:
    """A renewal is a change at the term's end, an amendment one from today on; neither wipes what the other planned.

    What such a deal sells once is billed once, on a bill of its own, as soon as the change is in the platform.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def run(self, run: Run, deal: Deal, items: Mapping[str, Item], cycles: int, collection: str) -> None:
        """Carry out the deal once; `cycles`: how many billing terms a renewal is for; `collection`: on or off."""
        customer = str(await run.step("change", lambda: self._change(deal, items, cycles)))
        services = tuple(line for line in deal.lines if items[line.sku].kind == "charge")
        if services:
            sold = deal.model_copy(update={"lines": services})
            await run.step("services", lambda: bill_once(self._ctx, sold, items, customer, collection))
        subscription = deal.contract_subscription
        await run.step("contract", lambda: show_contract(self._ctx, subscription))
        await run.step("write-back", lambda: report_deal(self._ctx, deal, "Synced", "", subscription))

    async def _change(self, deal: Deal, items: Mapping[str, Item], cycles: int) -> str:
        ctx, named = self._ctx, deal.contract_subscription
        agreement = await ctx.platform.agreement(named) if named else None
        key = await deal_key(ctx, "renewal" if deal.kind == "renewal" else "amendment", deal.id)
        effect = await ctx.db.run(lambda unit: unit.effects.get(key))
        done = effect is not None and effect.state == "applied"
        unfit = None if done else hindrance(deal, items, agreement)
        if unfit is not None or agreement is None:
            await refuse(ctx, deal, unfit or Unfit("contract_unknown", "the contract is gone"))
        assert agreement is not None
        wanted = agreed(deal, items)
        if deal.kind == "renewal":
            await Renewal(ctx, deal, wanted, cycles).carry(agreement, done)
            return agreement.customer_id
        metered = tuple(items[line.sku].prices[deal.currency] for line in deal.lines if items[line.sku].kind == "usage")
        if wanted and not done:
            wanted = await Quote(ctx, deal).parts(agreement, wanted)
        if wanted or metered:
            await Amendment(ctx, deal, wanted, metered).carry(agreement, done)
        return agreement.customer_id

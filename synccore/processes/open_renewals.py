"""The platform has renewed a contract by itself: whoever still works on its renewal in sales is told."""

from typing import Any

from synccore.ports.outcomes import Parked
from synccore.ports.stores import Unit
from synccore.processes.context import Context
from synccore.processes.scheduled_changes import decision_of
from synccore.processes.writes import Write

STATUS = "Renewed by platform"


async def tell_open_renewals(ctx: Context, news: dict[str, Any]) -> str:
    """Sync status of every open renewal of the contract; policy renewal/auto_renewed: tell or nothing."""
    subscription, term = str(news["subscription"]), str(news["key"])

    def look(unit: Unit) -> tuple[str | None, bool, list[str]]:
        decision = decision_of(unit, subscription)
        bidden = decision is not None and 0 <= int(news["at"]) - int(decision["until"]) <= 1
        kinds = [name for name, kind in ctx.policy(unit, "deal_types").items() if kind == "renewal"]
        silent = bidden or ctx.policy(unit, "renewal")["auto_renewed"] != "tell"
        return unit.links.external("contract", subscription, "salesforce"), silent, kinds

    contract, silent, kinds = await ctx.db.run(look)
    if contract is None:
        raise Parked(
            f"the contract of {subscription} is not in Salesforce yet", waiting_on=(f"contract:{subscription}",)
        )
    if silent or not kinds:
        return ""
    for deal in await ctx.salesforce.open_deals(contract, kinds):

        async def send(_refusals: int, deal: str = deal) -> str:
            await ctx.salesforce.write_deal_status(deal, {"Sync_Status__c": STATUS})
            return deal

        key = ctx.keys.effect("salesforce", "auto-renewed", f"{deal}/{term}")
        await ctx.once(ctx, Write(key, "salesforce", "deal-status", f"contract:{subscription}"), send)
    return term

"""Renewals and amendments that sales has won, carried into the platform. Part of process order-activation."""

from collections.abc import Mapping

from synccore.domain.agreements import Agreement, Part, Unfit, agreed, hindrance
from synccore.domain.deals import Deal
from synccore.domain.mappings import Item
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.processes.amendments import Amendment
from synccore.processes.compensation import TAKEN_BACK
from synccore.processes.context import Context
from synccore.processes.contract_status import show_contract
from synccore.processes.corrections import Correction, rest_of
from synccore.processes.deal_writes import BACK, corrections_of, deal_key, refuse, turn_of, untold_key, withdrawals_of
from synccore.processes.one_off_bills import bill_once
from synccore.processes.quotes import Quote
from synccore.processes.renewals import Renewal
from synccore.processes.withdrawals import Withdrawal
from synccore.processes.write_back import report_deal


def edited(deal: Deal) -> str:
    """What is said of a deal that differs from what became of it."""
    return (
        f"deal {deal.name} was edited after it had become a contract or a bill, which stand as they are: sell the"
        " difference as an amendment, or set the deal back"
    )


def _kind(deal: Deal) -> str:
    return "renewal" if deal.kind == "renewal" else "amendment"


def _carried_key(deal: Deal) -> str:
    """Where it is remembered as what the deal was carried out."""
    return f"carried/{deal.id}"


class ContractChanges:
    """A renewal is a change at the term's end, an amendment one from today on; neither wipes what the other planned.

    What such a deal sells once is billed once, on a bill of its own, as soon as the change is in the platform.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def run(self, run: Run, deal: Deal, items: Mapping[str, Item], cycles: int, collection: str) -> None:
        """Carry out the deal once; `cycles`: how many billing terms a renewal is for; `collection`: on or off.

        An amendment that was edited after it was carried out is corrected, a renewal withdrawn and decided anew.
        """
        changed = await run.step("edited", lambda: self._edited(deal))
        if changed and deal.kind == "renewal":
            await Withdrawal(self._ctx, deal, _carried_key(deal)).edited(run, edited(deal))
        elif changed:
            await Correction(self._ctx, deal).edited(
                run, lambda agreement: self._sold(deal, items, agreement), rest_of(deal, items),
                _carried_key(deal), edited(deal),
            )  # fmt: skip
        customer = str(await run.step("change", lambda: self._change(deal, items, cycles)))
        services = tuple(line for line in deal.lines if items[line.sku].kind == "charge")
        if services:
            sold = deal.model_copy(update={"lines": services})
            await run.step("services", lambda: bill_once(self._ctx, sold, items, customer, collection))
        subscription = deal.contract_subscription
        await run.step("contract", lambda: show_contract(self._ctx, subscription))
        await run.step("write-back", lambda: self._report(deal, subscription))

    async def set_back(self, run: Run, deal: Deal) -> None:
        """A renewal or an amendment that was carried out and is won no longer: nothing may stay silent.

        It is taken back where that is possible, and waits for a person else. A renewal that is lost for good is
        `renewals.decline`'s. Raises Parked.
        """
        kind, untold = await run.step("reopened", lambda: self._told(deal))
        text = (
            f"deal {deal.name} is won no longer, and what it changed stands in {deal.contract_subscription}: win it"
            " again, or sell the opposite"
        )
        if kind == "amendment":
            await Correction(self._ctx, deal).taken_back(run, _carried_key(deal), text)
        elif kind:
            await Withdrawal(self._ctx, deal, _carried_key(deal)).set_back(run, text)
        if not kind and not untold:
            return

        def untold_of(unit: Unit) -> str:
            return unit.cursors.get(untold_key(deal.id)) or ""

        subscription = str(untold or await run.step("untold", lambda: self._ctx.db.run(untold_of)))
        await run.step("contract", lambda: show_contract(self._ctx, subscription))
        await run.step("write-back", lambda: report_deal(self._ctx, deal, TAKEN_BACK, "", subscription))
        await run.step("told", lambda: self._ctx.db.run(lambda unit: unit.cursors.set(untold_key(deal.id), "")))

    async def _told(self, deal: Deal) -> tuple[str, str]:
        """What kind of change the deal has made that stands, '' for none; and of which contract one was taken back
        that sales has not been told of yet, since the run that did it was not the last.
        """

        def look(unit: Unit) -> tuple[str, str]:
            kind = str(self._ctx.policy(unit, "deal_types").get(deal.type, "new"))
            told = kind != "new" and not (kind == "renewal" and deal.closed)
            carried = unit.cursors.get(_carried_key(deal))
            if carried == BACK:
                return "", unit.cursors.get(untold_key(deal.id)) or ""
            return (kind if told and carried is not None else ""), ""

        return await self._ctx.db.run(look)

    async def _edited(self, deal: Deal) -> bool:
        """Whether it was carried out as another one than it is now, or is being corrected."""

        def look(unit: Unit) -> bool:
            known = unit.cursors.get(_carried_key(deal))
            under_way = corrections_of(unit, deal.id)["open"] or withdrawals_of(unit, deal.id)["open"]
            return known is not None and (known != deal.agreed or bool(under_way))

        return await self._ctx.db.run(look)

    async def _sold(self, deal: Deal, items: Mapping[str, Item], agreement: Agreement) -> tuple[Part, ...]:
        sold = agreed(deal, items)
        return await Quote(self._ctx, deal).parts(agreement, sold) if sold else sold

    async def _report(self, deal: Deal, subscription: str) -> None:
        await report_deal(self._ctx, deal, "Synced", "", subscription)
        await self._ctx.db.run(lambda unit: unit.cursors.set(_carried_key(deal), deal.agreed))

    async def _change(self, deal: Deal, items: Mapping[str, Item], cycles: int) -> str:
        ctx, named = self._ctx, deal.contract_subscription
        agreement = await ctx.platform.agreement(named) if named else None
        turn = await ctx.db.run(lambda unit: turn_of(unit, deal.id))
        key = deal_key(ctx, _kind(deal), turn)
        effect = await ctx.db.run(lambda unit: unit.effects.get(key))
        done = effect is not None and effect.state == "applied"
        unfit = None if done else hindrance(deal, items, agreement)
        if unfit is not None or agreement is None:
            await refuse(ctx, deal, unfit or Unfit("contract_unknown", "the contract is gone"))
        assert agreement is not None
        wanted = agreed(deal, items)
        if deal.kind == "renewal":
            await Renewal(ctx, deal, wanted, cycles, turn).carry(agreement, done)
            return agreement.customer_id
        metered = tuple(items[line.sku].prices[deal.currency] for line in deal.lines if items[line.sku].kind == "usage")
        if wanted and not done:
            wanted = await Quote(ctx, deal).parts(agreement, wanted)
        if wanted or metered:
            await Amendment(ctx, deal, wanted, metered, rest_of(deal, items)).carry(agreement, done)
        return agreement.customer_id

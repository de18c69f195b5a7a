"""Renewals and amendments that sales has won, carried into the platform. Part of process order-activation."""

import json
from collections.abc import Mapping
from typing import Any

from synccore.domain.agreements import (
    Agreement,
    Part,
    Unfit,
    agreed,
    amended,
    finding,
    fingerprint,
    hindrance,
)
from synccore.domain.calendar import midnight
from synccore.domain.deals import Deal
from synccore.domain.facts import fact
from synccore.domain.mappings import Item
from synccore.ports.engine import Run
from synccore.ports.outcomes import Later, Parked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.contract_status import change_key, show_contract
from synccore.processes.scheduled_changes import decided_key, decision_of, parts_of, plan, planned_of, rows_of, schedule
from synccore.processes.write_back import report_deal
from synccore.processes.writes import Write


class ContractChanges:
    """A renewal is a change at the term's end, an amendment one from today on; neither wipes what the other planned."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def run(self, run: Run, deal: Deal, items: Mapping[str, Item], cycles: int) -> None:
        """Carry out the deal once; `cycles`: how many billing terms a renewal is for."""
        await run.step("change", lambda: self._change(deal, items, cycles))
        subscription = deal.contract_subscription
        await run.step("contract", lambda: show_contract(self._ctx, subscription))
        await run.step("write-back", lambda: report_deal(self._ctx, deal, "Synced", "", subscription))

    async def _change(self, deal: Deal, items: Mapping[str, Item], cycles: int) -> str:
        named = deal.contract_subscription
        agreement = await self._ctx.platform.agreement(named) if named else None
        key = self._key("renewal" if deal.kind == "renewal" else "amendment", deal)
        effect = await self._ctx.db.run(lambda unit: unit.effects.get(key))
        done = effect is not None and effect.state == "applied"
        unfit = None if done else hindrance(deal, items, agreement)
        if unfit is not None or agreement is None:
            await self._refuse(deal, unfit or Unfit("contract_unknown", "the contract is gone"))
        assert agreement is not None
        wanted = agreed(deal, items)
        if deal.kind == "renewal":
            return await self._renew(deal, agreement, wanted, cycles, done)
        return await self._amend(deal, agreement, wanted, done)

    async def _refuse(self, deal: Deal, unfit: Unfit) -> None:
        await report_deal(self._ctx, deal, "Blocked", unfit.reason)
        raise Parked(unfit.reason, (finding(deal, unfit),))

    def _key(self, kind: str, deal: Deal) -> str:
        return self._ctx.keys.effect("subscriptions", kind, deal.id)

    # -- renewal --------------------------------------------------------------------------------

    async def _renew(self, deal: Deal, agreement: Agreement, wanted: tuple[Part, ...], cycles: int, done: bool) -> str:
        """The decision first, then what it changes: both hold from the end of the term in force on."""
        ctx = self._ctx
        if not done and agreement.term is None:
            await self._refuse(deal, Unfit("contract_ended", f"{agreement.id} has no contract term to renew"))
        changes = fingerprint(wanted) != fingerprint(agreement.parts)
        items_key = self._key("renewal-items", deal)
        planned = await ctx.db.run(lambda unit: unit.effects.get(items_key))
        if not done and planned is None:
            await self._guard(deal, agreement, wanted)
        term = agreement.term
        decision = {
            "deal": deal.id, "term": term.id if term else "", "until": term.end if term else 0,
            "changes": changes,
        }  # fmt: skip
        fields = {
            "contract_term": {"action_at_term_end": "renew"}, "contract_term_billing_cycle_on_renewal": cycles,
            "cf_sf_renewal": deal.id,
        }  # fmt: skip

        async def look() -> Found | None:
            known = await ctx.platform.agreement(agreement.id)
            return Found(known.version) if known is not None and known.renewal == deal.id else None

        async def send(refusals: int) -> int:
            key = ctx.keys.idempotency(f"{self._key('renewal', deal)}#{refusals}")
            return await ctx.platform.change_subscription(agreement.id, fields, key)

        def settled(unit: Unit, version: Any) -> None:
            unit.cursors.set(decided_key(agreement.id), json.dumps(decision))
            plan(unit, agreement, rows_of(wanted), items_key if changes else self._key("renewal", deal))
            at, cause = ctx.clock.now(), f"opportunity:{deal.id}"
            data = {"subscription": agreement.id, "opportunity": deal.id, "cycles": cycles,
                    "quantity": sum(part.quantity for part in wanted if part.plan)}  # fmt: skip
            unit.events.append(fact("renewal-confirmed", "salesforce", deal.id, deal.account.id, at, data, cause))
            del version

        write = Write(self._key("renewal", deal), "subscriptions", "renewal", f"opportunity:{deal.id}")
        await ctx.once(ctx, write, send, look, settled)
        held = await ctx.db.run(lambda unit: decision_of(unit, agreement.id))
        if held is not None and held["deal"] == deal.id and held["changes"]:
            await schedule(ctx, items_key, f"opportunity:{deal.id}", agreement, wanted)
        return agreement.id

    async def _guard(self, deal: Deal, agreement: Agreement, wanted: tuple[Part, ...]) -> None:
        """A new scheduled change silently replaces the one that is there: only a person may decide that."""
        there = agreement.scheduled
        if there is None or fingerprint(there) == fingerprint(wanted):
            return
        text = f"{agreement.id} has a change scheduled for its term's end already, which deal {deal.name} would replace"
        await self._refuse(deal, Unfit("scheduled_change_conflict", text))

    # -- amendment ------------------------------------------------------------------------------

    async def _amend(self, deal: Deal, agreement: Agreement, delta: tuple[Part, ...], done: bool) -> str:
        ctx = self._ctx
        again = f"reschedule/{deal.id}"
        zone = await ctx.db.run(lambda unit: str(ctx.policy(unit, "platform")["zone"]))
        begins = midnight(deal.start, zone) if deal.start is not None else 0
        wait = begins - ctx.clock.now()
        if not done and wait > 0 and begins < agreement.term_ends:
            raise Later(wait, f"amendment {deal.name} begins on {deal.start}", counts=False)
        if not done:
            await self._plan(deal, agreement, delta, again, always=begins >= agreement.term_ends)
        if deal.start is not None and not done and begins >= agreement.term_ends:
            rows = await ctx.db.run(lambda unit: str(unit.cursors.get(again)))
            key = self._key("amendment", deal)
            await schedule(ctx, key, f"opportunity:{deal.id}", agreement, parts_of(json.loads(rows)))
            return agreement.id

        async def look() -> Found | None:
            version = await ctx.platform.changed_by(agreement.id, deal.id)
            return None if version is None else Found(version)

        async def send(refusals: int) -> int:
            fresh = await ctx.platform.agreement(agreement.id) or agreement
            rows = amended(fresh.parts, delta)
            if isinstance(rows, Unfit):
                await self._refuse(deal, rows)
            assert not isinstance(rows, Unfit)
            touched = {part.price for part in delta}
            fields = {
                "subscription_items": rows_of(tuple(part for part in rows if part.price in touched)),
                "mandatory_items_to_remove": [p.price for p in fresh.parts if p.price not in {r.price for r in rows}],
                "cf_sf_change": deal.id,
            }  # fmt: skip
            key = ctx.keys.idempotency(f"{self._key('amendment', deal)}#{refusals}")
            return await ctx.platform.change_subscription(agreement.id, fields, key)

        def settled(unit: Unit, version: Any) -> None:
            unit.cursors.set(change_key(deal.id), str(version))
            rows = unit.cursors.get(again)
            if rows:  # from here on what sales planned has these too
                plan(unit, agreement, json.loads(rows), self._key("amendment", deal))

        write = Write(self._key("amendment", deal), "subscriptions", "amendment", f"opportunity:{deal.id}")
        await ctx.once(ctx, write, send, look, settled)
        kept = await ctx.db.run(lambda unit: unit.cursors.get(again))
        fresh = await ctx.platform.agreement(agreement.id) if kept else None
        if kept and fresh is not None and fingerprint(fresh.parts) != fingerprint(parts_of(json.loads(kept))):
            key, cause = self._key("reschedule", deal), f"opportunity:{deal.id}"
            await schedule(ctx, key, cause, agreement, parts_of(json.loads(kept)))
        return agreement.id

    async def _plan(self, deal: Deal, agreement: Agreement, delta: tuple[Part, ...], again: str, always: bool) -> None:
        """Before the change, which wipes what is scheduled, remember what must be scheduled again behind it.

        `always`: the amendment itself begins at the term's end. What was remembered first holds: a second look may
        see the change done already.
        """
        ctx = self._ctx
        unfit = amended(agreement.parts, delta)
        if isinstance(unfit, Unfit):
            effect = await ctx.db.run(lambda unit: unit.effects.get(self._key("amendment", deal)))
            if effect is None:
                await self._refuse(deal, unfit)
            return
        there, remembered = agreement.scheduled, await ctx.db.run(lambda unit: unit.cursors.get(again))
        planned = await ctx.db.run(lambda unit: planned_of(unit, agreement.id))
        term = agreement.term.id if agreement.term is not None else ""
        decided = parts_of(planned["parts"]) if planned is not None and planned["term"] == term else None
        if remembered is not None or (there is None and decided is None and not always):
            return
        if there is not None and (decided is None or fingerprint(decided) != fingerprint(there)):
            text = (
                f"{agreement.id} has a change scheduled that sales did not decide, and deal {deal.name} would wipe it"
            )
            await self._refuse(deal, Unfit("scheduled_change_conflict", text))
        later = amended(decided or agreement.parts if there is None else there, delta)
        if isinstance(later, Unfit):
            await self._refuse(deal, later)
        assert not isinstance(later, Unfit)
        rows = json.dumps(rows_of(later))
        await ctx.db.run(lambda unit: unit.cursors.set(again, rows))

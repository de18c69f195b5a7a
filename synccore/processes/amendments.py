"""A won amendment: what a contract holds from today, or a day, on; what is planned for its term's end stands."""

import json
from functools import partial
from typing import Any

from synccore.domain.agreements import Agreement, Part, Unfit, amended, fingerprint
from synccore.domain.calendar import midnight
from synccore.domain.deals import Deal
from synccore.domain.undone import marked
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.contract_status import change_key
from synccore.processes.corrections import date_made, made_of, remember, what_was_made
from synccore.processes.deal_writes import deal_key, refuse
from synccore.processes.quotes import Quote
from synccore.processes.scheduled_changes import parts_of, plan, planned_of, rows_of, schedule
from synccore.processes.undone_changes import UndoneChanges, pend
from synccore.processes.writes import UNKNOWN_S, Write


class Amendment:
    """One change of a contract in mid-term; `metered`: what is billed by usage from then on.

    `rest`: a fingerprint of what else the deal sells, see `corrections`.
    """

    def __init__(
        self, ctx: Context, deal: Deal, delta: tuple[Part, ...], metered: tuple[str, ...], rest: str
    ) -> None:  # fmt: skip
        self._ctx, self._deal, self._delta, self._metered, self._rest = ctx, deal, delta, metered, rest
        self._cause = f"opportunity:{deal.id}"

    async def carry(self, agreement: Agreement, done: bool) -> None:
        """Carry it out once; `done`: it is in the platform already."""
        ctx, deal, delta = self._ctx, self._deal, self._delta
        again, key = f"reschedule/{deal.id}", deal_key(ctx, "amendment", deal.id)

        def policies(unit: Unit) -> tuple[str, str]:
            return str(ctx.policy(unit, "platform")["zone"]), str(ctx.policy(unit, "amendment")["price"])

        zone, price = await ctx.db.run(policies)
        begins = midnight(deal.start, zone) if deal.start is not None else 0
        wait = begins - ctx.clock.now()
        if not done and wait > 0 and begins < agreement.term_ends:
            raise Later(wait, f"amendment {deal.name} begins on {deal.start}", counts=False)
        if not done:
            await self._quoted(agreement, price)
            await self._plan(agreement, again, price, always=begins >= agreement.term_ends)
        if deal.start is not None and not done and begins >= agreement.term_ends:
            rows = await ctx.db.run(lambda unit: str(unit.cursors.get(again)))
            await schedule(ctx, key, self._cause, agreement, parts_of(json.loads(rows)))
            return

        read_at: float | None = None

        def wish(parts: tuple[Part, ...]) -> tuple[Part, ...] | Unfit:
            return amended(parts, delta, price)

        async def look() -> Found | None:
            version = marked(await ctx.platform.changes(agreement.id), deal.id)
            return None if version is None else Found(version.number)

        async def send(refusals: int) -> int:
            nonlocal read_at
            read_at = ctx.clock.now()
            fresh = await ctx.platform.agreement(agreement.id) or agreement
            if fresh.scheduled != agreement.scheduled:  # the change now would wipe it
                raise Later(UNKNOWN_S, f"something else is scheduled for {agreement.id} now", counts=False)
            rows = wish(fresh.parts)
            if isinstance(rows, Unfit):
                await refuse(ctx, deal, rows)
                raise AssertionError("unreachable")
            once = ctx.keys.idempotency(f"{key}#{refusals}")
            return await ctx.platform.change_subscription(agreement.id, self._fields(fresh, rows), once)

        def settled(unit: Unit, version: Any) -> None:
            unit.cursors.set(change_key(deal.id), str(version))
            date_made(unit, deal.id, int(version))
            pend(unit, deal.id, read_at)
            rows = unit.cursors.get(again)
            if rows:  # from here on what sales planned has these too
                plan(unit, agreement, json.loads(rows), key)

        keep = None if done else partial(self._remember, agreement, price)
        write = Write(key, "subscriptions", "amendment", self._cause, prepare=keep)
        await ctx.once(ctx, write, send, look, settled)
        await UndoneChanges(ctx, deal, wish).make_good(agreement.id)
        kept = await ctx.db.run(lambda unit: unit.cursors.get(again))
        fresh = await ctx.platform.agreement(agreement.id) if kept else None
        if kept and fresh is not None and fingerprint(fresh.parts) != fingerprint(parts_of(json.loads(kept))):
            anew = deal_key(ctx, "reschedule", deal.id)
            await schedule(ctx, anew, self._cause, agreement, parts_of(json.loads(kept)))

    def _fields(self, fresh: Agreement, rows: tuple[Part, ...]) -> dict[str, Any]:
        """What the deal changes, and nothing else: what the customer changes beside it meanwhile stands."""
        touched = {part.price for part in self._delta}
        return {
            "subscription_items": [
                *rows_of(tuple(part for part in rows if part.price in touched)),
                *({"item_price_id": price} for price in self._metered if price not in fresh.metered),
            ],
            "mandatory_items_to_remove": [p.price for p in fresh.parts if p.price not in {r.price for r in rows}],
            "cf_sf_change": self._deal.id,
        }  # fmt: skip

    def _remember(self, agreement: Agreement, price: str, unit: Unit) -> str:
        """What the deal makes of the contract. What was remembered first holds: it may have been sent since.

        If somebody has changed the contract between, what it holds then differs, and no correction is tried.
        """
        after = amended(agreement.parts, self._delta, price)
        if made_of(unit, self._deal.id) is None and not isinstance(after, Unfit):
            made = what_was_made(agreement.id, agreement.parts, after, self._rest, metered=self._metered)
            remember(unit, self._deal.id, made)
        return ""

    async def _quoted(self, agreement: Agreement, price: str) -> None:
        changed = amended(agreement.parts, self._delta, price)
        if self._delta and not isinstance(changed, Unfit):
            await Quote(self._ctx, self._deal).check(agreement, self._delta, changed)

    async def _plan(self, agreement: Agreement, again: str, price: str, always: bool) -> None:
        """Before the change, which wipes what is scheduled, remember what must be scheduled again behind it.

        `always`: the amendment itself begins at the term's end. What was remembered first holds: a second look may
        see the change done already.
        """
        ctx, deal, delta = self._ctx, self._deal, self._delta
        unfit = amended(agreement.parts, delta, price)
        if isinstance(unfit, Unfit):
            key = deal_key(ctx, "amendment", deal.id)
            effect = await ctx.db.run(lambda unit: unit.effects.get(key))
            if effect is None:
                await refuse(ctx, deal, unfit)
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
            await refuse(ctx, deal, Unfit("scheduled_change_conflict", text))
        later = amended(decided or agreement.parts if there is None else there, delta, price)
        if isinstance(later, Unfit):
            await refuse(ctx, deal, later)
        assert not isinstance(later, Unfit)
        rows = json.dumps(rows_of(later))
        await ctx.db.run(lambda unit: unit.cursors.set(again, rows))

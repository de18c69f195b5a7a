"""A renewal that sales has decided, won or lost, carried into the platform. Part of process order-activation."""

import json
from typing import Any

from synccore.domain.agreements import Agreement, Part, Unfit, fingerprint
from synccore.domain.deals import Deal
from synccore.domain.facts import fact
from synccore.domain.renewals import Target, renewed_by_another, target_of, undecided_term_began
from synccore.domain.undone import marked
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.contract_status import change_key, show_contract
from synccore.processes.deal_writes import deal_key, refuse
from synccore.processes.scheduled_changes import decided_key, decision_of, plan, rows_of, schedule
from synccore.processes.undone_changes import UndoneChanges, pend
from synccore.processes.write_back import report_deal
from synccore.processes.writes import Write

NEAR_S = 3600  # so close to a term's end it may have passed between a look and a write


class Renewal:
    """The decision first, then what it changes: both hold from the end of the term in force on.

    A renewal that is won when the platform has begun another term by itself is of that term: there is one renewal.
    `turn`: its name in the keys, see `deal_writes.turn_of`.
    """

    def __init__(self, ctx: Context, deal: Deal, wanted: tuple[Part, ...], cycles: int, turn: str) -> None:
        self._ctx, self._deal, self._wanted, self._cycles, self._turn = ctx, deal, wanted, cycles, turn
        self._cause = f"opportunity:{deal.id}"

    async def carry(self, agreement: Agreement, done: bool) -> None:
        """Carry it out once; `done`: the decision is in the platform already."""
        ctx, deal = self._ctx, self._deal
        key = deal_key(ctx, "renewal", self._turn)
        items_key = deal_key(ctx, "renewal-items", self._turn)
        if not done:
            target = await self._target(agreement)
            planned = await ctx.db.run(lambda unit: unit.effects.get(items_key))
            if planned is None:
                await self._guard(agreement, target)
            await self._decide(agreement, target, key, items_key)
        held = await ctx.db.run(lambda unit: decision_of(unit, agreement.id))
        if held is None or held["deal"] != deal.id or held["kind"] != "won":
            return
        if held["changes"]:
            await self._change(agreement, held, items_key)
        if held["begun"]:
            await self._own(held)

    async def _target(self, agreement: Agreement) -> Target:
        ctx, deal = self._ctx, self._deal

        def look(unit: Unit) -> Target | Unfit:
            late_days = int(ctx.policy(unit, "renewal")["late_days"])
            zone = str(ctx.policy(unit, "platform")["zone"])
            return target_of(deal, agreement, decision_of(unit, agreement.id), late_days, zone)

        target = await ctx.db.run(look)
        if isinstance(target, Unfit):
            await refuse(ctx, deal, target)
        assert not isinstance(target, Unfit)
        return target

    async def _guard(self, agreement: Agreement, target: Target) -> None:
        """A new scheduled change silently replaces the one that is there: only a person may decide that."""
        there, same = agreement.scheduled, fingerprint(self._wanted) == fingerprint(agreement.parts)
        if there is not None and fingerprint(there) != fingerprint(self._wanted):
            what = f"{agreement.id} has a change scheduled for its term's end already"
            text = f"{what}, which deal {self._deal.name} would replace"
            await refuse(self._ctx, self._deal, Unfit("scheduled_change_conflict", text))
        late = await self._ctx.db.run(lambda unit: str(self._ctx.policy(unit, "renewal")["late_changes"]))
        if target != "next" and not same and late != "now":
            text = f"{agreement.id} was renewed by the platform as it was, deal {self._deal.name} says otherwise"
            await refuse(self._ctx, self._deal, Unfit("renewed_otherwise", text))
        if target == "current" and not same and agreement.term is not None:
            versions = await self._ctx.platform.changes(agreement.id, agreement.term.start - 1)
            began = next((one for one in versions if one.renewal), None)
            if began is not None and fingerprint(began.parts) != fingerprint(agreement.parts):
                await refuse(self._ctx, self._deal, self._changed(agreement.id))

    def _changed(self, subscription: str) -> Unfit:
        """The deal says what the term is to hold, and so does a change since: only a person knows what is agreed."""
        text = (
            f"{subscription} was changed since the platform renewed it, and deal {self._deal.name} would undo that:"
            " make the deal or the contract say what is agreed now"
        )
        return Unfit("renewed_otherwise", text)

    async def _decide(self, agreement: Agreement, target: Target, key: str, items_key: str) -> None:
        ctx, deal, wanted = self._ctx, self._deal, self._wanted
        changes = fingerprint(wanted) != fingerprint(agreement.parts)
        term = agreement.term
        begun = "" if target == "next" else (term.id if term is not None else str(agreement.term_began))
        start = term.start if term is not None else agreement.term_began
        decision = {
            "deal": deal.id, "kind": "won", "term": term.id if term and target == "next" else "",
            "until": term.end if term and target == "next" else start - 1, "begun": begun, "changes": changes,
            "base": fingerprint(agreement.parts),
        }  # fmt: skip
        fields = {
            "contract_term": {"action_at_term_end": "renew"},
            "contract_term_billing_cycle_on_renewal": self._cycles, "cf_sf_renewal": deal.id,
            **({"billing_cycles": self._cycles} if target == "holdover" else {}),
        }  # fmt: skip

        async def look() -> Found | None:
            known = await ctx.platform.agreement(agreement.id)
            return Found(known.version) if known is not None and known.renewal == deal.id else None

        async def send(refusals: int) -> int:
            return await ctx.platform.change_subscription(
                agreement.id, fields, ctx.keys.idempotency(f"{key}#{refusals}")
            )

        def keep(unit: Unit) -> str:
            if unit.cursors.get(_before_key(self._turn)) is None:  # else it may be in the platform already
                before = {"action": term.action if term is not None else "", "cycles": agreement.on_renewal,
                          "renewal": agreement.renewal}  # fmt: skip
                unit.cursors.set(_before_key(self._turn), json.dumps(before))
            return ""

        def settled(unit: Unit, _version: Any) -> None:
            before = json.loads(unit.cursors.get(_before_key(self._turn)) or "{}")
            unit.cursors.set(decided_key(agreement.id), json.dumps({**decision, "before": before}))
            if target == "next":
                plan(unit, agreement, rows_of(wanted), items_key if changes else key)
            data = {"subscription": agreement.id, "opportunity": deal.id, "cycles": self._cycles,
                    "quantity": sum(part.quantity for part in wanted if part.plan)}  # fmt: skip
            at = ctx.clock.now()
            told = fact("renewal-confirmed", "salesforce", self._turn, deal.account.id, at, data, self._cause, deal.id)
            unit.events.append(told)

        write = Write(key, "subscriptions", "renewal", self._cause, prepare=keep)
        await ctx.once(ctx, write, send, look, settled)

    async def _change(self, agreement: Agreement, held: dict[str, Any], items_key: str) -> None:
        """Schedule the items for the term's end; if that has passed meanwhile, they hold from now on."""
        ctx, wanted = self._ctx, self._wanted
        effect = await ctx.db.run(lambda unit: unit.effects.get(items_key))
        if effect is not None and effect.state == "applied":
            return
        read_at = ctx.clock.now()
        near = bool(held["begun"]) or read_at > int(held["until"]) - NEAR_S
        fresh = await ctx.platform.agreement(agreement.id) if near else agreement
        if not held["begun"] and fresh is not None and fresh.term is not None and fresh.term.id == held["term"]:
            await schedule(ctx, items_key, self._cause, agreement, wanted)
            fresh = await ctx.platform.agreement(agreement.id) if near else fresh
            if fresh is None or fresh.term is None or fresh.term.id == held["term"]:
                return
        if fresh is not None:
            await self._now(fresh, read_at, str(held.get("base", "")))

    async def _now(self, agreement: Agreement, read_at: float, base: str) -> None:
        """The items as the deal says, unless somebody has changed those that it was decided about: `base` is theirs."""
        ctx, deal, wanted = self._ctx, self._deal, self._wanted
        kept = {part.price for part in wanted}
        fields = {
            "subscription_items": rows_of(wanted), "cf_sf_change": deal.id,
            "mandatory_items_to_remove": [part.price for part in agreement.parts if part.price not in kept],
        }  # fmt: skip
        key = deal_key(ctx, "renewal-now", self._turn)
        if await ctx.db.run(lambda unit: unit.effects.get(key)) is None:
            if fingerprint(agreement.parts) == fingerprint(wanted):
                return
            if base and fingerprint(agreement.parts) != base:
                await refuse(ctx, deal, self._changed(agreement.id))

        async def look() -> Found | None:
            version = marked(await ctx.platform.changes(agreement.id), deal.id)
            return None if version is None else Found(version.number)

        async def send(refusals: int) -> int:
            return await ctx.platform.change_subscription(
                agreement.id, fields, ctx.keys.idempotency(f"{key}#{refusals}")
            )

        def settled(unit: Unit, version: Any) -> None:
            unit.cursors.set(change_key(deal.id), str(version))
            pend(unit, deal.id, read_at)

        def wish(parts: tuple[Part, ...]) -> tuple[Part, ...] | Unfit:
            return wanted if not base or fingerprint(parts) == base else self._changed(agreement.id)

        await ctx.once(ctx, Write(key, "subscriptions", "amendment", self._cause), send, look, settled)
        await UndoneChanges(ctx, deal, wish).make_good(agreement.id)

    async def _own(self, held: dict[str, Any]) -> None:
        """Sales was told of a renewal by the platform: now that it is sales' own, its row says so."""
        ctx, deal, term = self._ctx, self._deal, str(held["begun"])
        told = ctx.keys.effect("salesforce", "contract-change", term)
        effect = await ctx.db.run(lambda unit: unit.effects.get(told))
        if effect is None:
            return  # who tells of it will know whose it is

        async def send(_refusals: int) -> str:
            await ctx.salesforce.write_contract_change(term, {"Origin__c": "sales", "Opportunity__c": deal.id})
            return term

        key = ctx.keys.effect("salesforce", "contract-change-owner", term)
        await ctx.once(ctx, Write(key, "salesforce", "contract-change", self._cause, deal.id), send)


def _before_key(turn: str) -> str:
    """Where it is kept what a contract did at its term's end before a renewal was decided."""
    return f"before-renewal/{turn}"


async def decline(ctx: Context, deal: Deal) -> str:
    """A renewal that sales has lost: by policy the contract ends with its term. What began already is for a person."""

    def look_up(unit: Unit) -> tuple[dict[str, Any], str, str, dict[str, Any] | None]:
        kind = str(ctx.policy(unit, "deal_types").get(deal.type, "new"))
        zone = str(ctx.policy(unit, "platform")["zone"])
        return ctx.policy(unit, "renewal"), zone, kind, decision_of(unit, deal.contract_subscription)

    policy, zone, kind, prior = await ctx.db.run(look_up)
    if not deal.closed or kind != "renewal" or not deal.contract_subscription or policy["declined"] != "cancel":
        return ""
    agreement = await ctx.platform.agreement(deal.contract_subscription)
    key = deal_key(ctx, "decline", deal.id)
    effect = await ctx.db.run(lambda unit: unit.effects.get(key))
    if agreement is None or (effect is not None and effect.state == "applied"):
        return ""
    if effect is None:
        late_days = int(policy["late_days"])
        if agreement.status == "cancelled" or renewed_by_another(deal, agreement, prior, late_days, zone):
            return ""
        unfit = None
        if agreement.term is None:
            unfit = (
                f"{agreement.id} runs on without a contract term, and its renewal was lost: cancel it, or let it run"
            )
        elif undecided_term_began(deal, agreement, prior, late_days, zone):
            unfit = (
                f"{agreement.id} was renewed by the platform before its renewal was lost: agree on it with the customer"
            )
        if unfit is not None:
            await refuse(ctx, deal, Unfit("declined_too_late", unfit))
    await _end_with_term(ctx, deal, agreement, key)
    await show_contract(ctx, agreement.id)
    await report_deal(ctx, deal, "Synced", "", agreement.id)
    return agreement.id


async def _end_with_term(ctx: Context, deal: Deal, agreement: Agreement, key: str) -> None:
    term, cause = agreement.term, f"opportunity:{deal.id}"
    fields = {"contract_term": {"action_at_term_end": "cancel"}, "cf_sf_renewal": deal.id}
    decision = {"deal": deal.id, "kind": "declined", "term": term.id if term else "", "until": term.end if term else 0,
                "begun": "", "changes": False}  # fmt: skip

    async def look() -> Found | None:
        known = await ctx.platform.agreement(agreement.id)
        ends = known is not None and (known.term is None or known.term.action == "cancel")
        return Found(known.version) if known is not None and ends and known.renewal == deal.id else None

    async def send(refusals: int) -> int:
        return await ctx.platform.change_subscription(agreement.id, fields, ctx.keys.idempotency(f"{key}#{refusals}"))

    def settled(unit: Unit, _version: Any) -> None:
        unit.cursors.set(decided_key(agreement.id), json.dumps(decision))
        data = {"subscription": agreement.id, "opportunity": deal.id}
        at = ctx.clock.now()
        unit.events.append(fact("renewal-declined", "salesforce", deal.id, deal.account.id, at, data, cause))

    await ctx.once(ctx, Write(key, "subscriptions", "renewal", cause), send, look, settled)

"""A renewal that was decided and is won no longer, or is edited, before its term begins: the decision is withdrawn.

What was scheduled for the term's end goes, and the contract does at its end what it did before; last step first. Won
again, the renewal is decided anew, under keys of its own. Once the new term runs it is for a person.
"""

import json
from typing import Any

from synccore.domain.agreements import Agreement, Unfit, fingerprint
from synccore.domain.deals import Deal
from synccore.domain.facts import fact
from synccore.ports.engine import Run
from synccore.ports.stores import Unit
from synccore.ports.systems import Found
from synccore.processes.context import Context
from synccore.processes.deal_writes import (
    BACK,
    deal_key,
    refuse,
    said,
    turn_of,
    untold_key,
    withdrawals_key,
    withdrawals_of,
)
from synccore.processes.renewals import NEAR_S
from synccore.processes.scheduled_changes import decided_key, decision_of, parts_of, planned_key, planned_of
from synccore.processes.writes import Write

Plan = dict[str, Any]  # {turn, subscription, scheduled: is there anything, before: see `domain.renewals.Decision`}


class Withdrawal:
    """Undoes the decision of one renewal deal, once; what is begun is finished. `carried_in`: see ContractChanges."""

    def __init__(self, ctx: Context, deal: Deal, carried_in: str) -> None:
        self._ctx, self._deal, self._carried_in, self._cause = ctx, deal, carried_in, f"opportunity:{deal.id}"

    async def edited(self, run: Run, why: str) -> None:
        """So that it can be decided anew; nothing to do for one that was withdrawn before. Parks with `why`."""
        await self._run(run, "edited", Unfit("deal_edited", why))

    async def set_back(self, run: Run, why: str) -> None:
        """For good. Parks with `why`."""
        await self._run(run, "reopened", Unfit("deal_reopened", why))

    async def _run(self, run: Run, word: str, unfit: Unfit) -> None:
        plan: Plan | None = await run.step("withdrawal", lambda: self._plan(word, unfit))
        if plan is None:
            return
        if plan["scheduled"]:
            await run.step("unschedule", lambda: self._unschedule(plan))
        await run.step("undecide", lambda: self._undecide(plan))

    async def _plan(self, word: str, unfit: Unfit) -> Plan | None:
        ctx, deal = self._ctx, self._deal

        def look(unit: Unit) -> dict[str, Any]:
            return {
                "policy": ctx.policy(unit, "compensation"), "carried": unit.cursors.get(self._carried_in),
                "decision": decision_of(unit, deal.contract_subscription), **withdrawals_of(unit, deal.id),
                "planned": planned_of(unit, deal.contract_subscription),
                "bill": unit.links.external("bill-of-deal", deal.id, "subscriptions"),
                "items_key": deal_key(ctx, "renewal-items", turn_of(unit, deal.id)),
            }  # fmt: skip

        known = await ctx.db.run(look)
        if known["open"] is not None:
            return dict(known["open"])
        if known["carried"] == BACK:
            return None
        agreement = await ctx.platform.agreement(deal.contract_subscription)
        reason = "the policy `compensation` leaves it to a person" if known["policy"][word] != "auto" else ""
        reason = reason or self._hindrance(known, agreement)
        if reason or agreement is None:
            await refuse(ctx, deal, Unfit(unfit.kind, said(unfit.reason, reason or "its contract is gone")))
            raise AssertionError("unreachable")
        plan = {
            "turn": int(known["n"]), "subscription": agreement.id, "scheduled": agreement.scheduled is not None,
            "before": known["decision"]["before"],
        }  # fmt: skip
        kept = json.dumps({"n": known["n"], "open": plan})
        await ctx.db.run(lambda unit: unit.cursors.set(withdrawals_key(deal.id), kept))
        return plan

    def _hindrance(self, known: dict[str, Any], agreement: Agreement | None) -> str:
        """Why the decision cannot be withdrawn without a person, '' if it can."""
        decision, planned = known["decision"], known["planned"]
        ours = decision is not None and decision["deal"] == self._deal.id and decision["kind"] == "won"
        if agreement is None or agreement.status != "active" or not ours or agreement.renewal != self._deal.id:
            return "another decision holds by now"
        term = agreement.term
        if decision["begun"] or term is None or term.id != decision["term"]:
            return "the term that it renewed has begun"
        if self._ctx.clock.now() > int(decision["until"]) - NEAR_S:
            return "the term that it renewed is about to begin"
        if known["bill"]:
            return f"{known['bill']} bills what it sold once"
        if not decision.get("before"):
            return "what held before is not known"
        there = agreement.scheduled
        if there is None:
            return "what it had scheduled is gone" if decision["changes"] else ""
        own = planned is not None and planned["by"] == known["items_key"]
        same = planned is not None and fingerprint(parts_of(planned["parts"])) == fingerprint(there)
        return "" if own and same else "what is scheduled for the term's end is not its own alone"

    async def _unschedule(self, plan: Plan) -> int:
        ctx, subscription = self._ctx, str(plan["subscription"])
        key = deal_key(ctx, "unschedule", f"{self._deal.id}/{plan['turn']}")

        async def look() -> Found | None:
            known = await ctx.platform.agreement(subscription)
            return Found(known.version) if known is not None and known.scheduled is None else None

        async def send(refusals: int) -> int:
            return await ctx.platform.unschedule(subscription, ctx.keys.idempotency(f"{key}#{refusals}"))

        def settled(unit: Unit, _version: Any) -> None:
            unit.cursors.set(planned_key(subscription), "")

        return int(await ctx.once(ctx, Write(key, "subscriptions", "schedule", self._cause), send, look, settled))

    async def _undecide(self, plan: Plan) -> int:
        ctx, deal, subscription, before = self._ctx, self._deal, str(plan["subscription"]), plan["before"]
        key = deal_key(ctx, "undecide", f"{deal.id}/{plan['turn']}")
        fields = {
            "contract_term": {"action_at_term_end": before["action"]}, "cf_sf_renewal": before["renewal"],
            **({"contract_term_billing_cycle_on_renewal": before["cycles"]} if before["cycles"] else {}),
        }  # fmt: skip

        async def look() -> Found | None:
            known = await ctx.platform.agreement(subscription)
            return Found(known.version) if known is not None and known.renewal == before["renewal"] else None

        async def send(refusals: int) -> int:
            return await ctx.platform.change_subscription(
                subscription, fields, ctx.keys.idempotency(f"{key}#{refusals}")
            )

        def settled(unit: Unit, _version: Any) -> None:
            decision = {"deal": deal.id, "kind": "withdrawn", "term": "", "until": 0, "begun": "", "changes": False}
            unit.cursors.set(decided_key(subscription), json.dumps(decision))
            unit.cursors.set(planned_key(subscription), "")
            unit.cursors.set(withdrawals_key(deal.id), json.dumps({"n": plan["turn"] + 1, "open": None}))
            unit.cursors.set(self._carried_in, BACK)
            unit.cursors.set(untold_key(deal.id), subscription)
            data = {"subscription": subscription, "opportunity": deal.id}
            at, name = ctx.clock.now(), f"{deal.id}/{plan['turn']}"
            unit.events.append(
                fact("renewal-withdrawn", "salesforce", name, deal.account.id, at, data, self._cause, deal.id)
            )

        return int(await ctx.once(ctx, Write(key, "subscriptions", "renewal", self._cause), send, look, settled))

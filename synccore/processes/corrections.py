"""A deal that was carried out and is edited, or an amendment that is won no longer: its change is made good.

The platform changes the contract once more, dated back to the day from which the deal has held: it credits what it
charged from that day on and charges what holds instead, so that nothing is left of the slip. Part of order-activation.
What more depends on (a later change, a renewal, money that would have to be given back) is for a person.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from synccore.domain.agreements import Agreement, Part, Unfit, amended, fingerprint
from synccore.domain.deals import Deal
from synccore.domain.facts import fact
from synccore.domain.keys import CORRECTED
from synccore.domain.mappings import Item
from synccore.ports.engine import Run
from synccore.ports.outcomes import Later
from synccore.ports.stores import Unit
from synccore.ports.systems import Found, Rejected
from synccore.processes.compensation import credit_due, give_back, gives_back, shared, touched
from synccore.processes.context import Context
from synccore.processes.contract_status import change_key
from synccore.processes.deal_writes import (
    AMENDMENT,
    BACK,
    CORRECTION,
    REVERSAL,
    correction_key,
    corrections_key,
    corrections_of,
    refuse,
    said,
    untold_key,
)
from synccore.processes.scheduled_changes import parts_of, rows_of
from synccore.processes.undone_changes import SLACK_S
from synccore.processes.writes import UNKNOWN_S, Write

Parts = tuple[Part, ...]
Made = dict[str, Any]  # {subscription, at: epoch seconds, before, after: rows, rest, metered: prices, back: undone}
Sold = Callable[[Agreement], Awaitable[Parts]]
Plan = dict[str, Any]  # {n, subscription, at: None for now, before, wanted: rows, agreed, bills to credit, read_at}


def made_key(deal: str) -> str:
    """Where it is remembered what a deal has made of its contract, see `Made`."""
    return f"made-of/{deal}"


def rest_of(deal: Deal, items: Mapping[str, Item]) -> str:
    """A fingerprint of all that a deal sells beside what recurs, and of when it holds."""
    lines = tuple(line for line in deal.lines if not items[line.sku].recurring)
    return deal.model_copy(update={"lines": lines}).agreed


def remember(unit: Unit, deal: str, made: Made) -> None:
    """What the deal makes of its contract, for the day on which it is edited or set back."""
    unit.cursors.set(made_key(deal), json.dumps(made))


def date_made(unit: Unit, deal: str, version: int) -> None:
    """The change is in the platform: `version` (milliseconds, so the vendor says) is the moment it holds from."""
    made = made_of(unit, deal)
    if made is not None:
        remember(unit, deal, {**made, "at": version // 1000})


def made_of(unit: Unit, deal: str) -> Made | None:
    """What it made, None when that is not known."""
    text = unit.cursors.get(made_key(deal))
    return json.loads(text) if text else None


class Correction:
    """Brings the contract of one deal to what the deal says now, once; what is begun is finished."""

    def __init__(self, ctx: Context, deal: Deal) -> None:
        self._ctx, self._deal, self._cause = ctx, deal, f"opportunity:{deal.id}"

    async def edited(self, run: Run, sold: Sold, rest: str, agreed_in: str, why: str) -> None:
        """The deal was edited, or is won again. `sold`: its recurring parts now, what an amendment adds.

        `agreed_in`: the cursor of what it was carried out as; `why`: what is said of it when a person must decide.
        Parks then.
        """
        plan = await run.step("correction", lambda: self._plan_edit(sold, rest, why))
        await self._correct(run, plan, agreed_in, why)
        self._still(plan, self._deal.agreed)

    async def taken_back(self, run: Run, agreed_in: str, why: str) -> None:
        """The amendment is won no longer: what it sold once is credited, then its change is undone. Parks as above."""
        plan = await run.step("correction", lambda: self._plan_back(why))
        for number in plan["bills"]:
            await run.step(f"credit-{number}", lambda number=number: credit_due(self._ctx, number, self._cause))  # type: ignore[misc]
            await run.step(f"give-back-{number}", lambda number=number: give_back(self._ctx, number, self._cause))  # type: ignore[misc]
        await self._correct(run, plan, agreed_in, why)
        self._still(plan, BACK)

    async def _correct(self, run: Run, plan: Plan, agreed_in: str, why: str) -> None:
        version = int(await run.step("correct", lambda: self._change(plan, why)))
        await run.step("look-back", lambda: self._look_back(plan, version, agreed_in))

    def _still(self, plan: Plan, wanted: str) -> None:
        """What was begun is done; if sales wants another thing by now, that comes next."""
        if plan["agreed"] != wanted:
            raise Later(1.0, f"deal {self._deal.name} was edited again while it was corrected", counts=False)

    # -- may it be done without a person? ----------------------------------------------------------

    async def _plan_edit(self, sold: Sold, rest: str, why: str) -> Plan:
        known = await self._ctx.db.run(self._known)
        if known["open"] is not None:
            return dict(known["open"])
        made: Made | None = known["made"]
        again = made is not None and bool(made["back"])
        kind = "won_again" if again else "deal_edited"
        agreement, reason = await self._agreement(made), _left_to_person(known, "reopened" if again else "edited")
        if not reason and again and known["bills"]:
            reason = f"what it sold once was credited ({', '.join(known['bills'])})"
        if not reason and not again and made is not None and made["rest"] != rest:
            reason = "more of it was edited than what recurs"
        wanted: Parts = ()
        if not reason and made is not None and agreement is not None:
            parts = await sold(agreement)
            base = agreement.parts if again else parts_of(made["before"])
            whole = amended(base, parts, known["price"]) if self._deal.kind == "amendment" else parts
            wanted = () if isinstance(whole, Unfit) else whole
            reason = whole.reason if isinstance(whole, Unfit) else await self._hindrance(known, agreement, wanted)
        if reason or made is None or agreement is None:
            await refuse(self._ctx, self._deal, Unfit(kind, said(why, reason or "its contract is gone")))
            raise AssertionError("unreachable")
        return await self._begin(known, None if again else made["at"], agreement, wanted, self._deal.agreed)

    async def _plan_back(self, why: str) -> Plan:
        known = await self._ctx.db.run(self._known)
        if known["open"] is not None:
            return dict(known["open"])
        made: Made | None = known["made"]
        agreement, reason = await self._agreement(made), _left_to_person(known, "reopened")
        if not reason and made is not None and made["metered"]:
            reason = f"it has added usage ({', '.join(made['metered'])}) that may have to be billed"
        wanted = parts_of(made["before"]) if made is not None else ()
        if not reason and agreement is not None:
            reason = await self._hindrance(known, agreement, wanted) or await self._touched(known)
        if reason or made is None or agreement is None:
            await refuse(self._ctx, self._deal, Unfit("deal_reopened", said(why, reason or "its contract is gone")))
            raise AssertionError("unreachable")
        return await self._begin(known, made["at"], agreement, wanted, BACK)

    async def _agreement(self, made: Made | None) -> Agreement | None:
        return await self._ctx.platform.agreement(str(made["subscription"])) if made is not None else None

    def _known(self, unit: Unit) -> dict[str, Any]:
        number = unit.links.external("bill-of-deal", self._deal.id, "subscriptions")
        return {
            "policy": self._ctx.policy(unit, "compensation"), "price": self._ctx.policy(unit, "amendment")["price"],
            "made": made_of(unit, self._deal.id), "bills": [number] if number else [],
            **corrections_of(unit, self._deal.id), "at": self._ctx.clock.now(),
        }  # fmt: skip

    async def _hindrance(self, known: dict[str, Any], agreement: Agreement, wanted: Parts) -> str:
        """Why the contract cannot be corrected without a person, '' if it can."""
        made, name = known["made"], agreement.id
        if agreement.status != "active":
            return f"{name} is {agreement.status}"
        if agreement.scheduled is not None or agreement.renewal:
            return f"what holds after the end of {name}'s term is decided already"
        if made["back"]:
            return ""  # it begins anew, now
        if fingerprint(agreement.parts) != fingerprint(parts_of(made["after"])):
            return f"{name} was changed since"
        if made["at"] < agreement.term_began:
            return f"it has held since before the billing term in which {name} is"
        bills = await self._ctx.platform.bills_of_subscription(name)
        common = [bill.id for bill in bills if shared(bill)]
        if common:
            return f"{', '.join(common)} bills other contracts too"
        paid = [bill.id for bill in bills if bill.paid]
        if paid and _worth(wanted) < _worth(agreement.parts) and not gives_back(known["policy"]):
            return f"{', '.join(paid)} is paid in part or whole, and money would have to be given back"
        return ""

    async def _touched(self, known: dict[str, Any]) -> str:
        """Whether money has touched what the deal has sold once."""
        bills = [bill for number in known["bills"] if (bill := await self._ctx.platform.bill(number)) is not None]
        return touched(known["policy"], bills)

    async def _begin(
        self, known: dict[str, Any], at: int | None, agreement: Agreement, wanted: Parts, agreed: str
    ) -> Plan:
        plan = {
            "n": int(known["n"]) + 1, "subscription": agreement.id, "at": at, "before": rows_of(agreement.parts),
            "wanted": rows_of(wanted), "agreed": agreed, "bills": known["bills"] if agreed == BACK else [],
            "read_at": known["at"],
        }  # fmt: skip
        await self._ctx.db.run(lambda unit: self._keep(unit, {"n": plan["n"], "open": plan}))
        return plan

    # -- the change --------------------------------------------------------------------------------

    async def _change(self, plan: Plan, why: str) -> int:
        ctx, deal, subscription = self._ctx, self._deal, str(plan["subscription"])
        wanted = parts_of(plan["wanted"])
        kept = {part.price for part in wanted}
        dated = {} if plan["at"] is None else {"change_option": "specific_date", "changes_scheduled_at": plan["at"]}
        fields = {
            "subscription_items": rows_of(wanted), "cf_sf_change": deal.id, **dated,
            "mandatory_items_to_remove": [row["item_price_id"] for row in plan["before"]
                                          if row["item_price_id"] not in kept],
        }  # fmt: skip
        key = correction_key(ctx, deal.id, plan["n"])

        async def look() -> Found | None:
            known = await ctx.platform.agreement(subscription)
            there = known is not None and fingerprint(known.parts) == fingerprint(wanted)
            return Found(known.version) if known is not None and there else None

        async def send(refusals: int) -> int:
            return await ctx.platform.change_subscription(
                subscription, fields, ctx.keys.idempotency(f"{key}#{refusals}")
            )

        def settled(unit: Unit, version: Any) -> None:
            self._done(unit, plan, int(version))

        try:
            return int(await ctx.once(ctx, Write(key, "subscriptions", "correction", self._cause), send, look, settled))
        except Rejected as refusal:  # certain: nothing has changed, and what the deal says is for a person
            await ctx.db.run(lambda unit: self._keep(unit, {"open": None}))
            kind = "deal_reopened" if plan["agreed"] == BACK else "deal_edited"
            await refuse(ctx, deal, Unfit(kind, said(why, await self._hindered_by_now(plan) or str(refusal))))
            raise

    async def _hindered_by_now(self, plan: Plan) -> str:
        """What has come between our look and the platform's refusal, '' if that is not to be seen."""
        known = await self._ctx.db.run(self._known)
        agreement = await self._agreement(known["made"])
        return "" if agreement is None else await self._hindrance(known, agreement, parts_of(plan["wanted"]))

    def _keep(self, unit: Unit, changed: dict[str, Any]) -> None:
        known = corrections_of(unit, self._deal.id) | changed
        unit.cursors.set(corrections_key(self._deal.id), json.dumps(known))

    async def _look_back(self, plan: Plan, version: int, agreed_in: str) -> None:
        """The platform refuses a change dated back behind another one, but takes one that begins now without condition:
        what the customer changed between our look and that is for a person.
        """
        ctx, subscription = self._ctx, str(plan["subscription"])
        history = [] if plan["at"] is not None else await ctx.platform.changes(
            subscription, int(plan["read_at"] - SLACK_S)
        )  # fmt: skip
        wanted = fingerprint(parts_of(plan["wanted"]))
        ours = [one.number for one in history if one.number <= version and fingerprint(one.parts) == wanted]
        if plan["at"] is None and not ours:
            raise Later(UNKNOWN_S, f"the platform's events do not tell yet of what {self._deal.name} has changed")
        before = [one for one in history if one.number < ours[-1]] if ours else []
        undone = bool(before) and fingerprint(before[-1].parts) != fingerprint(parts_of(plan["before"]))

        def close(unit: Unit) -> None:
            own = [number for number, _ in corrections_of(unit, self._deal.id)["done"]]
            strangers = [one.number for one in before if one.number > own[-2] and one.marker == self._deal.id]
            self._keep(unit, {"open": {**plan, "looked": True} if undone else None, "strangers": strangers})
            unit.cursors.set(agreed_in, plan["agreed"])
            if plan["agreed"] == BACK:
                unit.cursors.set(untold_key(self._deal.id), str(plan["subscription"]))

        undone = undone and plan["agreed"] == self._deal.agreed  # whoever edits the deal after it has decided
        await ctx.db.run(close)
        if undone:
            text = (
                f"the customer changed {subscription} while deal {self._deal.name} was won again, and the platform"
                " holds what the deal made of it alone: change one of them to what both want"
            )
            await refuse(ctx, self._deal, Unfit("change_undone", text))

    def _done(self, unit: Unit, plan: Plan, version: int) -> None:
        deal, back = self._deal, plan["agreed"] == BACK
        made = made_of(unit, deal.id) or {}
        fresh = {"at": version // 1000, "before": plan["before"]} if plan["at"] is None else {}
        remember(unit, deal.id, {**made, **fresh, "after": plan["wanted"], "back": back})
        first = [int(unit.cursors.get(change_key(deal.id)) or 0), AMENDMENT]
        kind = REVERSAL if back else AMENDMENT if plan["at"] is None else CORRECTION
        done = corrections_of(unit, deal.id)["done"] or [first]
        self._keep(unit, {"done": [*done, [version, kind]]})
        unit.cursors.set(change_key(deal.id), str(version))
        if deal.kind == "new":
            unit.links.put(CORRECTED, deal.id, "subscriptions", deal.id)
        at, account, key = self._ctx.clock.now(), deal.account.id, f"{deal.id}/{plan['n']}"
        holds = version // 1000 if plan["at"] is None else int(plan["at"])
        if back:
            data = {"opportunity": deal.id, "subscription": plan["subscription"], "invoices": plan["bills"]}
            unit.events.append(fact("deal-taken-back", "salesforce", key, account, at, data, self._cause, deal.id))
            return
        data = {
            "opportunity": deal.id, "subscription": plan["subscription"], "holds_from": holds,
            "before": _worth(parts_of(plan["before"])), "after": _worth(parts_of(plan["wanted"])),
            "currency": deal.currency,
        }  # fmt: skip
        unit.events.append(fact("deal-corrected", "salesforce", key, account, at, data, self._cause, deal.id))


def what_was_made(
    subscription: str, before: Parts, after: Parts, rest: str, at: int = 0, metered: Iterable[str] = ()
) -> Made:  # fmt: skip
    """See `Made`; what is not dated yet is by `date_made`."""
    return {"subscription": subscription, "at": at, "before": rows_of(before), "after": rows_of(after), "rest": rest,
            "metered": list(metered), "back": False}  # fmt: skip


def _left_to_person(known: dict[str, Any], word: str) -> str:
    if known["policy"][word] != "auto":
        return "the policy `compensation` leaves it to a person"
    return "" if known["made"] is not None else "what it has made of its contract is not known"


def _worth(parts: Parts) -> int:
    return sum(part.quantity * (part.unit_price or 0) for part in parts)
